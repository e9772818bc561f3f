"""FindMark: the hidden mark, and the look, of a file that a stranger sent."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import checks, marks, telemetry, watermark_keys
from find_mark import looking
from story.checks import CheckInput, MarkReading, quoted

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from find_mark.seen import Looked

logger = Logger(service="find_mark")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Fetch the file, look at it in a confined child and for the mark of each live key."""
    request = CheckInput.model_validate(event)
    with telemetry.about(check_id=request.check_id), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        checks.fetch(request.file, path)
        told = _told(looking.look_at(path, watermark_keys.to_look_for()))
        logger.info("mark_looked_for", read=told.read, z=told.z, size=request.file.size)
        return told.model_dump(mode="json")


def _told(looked: Looked) -> MarkReading:
    mark = looked.mark
    if mark is None:
        return MarkReading(read=False, detail=quoted(looked.why_unread))
    return MarkReading(
        read=True,
        mark_id=marks.written(mark.mark_id),
        key_version=mark.key_version,
        z=mark.z,
        is_mark=mark.is_mark,
        soft=mark.soft,
        fingerprints=looked.fingerprints,
        mirrored=looked.mirrored,
        detail=quoted(looked.why_no_fingerprints),
    )
