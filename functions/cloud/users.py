"""What is on record about a user: strikes, which follow from a person's decision alone.

USER#{sub}   STRIKE#{given_at}#{story}
"""

from __future__ import annotations

from typing import Any

from cloud.clients import answers, client
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings

_KEYS = frozenset({"pk", "sk"})


def put_strike(sub: str, story_id: str, strike: dict[str, Any], *, overturned: bool) -> None:
    """Give a strike, or take it back; said again, it is the same again."""
    with answers("DynamoDB"):
        client("dynamodb").put_item(
            TableName=load(TableSettings).stories_table,
            Item=to_item(
                {
                    "pk": f"USER#{sub}",
                    "sk": f"STRIKE#{strike['given_at']}#{story_id}",
                    "story_id": story_id,
                    **strike,
                    **({"overturned": True} if overturned else {}),
                }
            ),
        )


def strikes(sub: str) -> list[dict[str, Any]]:
    """Every strike of a user's that was not taken back, oldest first."""
    with answers("DynamoDB"):
        pages = (
            client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=load(TableSettings).stories_table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
                ExpressionAttributeValues=to_item({":pk": f"USER#{sub}", ":kind": "STRIKE#"}),
                ConsistentRead=True,
            )
        )
        found = [from_item(item) for page in pages for item in page["Items"]]
    return [
        {name: value for name, value in each.items() if name not in _KEYS}
        for each in found
        if "overturned" not in each
    ]
