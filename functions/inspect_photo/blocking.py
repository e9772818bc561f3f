"""Stopping a photo that is on an operator's list: before it is decoded, or before it is looked at.

The story is rejected and its verdict says why. A photo that is illegal is moved where no function
reads, the story is held, and the operator is told: docs/runbook.md#illegal-photo says what then.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from PIL import Image

from cloud import blocklist, media, stories, telemetry, timeline, verdicts
from cloud.environment import Environment, load
from fingerprints import pdq
from story import policy
from story.errors import PhotoBlocked, StoryMissing

if TYPE_CHECKING:
    from story.contracts import InspectPhotoInput

logger = Logger(service="inspect_photo")


class HeldSettings(Environment):
    """Where illegal photos are kept for those who have to see them."""

    held_bucket: str


def require_unlisted_file(request: InspectPhotoInput, upload: bytes, digest: str) -> None:
    """Raises PhotoBlocked if exactly this file is on a list; nothing is decoded for it."""
    listed = blocklist.find_sha256(digest)
    if listed is not None:
        _stop(request, upload, listed, "sha-256")


def require_unlisted_picture(request: InspectPhotoInput, upload: bytes, clean: bytes) -> None:
    """Raises PhotoBlocked if the photo is a copy of one that is on a list.

    A picture with less than the policy's quality could be a copy of anything, and is none.
    """
    limits = policy.gate("photo").numbers["blocked"]
    with Image.open(io.BytesIO(clean), formats=["JPEG"]) as photo:
        found = pdq.of_photo(photo)
    if found.quality < limits["quality"]:
        return
    match = blocklist.find_pdq(found.hex, int(limits["distance_bits"]))
    if match is not None:
        _stop(request, upload, match.listed, f"pdq, {match.bits} of {pdq.BITS} bits")


def _stop(request: InspectPhotoInput, upload: bytes, listed: blocklist.List, how: str) -> None:
    if listed == "illegal":
        # The hold comes first: from then on nothing of the story is erased, whoever asks.
        if not stories.annotate(request.story_id, legal_hold=True, held_at=timeline.now()):
            raise StoryMissing(f"There is no record of story {request.story_id}: it was deleted")
        bucket = load(HeldSettings).held_bucket
        media.write(bucket, f"{request.story_id}/upload", upload, "application/octet-stream")
    telemetry.emit("BlockedPhotos", 1, listed=listed)
    logger.warning("photo_blocked", listed=listed, how=how)
    verdict = policy.judge_blocked(listed, how)
    verdicts.keep(request.story_id, request.attempt, "photo", verdict)
    raise PhotoBlocked(f"The photo is on the list of {listed} ones ({how})")
