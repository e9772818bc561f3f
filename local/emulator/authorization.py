"""With AUTH: role policies see what they would see on AWS.

ministack knows no `dynamodb:LeadingKeys`, so that a condition on it always holds; and every request
over plain HTTP fails a bucket policy that asks for TLS, although a loopback has none.
"""

import json
import re
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

#: `#pk = :pk` in a KeyConditionExpression: a hash key is only ever compared by equality.
_EQUALITY = re.compile(r"([#\w.]+)\s*=\s*(:\w+)")


def install() -> None:
    """Replace what conditions are evaluated against."""
    context_of = iam_actions.dynamodb_service_context
    pin_origin = iam_evaluator.pin_request_origin

    def context_with_leading_keys(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        keys = _leading_keys(body)
        return context | {"dynamodb:LeadingKeys": keys} if keys else context

    def pin_secure_origin(source_ip: str, _secure_transport: bool) -> None:
        pin_origin(source_ip, True)

    iam_actions.dynamodb_service_context = context_with_leading_keys
    iam_evaluator.pin_request_origin = pin_secure_origin


def _leading_keys(body: bytes) -> list[str]:
    """The partition keys that a request names.

    An API without partition keys, such as Scan, has none: on AWS the condition key is then absent.
    """
    request = json.loads(body or b"{}")
    if not isinstance(request, dict):
        return []
    found = []
    for table, item in _named_items(request):
        hash_key = _hash_key(table, None)
        if hash_key in item:
            found.append(_text(item[hash_key]))
    if "KeyConditionExpression" in request:
        found += _queried(request)
    return found


def _named_items(request: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(table, keys or item) of each item that a request addresses."""
    items = []
    table = request.get("TableName", "")
    items += [(table, request[name]) for name in ("Key", "Item") if name in request]
    for action in request.get("TransactItems", []):
        for operation in action.values():
            items += [
                (operation["TableName"], operation[name])
                for name in ("Key", "Item")
                if name in operation
            ]
    for batched, asked in request.get("RequestItems", {}).items():
        if isinstance(asked, dict):
            items += [(batched, key) for key in asked["Keys"]]
            continue
        for write in asked:
            put, delete = write.get("PutRequest"), write.get("DeleteRequest")
            items.append((batched, put["Item"] if put else delete["Key"]))
    return items


def _queried(request: dict[str, Any]) -> list[str]:
    hash_key = _hash_key(request["TableName"], request.get("IndexName"))
    names = request.get("ExpressionAttributeNames", {})
    values = request.get("ExpressionAttributeValues", {})
    return [
        _text(values[value])
        for name, value in _EQUALITY.findall(request["KeyConditionExpression"])
        if names.get(name, name) == hash_key and value in values
    ]


def _hash_key(table: str, index: str | None) -> str:
    """The partition key's name; empty for a table or index that does not exist."""
    found = dynamodb._tables.get(dynamodb._normalize_table_name(table))
    if found is None:
        return ""
    schema = found["KeySchema"]
    if index is not None:
        indexes = found["GlobalSecondaryIndexes"] + found["LocalSecondaryIndexes"]
        schema = next((each["KeySchema"] for each in indexes if each["IndexName"] == index), [])
    return next((str(k["AttributeName"]) for k in schema if k["KeyType"] == "HASH"), "")


def _text(value: dict[str, Any]) -> str:
    """An attribute value as policies compare it: {"S": "STORY#1"} is STORY#1."""
    return str(next(iter(value.values())))
