"""What a creator has begun to change, noted down before it is changed.

A change is one conditional write of a story's record, and then something outside of the table: an
execution to answer, to stop or to start, an event to send. A function may end in between, and one
that StopExecution does not reach may still write. The note is made first, in a partition of its
own, so that the sweep finds every change and finishes it, once nobody works on it any more.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from cloud import timeline
from cloud.clients import answers, client
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTITION = "CHANGE"
#: The API ends within 30 s and every function of the workflow within 120 s: after this, a change
#: is made or never will be, and what it has stopped writes nothing any more.
OVER_AFTER_SECONDS = 180.0


class Intent(StrEnum):
    """What is to be done to a story."""

    PROMPT = "prompt"
    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"


class Note(NamedTuple):
    """One change that somebody began."""

    story_id: str
    intent: Intent
    noted_at: str

    @property
    def is_over(self) -> bool:
        """Whether whoever made the note, and whatever it has stopped, has ended."""
        return timeline.seconds_since(self.noted_at) >= OVER_AFTER_SECONDS


def _key(story_id: str, intent: Intent) -> dict[str, str]:
    return {"pk": PARTITION, "sk": f"{story_id}#{intent}"}


def note(story_id: str, intent: Intent) -> None:
    """Remember that this is about to be done."""
    with answers("DynamoDB"):
        client("dynamodb").put_item(
            TableName=load(TableSettings).stories_table,
            Item=to_item({**_key(story_id, intent), "noted_at": timeline.now()}),
        )


def drop(story_id: str, intent: Intent) -> None:
    """It is done."""
    with answers("DynamoDB"):
        client("dynamodb").delete_item(
            TableName=load(TableSettings).stories_table, Key=to_item(_key(story_id, intent))
        )


def noted() -> Iterator[Note]:
    """Every change that is not known to be done."""
    with answers("DynamoDB"):
        pages = (
            client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=load(TableSettings).stories_table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=to_item({":pk": PARTITION}),
                ConsistentRead=True,
            )
        )
        for page in pages:
            for item in map(from_item, page["Items"]):
                story_id, _, intent = str(item["sk"]).partition("#")
                yield Note(story_id, Intent(intent), str(item["noted_at"]))
