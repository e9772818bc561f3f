"""Who waits for the engine before whom: from the sparse index `queue` of the timelines' lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cloud.clients import answers, client
from cloud.environment import load
from cloud.stories import to_item
from cloud.timeline import QUEUE, TableSettings
from story import limits

#: SageMaker drops a request that has waited longer, perhaps without a word.
_WAITS_AT_MOST = timedelta(seconds=limits.REQUEST_TTL_SECONDS)
_BEFORE = timedelta(milliseconds=1)


def before(waits_since: str, now: datetime) -> int:
    """How many requests of all users wait for the engine since before this moment."""
    oldest, mine = now - _WAITS_AT_MOST, datetime.fromisoformat(waits_since) - _BEFORE
    if mine < oldest:
        return 0
    with answers("DynamoDB"):
        pages = (
            client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=load(TableSettings).stories_table,
                IndexName="queue",
                KeyConditionExpression="queued_for = :queue "
                "AND waits_since BETWEEN :oldest AND :mine",
                ExpressionAttributeValues=to_item(
                    {":queue": QUEUE, ":oldest": _iso(oldest), ":mine": _iso(mine)}
                ),
                Select="COUNT",
            )
        )
        return sum(page["Count"] for page in pages)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
