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

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from cloud import telemetry
from cloud.clients import answers, client, error_code, take_calls
from cloud.environment import Environment, load
from story.errors import is_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from story.contracts import StateInput


logger = Logger(service="timeline")

#: A line is begun, and only then added to: what a deleted story had does not come back.
_BEGAN = "attribute_exists(began_at)"
#: Attributes of a line that count calls, e.g. "call:s3:GetObject".
CALL_PREFIX = "call:"
#: What a line is queued for while its request waits: the key of the sparse index `queue`.
QUEUE = "engine"


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

    Every line logged in between names the story, its attempt and the state.

    `finishes` is False for a state that only starts something: another function ends its line.
    The error's class name is recorded, never its message, which may quote input.
    """
    with telemetry.about(story_id=request.story_id, attempt=request.attempt, state=state):
        began = time.monotonic()
        take_calls()
        _begin(state, request)
        outcome = "done"
        try:
            yield
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            seconds = time.monotonic() - began
            if finishes or outcome != "done":
                _finish(request, state, outcome, seconds)
                tell(state, outcome, seconds)
            else:
                _update(
                    request,
                    state,
                    "SET waits_since = :now, queued_for = :queue, ",
                    {":now": {"S": now()}, ":queue": {"S": QUEUE}},
                    bill=seconds,
                )


def _begin(state: str, request: StateInput) -> None:
    take = int(getattr(request, "take", 1))
    _update(
        request,
        state,
        # A second run, of a retry or another take, is at work again: it has not ended.
        "SET began_at = if_not_exists(began_at, :now), outcome = :running, take = :take, "
        f"take{take}_began_at = if_not_exists(take{take}_began_at, :now) "
        "REMOVE ended_at, waits_since, queued_for",
        {":now": {"S": now()}, ":running": {"S": "running"}, ":take": {"N": str(take)}},
        begins=True,
    )


def tell(state: str, outcome: str, seconds: float) -> None:
    """Log and measure that a state has ended: done, or with the name of an error."""
    telemetry.emit("StateSeconds", seconds, state=state)
    if outcome == "done":
        logger.info("state_ended", outcome=outcome, seconds=round(seconds, 3))
        return
    logger.warning("state_ended", outcome=outcome, seconds=round(seconds, 3))
    if is_fault(outcome):
        telemetry.emit("Faults", 1, state=state)


def _finish(request: StateInput, state: str, outcome: str, seconds: float) -> None:
    _update(
        request,
        state,
        "SET ended_at = :now, outcome = :outcome, ",
        {":now": {"S": now()}, ":outcome": {"S": outcome}},
        bill=seconds,
    )


def note(request: StateInput, state: str, **facts: str) -> bool:
    """Keep what a state found out with its line, e.g. alt_text or the engine's report.

    False if the line is gone: its story was deleted.
    """
    sets = ", ".join(f"{name} = :{name}" for name in facts)
    return _update(request, state, f"SET {sets}", {f":{k}": {"S": v} for k, v in facts.items()})


def advance(story_id: str, attempt: int, state: str, take: int, fraction: float) -> float | None:
    """Note how far a running state is; what is late, repeated or of another take changes nothing.

    Returns how long the state had waited, in seconds, if this is the first that is heard of this
    take; None otherwise.
    """
    try:
        with answers("DynamoDB"):
            answer = client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=key(story_id, attempt, state),
                UpdateExpression="SET fraction = :done, reported_at = :now, "
                f"take{take}_engine_at = if_not_exists(take{take}_engine_at, :now) "
                "REMOVE queued_for",
                ConditionExpression="outcome = :running AND "
                "(attribute_not_exists(take) OR take = :take) AND "
                "(attribute_not_exists(fraction) OR fraction < :done)",
                ExpressionAttributeValues={
                    # A later take starts again from nothing, yet counts as further.
                    ":done": {"N": f"{take - 1 + min(fraction, 0.99):.3f}"},
                    ":running": {"S": "running"},
                    ":take": {"N": str(take)},
                    ":now": {"S": now()},
                },
                ReturnValues="ALL_OLD",
            )
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return None
    before = answer["Attributes"]
    heard = float(before["fraction"]["N"]) if "fraction" in before else -1.0
    if heard >= take - 1:
        return None
    # Without a time the engine has begun before the request was noted down: it did not wait.
    return seconds_since(before["waits_since"]["S"]) if "waits_since" in before else 0.0


def leave_queue(story_id: str, attempt: int, state: str) -> None:
    """The request of a state waits no more, though nobody waits for its result."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=key(story_id, attempt, state),
                UpdateExpression="REMOVE queued_for",
                ConditionExpression="attribute_exists(queued_for)",
            )
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise


def seconds_since(moment: str) -> float:
    """Seconds from a record's time until now; never negative, since clocks differ."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())


def end(story_id: str, attempt: int, state: str, outcome: str) -> None:
    """End the line of a state that another function began."""
    try:
        with answers("DynamoDB"):
            answer = client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=key(story_id, attempt, state),
                UpdateExpression="SET ended_at = :now, outcome = :outcome REMOVE queued_for",
                ConditionExpression=_BEGAN,
                ExpressionAttributeValues={":now": {"S": now()}, ":outcome": {"S": outcome}},
                ReturnValues="ALL_NEW",
            )
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return
    with telemetry.about(state=state):
        line = answer["Attributes"]
        # A second take waits anew, in the line of the first.
        since = line.get("waits_since") or line["began_at"]
        tell(state, outcome, seconds_since(since["S"]))


def _update(
    request: StateInput,
    state: str,
    expression: str,
    values: dict[str, Any],
    *,
    bill: float | None = None,
    begins: bool = False,
) -> bool:
    """Write a line; with `bill`, the seconds this run took, add what it used to what it counts.

    Only what `begins` makes a line that is not there; False if it is not there.
    """
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
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=key(request.story_id, request.attempt, state),
                UpdateExpression=expression,
                ExpressionAttributeValues=values,
                **({} if begins else {"ConditionExpression": _BEGAN}),
                **({"ExpressionAttributeNames": names} if names else {}),
            )
    except ClientError as error:
        if begins or error_code(error) != "ConditionalCheckFailedException":
            raise
        logger.info("line_gone", state=state)
        return False
    return True
