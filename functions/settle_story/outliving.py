"""What is kept of a clip outlives its story: for two years after that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud import records
from story.contracts import Watermark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any


def outlive(story: Mapping[str, Any], over: datetime) -> None:
    """Let the record of a story's clip end; a story made before clips had marks has none."""
    if "watermark" in story:
        mark = Watermark.model_validate_json(story["watermark"])
        records.outlive(mark.id, story["story_id"], over)
