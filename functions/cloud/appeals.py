"""An appeal: what a creator says against a decision, once, and the story's way into the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud import intents, stories
from cloud.events import tell
from cloud.intents import Intent
from story import feed, review
from story.announcements import STORY_APPEALED

if TYPE_CHECKING:
    from datetime import datetime


class NotAppealable(Exception):
    """Nothing was decided against the story, its time is over, or it was appealed before."""


def appeal(story_id: str, text: str, now: datetime) -> None:
    """Let a reviewer look again. Raises NotAppealable.

    What the decision was made on is kept until there is another, as for any story under review.
    """
    record = stories.get(story_id)
    until = review.appealable(record, now)
    if until is None:
        raise NotAppealable
    intents.note(story_id, Intent.APPEAL)
    attempt, moment = int(record["attempt"]), feed.iso(now)
    appealed = stories.amend(
        story_id,
        "#status = :was AND attempt = :appeal_attempt AND evidence_until = :until"
        " AND attribute_exists(settled_at)"
        " AND (attribute_not_exists(appeal_attempt) OR appeal_attempt < :appeal_attempt)",
        given={"was": record["status"], "until": until},
        appeal_attempt=attempt,
        appeal_at=moment,
        appeal_text=text,
        appeal_outcome="pending",
        review_queue=review.queue_of(review.Severity.NORMAL),
        review_since=moment,
        evidence_until=feed.iso(now + review.REVIEW_WINDOW),
    )
    if not appealed:
        raise NotAppealable
    tell(story_id, STORY_APPEALED)
