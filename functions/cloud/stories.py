"""The records of stories: items, keys and conditional writes, in one place.

One table; a partition for each kind of writer, so that a function's policy can name what it may
touch (dynamodb:LeadingKeys):

    STORY#{id}       META                          api, review, workflow, settle_story, await_prompt
    VERDICT#{id}     {attempt}#{gate}              moderate
    GENERATION#{id}  {attempt}-{take}              generate_video, resume_story
    TIMELINE#{id}    {attempt}#{state}             every state, its own line
    DRAFT#{id}       TOKEN                         await_prompt
    CHANGE           {id}#{intent}                 api, review; settle_story drops what is done
    REPORT#{id}      {reporter}                    api
    MARK#{mark}      STORY                         label_video; see cloud/marks.py
    BLOCK#{kind}#…   ENTRY, HASHES                 operators; inspect_photo reads
    AUDIT#{id}       {time}#{what}#{who}           settle_story, review; see cloud/audit.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloud import items
from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.timeline import TableSettings
from story.errors import StoryMissing
from story.states import allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from story.states import Status

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


def change(
    story_id: str,
    origin: Status,
    target: Status,
    *,
    who: str,
    condition: str = "",
    given: dict[str, Any] | None = None,
    removed: tuple[str, ...] = (),
    **fields: Any,
) -> bool:
    """Move a story from origin to target if it is there, set `fields` and remove `removed`.

    `condition` is what else must hold, of values that `given` names. A deleted story is moved by
    nobody. Returns False, and changes nothing, if another writer was first.

    Raises ValueError for a move that the table of states does not have.
    """
    if not allowed(origin, target, who):
        raise ValueError(f"states.TRANSITIONS has no {origin} -> {target} for {who}")
    sets = ", ".join(["#status = :target", *(f"{name} = :{name}" for name in fields)])
    removes = f" REMOVE {', '.join(removed)}" if removed else ""
    conditions = ["#status = :origin", "attribute_not_exists(deleted_at)"]
    values = {"target": target.value, "origin": origin.value, **(given or {}), **fields}
    return _conditional(
        story_id,
        f"SET {sets}{removes}",
        " AND ".join(conditions + ([condition] if condition else [])),
        values,
    )


def mark_deleted(story_id: str, *, by: str, at: str) -> bool:
    """Let a story be nobody's, out of every index that others read; False if it is so, or gone."""
    return _conditional(
        story_id,
        "SET deleted_at = :at, deleted_by = :by REMOVE feed_shard, review_queue",
        "attribute_exists(#status) AND attribute_not_exists(deleted_at)",
        {"at": at, "by": by},
    )


def amend(
    story_id: str,
    condition: str,
    *,
    given: dict[str, Any] | None = None,
    removed: tuple[str, ...] = (),
    **fields: Any,
) -> bool:
    """Set fields that are not its status if the condition holds; False if it does not.

    `#status` is the status in the condition. A deleted story is amended by nobody.
    """
    removes = f" REMOVE {', '.join(removed)}" if removed else ""
    sets = "SET " + ", ".join(f"{name} = :{name}" for name in fields) if fields else ""
    guarded = f"attribute_exists(#status) AND attribute_not_exists(deleted_at) AND {condition}"
    return _conditional(story_id, sets + removes, guarded, {**(given or {}), **fields})


def annotate(story_id: str, **fields: Any) -> bool:
    """Set fields of an existing story that are not its status; False if it is gone."""
    sets = ", ".join(f"{name} = :{name}" for name in fields)
    return _conditional(story_id, f"SET {sets}", "attribute_exists(#status)", fields)


def prolong(story_id: str, *, now: str, expires_at: str, ttl: int) -> bool:
    """Let a story wait longer for its photo; False if it does not wait (any more)."""
    return _conditional(
        story_id,
        "SET expires_at = :expires_at, #ttl = :ttl, updated_at = :now",
        "#status = :awaiting AND expires_at > :now AND attribute_not_exists(deleted_at)",
        {"expires_at": expires_at, "ttl": ttl, "now": now, "awaiting": "AWAITING_PHOTO"},
        "ttl",
    )


def mark(story_id: str, attempt: int, field: str, value: str) -> bool:
    """Set a field that an attempt has not set yet; False if it has, is over, or the story is gone.

    Whoever works late for an attempt must not speak for the next one.
    """
    return _conditional(
        story_id,
        f"SET {field} = :{field}",
        f"attribute_exists(#status) AND attempt = :attempt AND attribute_not_exists({field})",
        {field: value, "attempt": attempt},
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


def forget(item: dict[str, Any]) -> None:
    """Delete a record, named by its own pk and sk."""
    with answers("DynamoDB"):
        client("dynamodb").delete_item(
            TableName=_table(), Key=to_item({name: item[name] for name in ("pk", "sk")})
        )


def put_verdict(story_id: str, attempt: int, gate: str, record: dict[str, Any]) -> None:
    """Store a gate's verdict; a repeated state writes the same item again.

    Raises StoryMissing for a story that was deleted while it was judged.
    """
    if "deleted_at" in get(story_id, "status", "deleted_at"):
        raise StoryMissing(f"Story {story_id} was deleted while it was judged")
    with answers("DynamoDB"):
        client("dynamodb").put_item(
            TableName=_table(),
            Item=to_item({**record, "pk": f"VERDICT#{story_id}", "sk": f"{attempt:04d}#{gate}"}),
        )


def verdict(story_id: str, attempt: int, gate: str) -> dict[str, Any] | None:
    """What a gate has decided of an attempt; None if it has not yet."""
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=_table(),
            Key=to_item({"pk": f"VERDICT#{story_id}", "sk": f"{attempt:04d}#{gate}"}),
            ConsistentRead=True,
        )
    return from_item(answer["Item"]) if "Item" in answer else None
