"""Each state leaves a line in the stories table: when it began, how long it took, what it called.

The lines have a partition of their own, `TIMELINE#{story}`, so that a function which handles
untrusted bytes can be allowed to write its line and nothing else (dynamodb:LeadingKeys).
"""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code, take_calls
from cloud.environment import Environment, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from story.contracts import StateInput


#: Attributes of a line that count calls, e.g. "call:s3:GetObject".
CALL_PREFIX = "call:"


class TableSettings(Environment):
    """Which table holds the stories."""

    stories_table: str


def now() -> str:
    """The time as ISO 8601 in UTC with milliseconds, as every record has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def key(story_id: str, attempt: int, state: str) -> dict[str, Any]:
    """Where the line of a state is."""
    return {"pk": {"S": f"TIMELINE#{story_id}"}, "sk": {"S": f"{attempt:04d}#{state}"}}


@contextmanager
def record(state: str, request: StateInput, *, finishes: bool = True) -> Iterator[None]:
    """Write the beginning and the end of a state, also when it ends with an error.

    `finishes` is False for a state that only starts something: another function ends its line.
    The error's class name is recorded, never its message, which may quote input.
    """
    began = time.monotonic()
    take_calls()
    _update(
        request,
        state,
        # A second run, of a retry or another take, is at work again: it has not ended.
        "SET began_at = if_not_exists(began_at, :now), outcome = :running REMOVE ended_at",
        {":now": {"S": now()}, ":running": {"S": "running"}},
    )
    outcome = "done"
    try:
        yield
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        if finishes or outcome != "done":
            _finish(request, state, outcome, time.monotonic() - began)
        else:
            _update(request, state, "SET ", {}, bill=time.monotonic() - began)


def _finish(request: StateInput, state: str, outcome: str, seconds: float) -> None:
    _update(
        request,
        state,
        "SET ended_at = :now, outcome = :outcome, ",
        {":now": {"S": now()}, ":outcome": {"S": outcome}},
        bill=seconds,
    )


def note(request: StateInput, state: str, **facts: str) -> None:
    """Keep what a state found out with its line, e.g. alt_text or the engine's report."""
    sets = ", ".join(f"{name} = :{name}" for name in facts)
    _update(request, state, f"SET {sets}", {f":{k}": {"S": v} for k, v in facts.items()})


def advance(story_id: str, attempt: int, state: str, take: int, fraction: float) -> None:
    """Note how far a running state is; events out of order never turn it back within a take."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=key(story_id, attempt, state),
                UpdateExpression="SET fraction = :done",
                ConditionExpression="outcome = :running AND "
                "(attribute_not_exists(fraction) OR fraction < :done)",
                ExpressionAttributeValues={
                    # A later take starts again from nothing, yet counts as further.
                    ":done": {"N": f"{take - 1 + min(fraction, 0.99):.3f}"},
                    ":running": {"S": "running"},
                },
            )
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise


def end(story_id: str, attempt: int, state: str, outcome: str) -> None:
    """End the line of a state that another function began."""
    with answers("DynamoDB"):
        client("dynamodb").update_item(
            TableName=load(TableSettings).stories_table,
            Key=key(story_id, attempt, state),
            UpdateExpression="SET ended_at = :now, outcome = :outcome",
            ExpressionAttributeValues={":now": {"S": now()}, ":outcome": {"S": outcome}},
        )


def _update(
    request: StateInput,
    state: str,
    expression: str,
    values: dict[str, Any],
    *,
    bill: float | None = None,
) -> None:
    """Write a line; with `bill`, the seconds this run took, add what it used to what it counts."""
    names: dict[str, str] = {}
    if bill is not None:
        calls = Counter(take_calls())
        calls["dynamodb:UpdateItem"] += 1  # this very write
        used = {f"{CALL_PREFIX}{name}": count for name, count in calls.items()}
        used |= {"billed_ms": round(bill * 1000), "runs": 1}
        names = {f"#u{index}": name for index, name in enumerate(used)}
        values = values | {
            ":memory": {"N": os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0")},
            **{f":u{index}": {"N": str(count)} for index, count in enumerate(used.values())},
        }
        additions = ", ".join(f"#u{index} :u{index}" for index in range(len(used)))
        expression = f"{expression}memory_mb = :memory ADD {additions}"
    with answers("DynamoDB"):
        client("dynamodb").update_item(
            TableName=load(TableSettings).stories_table,
            Key=key(request.story_id, request.attempt, state),
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )
