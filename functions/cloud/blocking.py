"""Stopping a photo that is on an operator's list: before it is decoded, or before it is looked at.

The story is rejected and its verdict says why. A photo that is illegal is moved where no function
reads, the story is held, and the operator is told: docs/runbook.md#illegal-photo says what then.

The lists are asked at every attempt: a photo may have come onto one since the last.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from aws_lambda_powertools import Logger
from PIL import Image

from cloud import blocklist, media, stories, telemetry, timeline, verdicts
from cloud.environment import Environment, load
from fingerprints import pdq
from story import policy
from story.errors import PhotoBlocked, StoryMissing

if TYPE_CHECKING:
    from story.contracts import StateInput

logger = Logger(service="blocking")


class HeldSettings(Environment):
    """Where illegal photos are kept for those who have to see them."""

    held_bucket: str


class Suspect(NamedTuple):
    """A photo of one attempt, and what is held of it if it is illegal."""

    request: StateInput
    evidence: bytes
    #: Categories that a reviewer's decision has set aside; none lets an illegal photo pass.
    overridden: frozenset[str] = frozenset()


def require_unlisted_file(suspect: Suspect, digest: str) -> None:
    """Raises PhotoBlocked if exactly the file of this SHA-256 is on a list; nothing is decoded."""
    listed = blocklist.find_sha256(digest)
    if listed is not None:
        _stop(suspect, listed, "sha-256")


def require_unlisted_picture(suspect: Suspect, clean: bytes) -> None:
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
        _stop(suspect, match.listed, f"pdq, {match.bits} of {pdq.BITS} bits")


def _stop(suspect: Suspect, listed: blocklist.List, how: str) -> None:
    verdict = policy.judge_blocked(listed, how, overridden=suspect.overridden)
    if verdict.verdict == "allow":
        logger.info("ban_set_aside", how=how)
        return
    story_id, attempt = suspect.request.story_id, suspect.request.attempt
    if listed == "illegal":
        # The hold comes first: from then on nothing of the story is erased, whoever asks. What is
        # elsewhere of the photo goes once it is held apart.
        _there(story_id, stories.annotate(story_id, legal_hold=True, held_at=timeline.now()))
        bucket = load(HeldSettings).held_bucket
        media.write(bucket, f"{story_id}/upload", suspect.evidence, "application/octet-stream")
        _there(story_id, stories.annotate(story_id, held_apart=True))
    telemetry.emit("BlockedPhotos", 1, listed=listed)
    logger.warning("photo_blocked", listed=listed, how=how)
    verdicts.keep(story_id, attempt, "photo", verdict)
    raise PhotoBlocked(f"The photo is on the list of {listed} ones ({how})")


def _there(story_id: str, annotated: bool) -> None:
    if not annotated:
        raise StoryMissing(f"There is no record of story {story_id}: it was deleted")
