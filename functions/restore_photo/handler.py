"""RestorePhoto: the clean photo that was kept for a retry becomes this attempt's own.

The upload is gone by then; what was kept was inspected once, and is pinned anew by its digest. The
operators' lists are asked again, by the upload's digest and by how the photo looks: it may have
come onto one since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import blocking, media, stories, timeline
from cloud.environment import Environment, load
from story import policy
from story.contracts import RestorePhotoInput, RestorePhotoOutput
from story.identifiers import kept_photo_key, work_key
from story.limits import MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="restore_photo")


class Settings(Environment):
    """Where the photo was kept, and where the workflow works on it."""

    evidence_bucket: str
    work_bucket: str


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Copy the kept photo to the attempt's intermediates, unless it is on a list by now."""
    request = RestorePhotoInput.model_validate(event)
    settings = load(Settings)
    with timeline.record("RestorePhoto", request):
        kept = media.read_kept(
            settings.evidence_bucket, kept_photo_key(request.story_id), limit=MAX_UPLOAD_BYTES
        )
        record = stories.get(request.story_id, "upload_sha256", "overrides")
        suspect = blocking.Suspect(request, kept, policy.overridden(record))
        if "upload_sha256" in record:
            blocking.require_unlisted_file(suspect, str(record["upload_sha256"]))
        blocking.require_unlisted_picture(suspect, kept)
        photo = media.write(
            settings.work_bucket,
            work_key(request.story_id, request.attempt, "photo.jpg"),
            kept,
            "image/jpeg",
        )
        logger.info("restored", bytes=photo.size)
        return RestorePhotoOutput(photo=photo).model_dump(mode="json")
