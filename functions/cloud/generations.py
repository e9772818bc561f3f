"""The record of each generation: which token waits for it, and how far it is.

NEW       written, not yet handed to the endpoint (or handed back by it)
INVOKED   the endpoint has the request; a retry replaces only the token
ANSWERED  the workflow has the result

Beside them, in a partition a day, the number of generations that day: the operator's cap.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings


def _key(story_id: str, attempt: int, take: int) -> dict[str, Any]:
    return to_item({"pk": f"GENERATION#{story_id}", "sk": f"{attempt:04d}-{take}"})


def _table() -> str:
    return load(TableSettings).stories_table


def register(story_id: str, attempt: int, take: int, *, token: str) -> str:
    """Remember the token that waits for this generation; returns its state: NEW or further."""
    with answers("DynamoDB"):
        answer = client("dynamodb").update_item(
            TableName=_table(),
            Key=_key(story_id, attempt, take),
            UpdateExpression="SET task_token = :token, #state = if_not_exists(#state, :new)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=to_item({":token": token, ":new": "NEW"}),
            ReturnValues="ALL_NEW",
        )
    return str(from_item(answer["Attributes"])["state"])


def count(day: str, *, cap: int) -> bool:
    """Count one more generation of a day (ISO 8601, UTC); False, uncounted, once there are `cap`.

    A generation that is tried again counts again: the cap bounds what is spent.
    """
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=_table(),
                Key=to_item({"pk": f"GENERATION#DAY#{day}", "sk": "COUNT"}),
                UpdateExpression="ADD generations :one",
                ConditionExpression=":cap > :none AND "
                "(attribute_not_exists(generations) OR generations < :cap)",
                ExpressionAttributeValues=to_item({":one": 1, ":cap": cap, ":none": 0}),
            )
    except ClientError as error:
        if error_code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True


def find(story_id: str, attempt: int, take: int) -> dict[str, Any] | None:
    """The record of a generation, read consistently; None if it is not ours."""
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=_table(), Key=_key(story_id, attempt, take), ConsistentRead=True
        )
    return from_item(answer["Item"]) if "Item" in answer else None


def advance(
    story_id: str, attempt: int, take: int, *, origins: tuple[str, ...], target: str, **fields: str
) -> bool:
    """Move a generation on if it is in one of the origins; False if it is not, or is gone."""
    listed = {f":from{index}": origin for index, origin in enumerate(origins)}
    sets = ", ".join(["#state = :target", *(f"{name} = :{name}" for name in fields)])
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=_table(),
                Key=_key(story_id, attempt, take),
                UpdateExpression=f"SET {sets}",
                ConditionExpression=f"#state IN ({', '.join(listed)})",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=to_item(
                    {":target": target, **listed, **{f":{k}": v for k, v in fields.items()}}
                ),
            )
    except ClientError as error:
        if error_code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True


def locate(story_id: str, attempt: int, take: int, *, locations: list[str]) -> None:
    """Remember where the endpoint wrote, so that whoever settles the story can clear it."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=_table(),
                Key=_key(story_id, attempt, take),
                UpdateExpression="SET locations = :locations",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=to_item({":locations": locations}),
            )
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
