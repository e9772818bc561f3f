"""What is on record about a user: strikes, written by moderation alone.

USER#{sub}   STRIKE#{given_at}
"""

from __future__ import annotations

from typing import Any

from cloud.clients import answers, client
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings

_KEYS = frozenset({"pk", "sk"})


def strikes(sub: str) -> list[dict[str, Any]]:
    """Every strike of a user's, oldest first."""
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
    return [{name: value for name, value in each.items() if name not in _KEYS} for each in found]
