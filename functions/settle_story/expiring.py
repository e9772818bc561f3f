"""Posted stories whose 24 hours are over: their media are removed, their records say EXPIRED.

Nobody has been able to read them since that second; this only clears up. The record stays its
creator's, with its words and its receipt, until they delete it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from cloud import events, posts, stories, telemetry
from settle_story import clearing, outliving
from story import feed
from story.announcements import STORY_ENDED
from story.states import Status, effective

logger = Logger(service="settle_story")

#: How far back the sweep looks: it may not have run for so long.
LOOK_BACK = timedelta(days=7)


def expire(now: datetime) -> set[str]:
    """Clear what is over; returns the stories."""
    over = now - feed.LASTS
    return {
        story_id
        for day in feed.days(over, over - LOOK_BACK)
        for partition in feed.all_of(day)
        for story_id in list(posts.posted_until(partition, feed.iso(over)))
        if _expire_one(story_id, now)
    }


def _expire_one(story_id: str, now: datetime) -> bool:
    """The media first: whatever is interrupted is still in the index, and done again."""
    with telemetry.about(story_id=story_id):
        story = stories.find(
            story_id, "story_id", "status", "expires_at", "deleted_at", "watermark"
        )
        if story is None or "deleted_at" in story or story["status"] != Status.POSTED:
            return False
        if effective(story, now) is not Status.EXPIRED:
            return False
        outliving.outlive(story, datetime.fromisoformat(story["expires_at"]))
        clearing.clear_published(story_id)
        events.tell(story_id, STORY_ENDED[Status.EXPIRED])
        posts.expire(story_id, now)
        logger.info("expired")
        return True
