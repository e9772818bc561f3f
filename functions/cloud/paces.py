"""How fast this deployment is: what the states of the last stories took, against the usual.

    PACE   STATES   map `recent`: state -> its last factors, newest last

Written by settle_story alone. A lost update costs one story's figures and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloud.clients import answers, client
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings
from story import progress

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How many of the last stories count: enough that one odd story moves no median, and few enough
#: that a machine that has become slower is known after three.
KEPT = 5
_KEY = {"pk": {"S": "PACE"}, "sk": {"S": "STATES"}}


def read() -> progress.Pace:
    """The pace of the last stories; the usual one while there are none."""
    return progress.factors(_recent())


def add(spans: Mapping[str, float], clip_seconds: float) -> None:
    """Add what the states of one story took, in seconds."""
    recent = _recent()
    for state, seconds in spans.items():
        factor = round(seconds / progress.USUAL[state].of(clip_seconds), 3)
        recent[state] = [*recent.get(state, []), factor][-KEPT:]
    with answers("DynamoDB"):
        client("dynamodb").update_item(
            TableName=load(TableSettings).stories_table,
            Key=_KEY,
            UpdateExpression="SET recent = :recent",
            ExpressionAttributeValues=to_item({":recent": recent}),
        )


def _recent() -> dict[str, list[float]]:
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(TableName=load(TableSettings).stories_table, Key=_KEY)
    found: dict[str, Any] = from_item(answer["Item"])["recent"] if "Item" in answer else {}
    return {state: [float(value) for value in values] for state, values in found.items()}
