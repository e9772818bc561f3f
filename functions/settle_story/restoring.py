"""A reported story's media: out of reach while it is hidden, and back if it is restored.

While a story is hidden, its video is among the evidence, so that links which were given out before
lead nowhere. The hours in which it was hidden do not count: it is seen for as long as was left.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import stories
from settle_story import clearing
from story import feed
from story.states import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = Logger(service="settle_story")

HIDDEN = frozenset({Status.UNDER_REVIEW, Status.REMOVED})
#: What a review leaves in the record of a story that is seen again.
_OVER = ("restoring", "held_at", "evidence", "evidence_until", "reasons")


def is_withdrawn(story: Mapping[str, Any]) -> bool:
    """Whether a story was posted and is hidden now, and stays so."""
    return "posted_at" in story and story["status"] in HIDDEN and "restoring" not in story


def withdraw(story_id: str) -> None:
    """Move the media to the evidence; who restored the story meanwhile gets them back."""
    clearing.keep_published(story_id)
    clearing.clear_published(story_id)
    now = stories.find(story_id)
    if now is not None and now["status"] == Status.POSTED:
        clearing.bring_back(story_id)


def restore(story_id: str, story: Mapping[str, Any]) -> bool:
    """UNDER_REVIEW -> POSTED with its media, for the time that it had left; False if it is not so.

    The copies among the evidence are cleared by the sweep: until then they can be brought back.
    """
    clearing.bring_back(story_id)
    left = datetime.fromisoformat(story["expires_at"]) - datetime.fromisoformat(story["held_at"])
    expires = datetime.now(UTC) + left
    # As if it had been posted that much later: the feed's days and the sweep go by this.
    posted = expires - feed.LASTS
    restored = stories.change(
        story_id,
        Status.UNDER_REVIEW,
        Status.POSTED,
        who="settle_story.restoring",
        condition="attribute_exists(restoring)",
        removed=_OVER,
        posted_at=feed.iso(posted),
        expires_at=feed.iso(expires),
        feed_shard=feed.partition(story_id, posted, story["visibility"]),
        restored_at=_decided_at(story),
        updated_at=feed.iso(datetime.now(UTC)),
    )
    logger.info("restored", done=restored)
    return restored


def _decided_at(story: Mapping[str, Any]) -> str:
    """Reports that came before the decision were looked at; later ones count anew."""
    decision: dict[str, Any] = story["decisions"][-1]
    return str(decision["at"])
