"""Reports of posted stories, and hiding a story once they weigh enough.

REPORT#{story}   {reporter}    one report of one reporter, for good

The report is written first and all of them are read afterwards, so that of two that come at the
same time the later one sees both.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloud import intents, stories
from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.events import tell
from cloud.intents import Intent
from cloud.stories import to_item
from cloud.timeline import TableSettings
from story import feed, review
from story.announcements import STORY_REPORTED
from story.states import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_THERE_ALREADY = "ConditionalCheckFailedException"
_REASON = {
    "code": "reported",
    "message": "It was reported: nobody else sees it until a reviewer has decided.",
}
#: Longer than a reviewer has to look.
_REMEMBERED = review.REVIEW_WINDOW + timedelta(days=7)


def report(
    story_id: str,
    reporter: str,
    *,
    reason: review.ReportReason,
    text: str | None,
    anonymous: bool,
    threshold: int,
    now: datetime,
) -> None:
    """Keep a report, and hide the story if that is enough; the same reporter counts once."""
    intents.note(story_id, Intent.REPORT)
    _keep(
        story_id,
        reporter,
        {"reason": reason.value, "text": text, "anonymous": anonymous},
        now=now,
    )
    record = stories.find(story_id)
    if record is not None:
        _weigh(story_id, record, threshold=threshold, now=now)
    tell(story_id, STORY_REPORTED)


def of_story(story_id: str) -> list[dict[str, Any]]:
    """All reports of a story, oldest first."""
    return sorted(stories.partition("REPORT", story_id), key=lambda each: each["reported_at"])


def _keep(story_id: str, reporter: str, said: Mapping[str, Any], *, now: datetime) -> None:
    try:
        with answers("DynamoDB"):
            client("dynamodb").put_item(
                TableName=load(TableSettings).stories_table,
                Item=to_item(
                    {
                        "pk": f"REPORT#{story_id}",
                        "sk": reporter,
                        "reported_at": feed.iso(now),
                        "ttl": int((now + _REMEMBERED).timestamp()),
                        **said,
                    }
                ),
                ConditionExpression="attribute_not_exists(pk)",
            )
    except ClientError as error:
        if error_code(error) != _THERE_ALREADY:
            raise


def _weigh(story_id: str, record: Mapping[str, Any], *, threshold: int, now: datetime) -> None:
    known, since = of_story(story_id), record.get("restored_at")
    fresh = [each for each in known if since is None or each["reported_at"] > since]
    if review.weigh(fresh, since=None, threshold=threshold) < threshold:
        return
    queue, moment = review.queue_of(review.gravest(fresh)), feed.iso(now)
    if not stories.change(
        story_id,
        Status.POSTED,
        Status.UNDER_REVIEW,
        who="api.reportStory",
        condition="expires_at > :now",
        given={"now": moment},
        removed=("feed_shard",),
        review_queue=queue,
        review_since=moment,
        held_at=moment,
        updated_at=moment,
        evidence_until=feed.iso(now + review.REVIEW_WINDOW),
        reasons=[_REASON],
    ):
        # Hidden already: it may have become more urgent.
        stories.amend(story_id, "review_queue > :review_queue", review_queue=queue)
