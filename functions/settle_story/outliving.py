"""What is kept of a clip, by its mark: for two years after its story is over, or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cloud import marks, records, stories
from story.contracts import Watermark
from story.states import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def settle(story: Mapping[str, Any]) -> None:
    """Forget the clip of an attempt that did not become READY: nobody has it."""
    if "ready_at" not in story:
        forget(story["story_id"], f"{int(story['attempt']):04d}#")
    elif story["status"] == Status.REMOVED:
        outlive(story, datetime.fromisoformat(story["updated_at"]))


def outlive(story: Mapping[str, Any], over: datetime) -> None:
    """Let the record of a story's clip end; a story made before clips had marks has none."""
    if "watermark" in story:
        mark = Watermark.model_validate_json(story["watermark"])
        records.outlive(mark.id, story["story_id"], over)


def forget(story_id: str, lines: str = "") -> None:
    """Whoever reads the mark of such a clip finds nothing by it; `lines` begin so."""
    for line in stories.partition("TIMELINE", story_id):
        if marks.NOTED in line and str(line["sk"]).startswith(lines):
            marks.forget(line[marks.NOTED], story_id)
