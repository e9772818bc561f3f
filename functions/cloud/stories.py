"""The records of stories: items, keys and conditional writes, in one place.

One table; a partition for each kind of writer, so that a function's policy can name what it may
touch (dynamodb:LeadingKeys):

    STORY#{id}       META                          api, the state machine, settle_story
    VERDICT#{id}     {attempt}#{gate}              moderate
    GENERATION#{id}  {attempt}-{take}              generate_video, resume_story
    TIMELINE#{id}    {attempt}#{state}             every state, its own line
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloud import items
from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.timeline import TableSettings
from story.errors import StoryMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONDITION_FAILED = "ConditionalCheckFailedException"


def to_item(record: dict[str, Any]) -> dict[str, Any]:
    """A plain record as DynamoDB's typed attributes; None is left out, a float has its digits."""
    return {name: items.dump(value) for name, value in record.items() if value is not None}


def from_item(item: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's typed attributes as a plain record; numbers come as Decimal."""
    return {name: items.load(value) for name, value in item.items()}


def _table() -> str:
    return load(TableSettings).stories_table


def _meta(story_id: str) -> dict[str, Any]:
    return to_item({"pk": f"STORY#{story_id}", "sk": "META"})


def create(record: dict[str, Any]) -> None:
    """Write a new story's META record; its id must be unused."""
    story_id = record["story_id"]
    with answers("DynamoDB"):
        client("dynamodb").put_item(
            TableName=_table(),
            Item={**to_item(record), **_meta(story_id)},
            ConditionExpression="attribute_not_exists(pk)",
        )


def find(story_id: str, *fields: str) -> dict[str, Any] | None:
    """A story's META record, or only the named fields of it, read consistently; None if gone."""
    names = {f"#f{index}": field for index, field in enumerate(fields)}
    projection: dict[str, Any] = (
        {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        if names
        else {}
    )
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=_table(), Key=_meta(story_id), ConsistentRead=True, **projection
        )
    return from_item(answer["Item"]) if "Item" in answer else None


def get(story_id: str, *fields: str) -> dict[str, Any]:
    """As `find`, for states whose story must be there. Raises StoryMissing."""
    record = find(story_id, *fields)
    if record is None:
        raise StoryMissing(f"There is no record of story {story_id}: it was deleted")
    return record


def move(story_id: str, origin: str, target: str, *, execution_arn: str, **fields: Any) -> bool:
    """Move a story from origin to target if it is there and belongs to this execution.

    Returns False, and changes nothing, if another writer was first.
    """
    values = {"target": target, "origin": origin, "execution": execution_arn, **fields}
    sets = ", ".join(["#status = :target", *(f"{name} = :{name}" for name in fields)])
    return _conditional(
        story_id,
        f"SET {sets}",
        "#status = :origin AND execution_arn = :execution",
        values,
    )


def annotate(story_id: str, **fields: Any) -> bool:
    """Set fields of an existing story that are not its status; False if it is gone."""
    sets = ", ".join(f"{name} = :{name}" for name in fields)
    return _conditional(story_id, f"SET {sets}", "attribute_exists(#status)", fields)


def prolong(story_id: str, *, now: str, expires_at: str, ttl: int) -> bool:
    """Let a story wait longer for its photo; False if it does not wait (any more)."""
    return _conditional(
        story_id,
        "SET expires_at = :expires_at, #ttl = :ttl, updated_at = :now",
        "#status = :awaiting AND expires_at > :now",
        {"expires_at": expires_at, "ttl": ttl, "now": now, "awaiting": "AWAITING_PHOTO"},
        "ttl",
    )


def mark(story_id: str, field: str, value: str) -> bool:
    """Set a field of an existing story that has none yet; False if it has, or the story is gone."""
    return _conditional(
        story_id,
        f"SET {field} = :{field}",
        f"attribute_exists(#status) AND attribute_not_exists({field})",
        {field: value},
    )


def _conditional(
    story_id: str, update: str, condition: str, values: dict[str, Any], *reserved: str
) -> bool:
    """Update a META record on a condition; `reserved` are DynamoDB's words besides status."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=_table(),
                Key=_meta(story_id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in ("status", *reserved)},
                ExpressionAttributeValues=to_item(
                    {f":{name}": value for name, value in values.items()}
                ),
            )
    except ClientError as error:
        if error_code(error) == _CONDITION_FAILED:
            return False
        raise
    return True


def by_creator(
    creator: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """A page of a creator's stories, newest first, and where the next page starts."""
    continued = {"ExclusiveStartKey": start} if start else {}
    with answers("DynamoDB"):
        answer = client("dynamodb").query(
            TableName=_table(),
            IndexName="by_creator",
            KeyConditionExpression="creator = :creator",
            ExpressionAttributeValues=to_item({":creator": creator}),
            ScanIndexForward=False,
            Limit=limit,
            **continued,
        )
    return [from_item(item) for item in answer["Items"]], answer.get("LastEvaluatedKey")


def partition(kind: str, story_id: str) -> Iterator[dict[str, Any]]:
    """Every record that one kind of writer keeps of a story ("VERDICT", …), in key order."""
    with answers("DynamoDB"):
        pages = (
            client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=_table(),
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=to_item({":pk": f"{kind}#{story_id}"}),
                ConsistentRead=True,
            )
        )
        for page in pages:
            yield from (from_item(item) for item in page["Items"])


def put_verdict(story_id: str, attempt: int, gate: str, record: dict[str, Any]) -> None:
    """Store a gate's verdict; a repeated state writes the same item again."""
    with answers("DynamoDB"):
        client("dynamodb").put_item(
            TableName=_table(),
            Item=to_item({**record, "pk": f"VERDICT#{story_id}", "sk": f"{attempt:04d}#{gate}"}),
        )
