"""Stories that nobody has decided about in time: they leave the queue, and nothing is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from cloud import events, review_queue, stories, telemetry
from settle_story import clearing
from story import feed, review
from story.announcements import STORY_ENDED
from story.states import Status

if TYPE_CHECKING:
    from datetime import datetime

logger = Logger(service="settle_story")

_REASON = {"code": "review_lapsed", "message": "Nobody has decided about the story in 30 days."}
_QUEUED = ("review_queue", "review_since", "claim_by", "claim_until")


def lapse(now: datetime) -> set[str]:
    """End what has waited for longer than its evidence is kept; returns the stories."""
    before = feed.iso(now - review.REVIEW_WINDOW)
    return {
        each for each in list(review_queue.waiting_since(before)) if _lapse_one(each, before, now)
    }


def _lapse_one(story_id: str, before: str, now: datetime) -> bool:
    """An appeal that nobody has heard leaves the story as it was."""
    with telemetry.about(story_id=story_id):
        lapsed = stories.change(
            story_id,
            Status.UNDER_REVIEW,
            Status.EXPIRED,
            who="settle_story.lapsing",
            condition="review_since <= :before AND attribute_not_exists(legal_hold)",
            given={"before": before},
            removed=_QUEUED,
            updated_at=feed.iso(now),
            reasons=[_REASON],
        ) or stories.amend(
            story_id,
            "review_since <= :before AND appeal_outcome = :pending",
            given={"before": before, "pending": "pending"},
            removed=_QUEUED,
            appeal_outcome="lapsed",
            evidence_until=feed.iso(now),
        )
        if lapsed:
            logger.warning("review_lapsed")
            if stories.get(story_id, "status")["status"] == Status.EXPIRED:
                events.tell(story_id, STORY_ENDED[Status.EXPIRED])
            clearing.clear_evidence(story_id)
        return lapsed
