"""InspectPhoto: refuses what is no photo; rewrites the rest as a clean JPEG."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import blocking, media, stories, timeline
from cloud.environment import Environment, load
from inspect_photo import header, sandbox
from story.contracts import InspectPhotoInput, InspectPhotoOutput, SourcePhoto
from story.errors import StoryMissing
from story.identifiers import work_key
from story.limits import MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="inspect_photo")


class Settings(Environment):
    """Where the clean photo goes."""

    work_bucket: str


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Read the upload, examine its header, rewrite it, and write the clean photo."""
    request = InspectPhotoInput.model_validate(event)
    settings = load(Settings)
    with timeline.record("InspectPhoto", request):
        upload = media.read_upload(request.upload, limit=MAX_UPLOAD_BYTES)
        digest = hashlib.sha256(upload).hexdigest()
        suspect = blocking.Suspect(request, upload)
        blocking.require_unlisted_file(suspect, digest)
        claimed = header.read(upload)
        header.require_size(claimed.width, claimed.height)
        clean = sandbox.rewrite(upload, claimed.format)
        facts = clean.facts
        # Before it is where a model could see it.
        blocking.require_unlisted_picture(suspect, clean.jpeg)
        # A retry has the clean photo alone, and asks the lists about this file again.
        if not stories.annotate(request.story_id, upload_sha256=digest):
            raise StoryMissing(f"Story {request.story_id} was deleted while its photo was read")
        photo = media.write(
            settings.work_bucket,
            work_key(request.story_id, request.attempt, "photo.jpg"),
            clean.jpeg,
            "image/jpeg",
        )
        logger.info(
            "photo rewritten",
            story_id=request.story_id,
            format=claimed.format,
            source_bytes=len(upload),
            source_px=[facts.source_width, facts.source_height],
            clean_px=[facts.width, facts.height],
            notes=facts.notes,
        )
        return InspectPhotoOutput(
            photo=photo,
            width=facts.width,
            height=facts.height,
            source=SourcePhoto(
                format=claimed.format,
                width=facts.source_width,
                height=facts.source_height,
                sha256=digest,
            ),
        ).model_dump(mode="json")
