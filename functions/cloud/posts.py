"""The records of posted stories: posting, expiring, and finding them in the feed's index.

STORY#{id}  META    while it is posted it carries feed_shard and posted_at, the index's keys
PAGE#{id}   POSTED  that there was something to see at /s/{id}: outlives the story's records
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cloud import stories
from cloud.clients import answers, client
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings
from story import feed, limits
from story.errors import DependencyThrottled
from story.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from story.contracts import ShownClip, Visibility

#: Entries of one shard and millisecond that a page may begin or end between.
_TIES = 10
#: How often the table is asked for records that it did not give at once.
_BATCH_TRIES = 3


class Entry(NamedTuple):
    """One story in the feed's index; entries are ordered by time, then id."""

    posted_at: str
    story_id: str


def post(
    story_id: str,
    *,
    creator: str,
    attempt: int,
    now: datetime,
    visibility: Visibility,
    clip: ShownClip,
    caption: str | None,
    age_restriction: int | None,
    credited: bool = False,
) -> bool:
    """READY -> POSTED, if it is this creator's and still this attempt; False if it is not.

    `clip` is what viewers are told of the video, kept with the record they are shown,
    `age_restriction` from which age on they may see it, in years, None for everybody, and
    `credited` whether who checks a copy is shown whose story it is.
    """
    given = {"caption": caption, "age_restriction": age_restriction}
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return stories.change(
        story_id,
        Status.READY,
        Status.POSTED,
        who="post_story",
        condition="creator = :creator AND attempt = :attempt",
        given={"creator": creator, "attempt": attempt},
        visibility=visibility,
        posted_at=feed.iso(now),
        expires_at=feed.iso(now + feed.LASTS),
        feed_shard=feed.partition(story_id, now, visibility),
        updated_at=feed.iso(now),
        clip=clip.model_dump_json(),
        credited=credited,
        **fields,
    )


def remember_page(story_id: str, expires: datetime) -> None:
    """Note that a page was public, for whoever opens its link once the story is gone."""
    with answers("DynamoDB"):
        client("dynamodb").put_item(
            TableName=load(TableSettings).stories_table,
            Item=to_item(
                {**_page(story_id), "ttl": int(expires.timestamp()) + limits.GONE_PAGE_SECONDS}
            ),
        )


def had_page(story_id: str) -> bool:
    """Whether there ever was something to see at a story's page, as long as that is known."""
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=load(TableSettings).stories_table, Key=to_item(_page(story_id))
        )
    return "Item" in answer


def _page(story_id: str) -> dict[str, str]:
    return {"pk": f"PAGE#{story_id}", "sk": "POSTED"}


def expire(story_id: str, now: datetime) -> bool:
    """POSTED -> EXPIRED, out of the index, once its time is over; False if it is not."""
    moment = feed.iso(now)
    return stories.change(
        story_id,
        Status.POSTED,
        Status.EXPIRED,
        who="settle_story.expiring",
        condition="expires_at <= :now",
        given={"now": moment},
        removed=("feed_shard",),
        updated_at=moment,
    )


def page(now: datetime, *, before: Entry | None, limit: int) -> tuple[list[Entry], bool]:
    """A page of what everyone may see now, newest first, and whether there is more.

    All shards of a day are merged, so that no shard is ahead of another; older days are only asked
    when a day did not fill the page. That is at most two days, four queries. A page begins where
    another ended, whatever was posted since.
    """
    after = feed.iso(now - feed.LASTS)
    until = feed.iso(now) if before is None else min(before.posted_at, feed.iso(now))
    if until <= after:
        return [], False
    found: list[Entry] = []
    for day in feed.days(datetime.fromisoformat(until), now - feed.LASTS):
        for partition in feed.listed(day):
            answer = _query(partition, after=after, until=until, Limit=limit + 1 + _TIES)
            entries = map(_entry, answer["Items"])
            found += [each for each in entries if before is None or each < before]
        if len(found) > limit:
            break
    found.sort(reverse=True)
    return found[:limit], len(found) > limit


def posted_until(partition: str, until: str) -> Iterator[str]:
    """The ids of every story of a partition that was posted until then."""
    start: dict[str, Any] = {}
    while True:
        answer = _query(partition, after="", until=until, **start)
        yield from (_entry(item).story_id for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _query(partition: str, *, after: str, until: str, **paging: Any) -> dict[str, Any]:
    with answers("DynamoDB"):
        answer: dict[str, Any] = client("dynamodb").query(
            TableName=load(TableSettings).stories_table,
            IndexName="feed",
            KeyConditionExpression="feed_shard = :shard AND posted_at BETWEEN :after AND :until",
            ExpressionAttributeValues=to_item(
                # BETWEEN takes both ends; what is a space longer comes just behind the lower one.
                {":shard": partition, ":after": f"{after} ", ":until": until}
            ),
            ScanIndexForward=False,
            **paging,
        )
    return answer


def _entry(item: dict[str, Any]) -> Entry:
    return Entry(item["posted_at"]["S"], item["pk"]["S"].removeprefix("STORY#"))


def read(story_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The META records of up to a hundred stories, read consistently; those that are gone lack.

    Raises DependencyThrottled if the table does not give all of them.
    """
    table = load(TableSettings).stories_table
    keys = [to_item({"pk": f"STORY#{story_id}", "sk": "META"}) for story_id in story_ids]
    wanted = {table: {"Keys": keys, "ConsistentRead": True}} if keys else {}
    found: dict[str, dict[str, Any]] = {}
    for _ in range(_BATCH_TRIES):
        if not wanted:
            return found
        with answers("DynamoDB"):
            answer = client("dynamodb").batch_get_item(RequestItems=wanted)
        for item in map(from_item, answer["Responses"].get(table, [])):
            found[str(item["story_id"])] = item
        wanted = answer.get("UnprocessedKeys", {})
    if wanted:
        raise DependencyThrottled("DynamoDB gave only a part of the stories")
    return found
