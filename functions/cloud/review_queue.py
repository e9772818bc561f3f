"""The order in which stories wait for a reviewer: the sparse index `review` of their records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloud import posts
from cloud.clients import answers, client
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings
from story import review

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 50


class Place(NamedTuple):
    """Where a story stands in the queue: the more urgent first, then the one that waits longer."""

    queue: str
    since: str
    story_id: str


def page(after: Place | None, limit: int) -> tuple[list[dict[str, Any]], Place | None]:
    """Records of stories that wait, in the order of the queue, and where the next page begins.

    The index is a moment behind: what it names and does not wait any more is left out.
    """
    found: list[Place] = []
    for place in _places(after):
        found.append(place)
        if len(found) > limit:
            break
    shown = found[:limit]
    records = posts.read([each.story_id for each in shown])
    waiting = [
        records[each.story_id]
        for each in shown
        if each.story_id in records and review.kind(records[each.story_id])
    ]
    return waiting, shown[-1] if len(found) > limit else None


def waiting_since(before: str) -> Iterator[str]:
    """The stories that have waited since before then."""
    for severity in review.Severity:
        for place in _queue(review.queue_of(severity), "0", until=before):
            yield place.story_id


def _places(after: Place | None) -> Iterator[Place]:
    for severity in review.Severity:
        queue = review.queue_of(severity)
        if after is not None and queue < after.queue:
            continue
        begin = after.since if after is not None and queue == after.queue else "0"
        for place in _queue(queue, begin):
            if after is None or place > after:
                yield place


def _queue(queue: str, begin: str, *, until: str = "9") -> Iterator[Place]:
    start: dict[str, Any] = {}
    while True:
        with answers("DynamoDB"):
            answer = client("dynamodb").query(
                TableName=load(TableSettings).stories_table,
                IndexName="review",
                KeyConditionExpression="review_queue = :queue "
                "AND review_since BETWEEN :begin AND :until",
                ExpressionAttributeValues=to_item(
                    {":queue": queue, ":begin": begin, ":until": until}
                ),
                Limit=_BATCH,
                **start,
            )
        # Of the same moment, by their ids, as places are compared.
        yield from sorted(
            Place(queue, str(item["review_since"]), str(item["pk"]).removeprefix("STORY#"))
            for item in map(from_item, answer["Items"])
        )
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
