"""An execution's history, read as what each state was given and what it answered.

On AWS a history is kept for 90 days after its execution has ended. It holds ids, references and
digests, never words; the one secret in it, a task's token, is dropped as it is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.behind import aws_failures, parsed
from story.contracts import STATES

if TYPE_CHECKING:
    from datetime import datetime

    from cli.behind import Behind

_GIVEN_UP = ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed")


@dataclass(frozen=True)
class Run:
    """One time that a state's function was asked; a retry is another run."""

    state: str
    began: datetime
    #: Its input without the token; None where the history does not tell.
    payload: dict[str, Any] | None = None
    #: The function's ARN with the version that ran.
    function: str | None = None
    output: dict[str, Any] | None = None
    error: str | None = None
    cause: str | None = None
    ended: datetime | None = None

    @property
    def take(self) -> int | None:
        """Which take it belongs to, where the state is told."""
        return self.payload.get("take") if self.payload else None

    @property
    def ms(self) -> int | None:
        """From being scheduled to its answer, waiting included; None while it runs."""
        if self.ended is None:
            return None
        return round((self.ended - self.began).total_seconds() * 1000)


@dataclass(frozen=True)
class History:
    """What happened in one execution."""

    status: str
    #: The detail of S3's event for the upload.
    upload: dict[str, Any]
    began: datetime
    ended: datetime | None
    runs: tuple[Run, ...] = ()
    #: Every state in the order in which they were entered, those without a function too.
    entered: tuple[str, ...] = ()
    error: str | None = None

    def of(self, state: str, take: int | None = None) -> Run | None:
        """The last run of a state: of this take, where one is named and the state is told."""
        found = [run for run in self.runs if run.state == state]
        if take is not None:
            found = [run for run in found if run.take in {take, None}]
        return found[-1] if found else None


@dataclass
class _Reader:
    runs: list[Run] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)

    def take_in(self, event: dict[str, Any]) -> None:
        """Follow one event: the workflow has no branches, so the last state entered is at work."""
        kind = event["type"]
        if kind.endswith("StateEntered"):
            self.entered.append(event["stateEnteredEventDetails"]["name"])
        elif kind == "TaskScheduled" and self.entered[-1] in STATES:
            self.runs.append(_scheduled(self.entered[-1], event))
        elif kind == "TaskSucceeded" and self.entered[-1] in STATES:
            answer = parsed(event["taskSucceededEventDetails"]["output"])
            # Only a state that waits for a token is answered with the bare output.
            self._end(event, output=answer.get("Payload", answer))
        elif kind in _GIVEN_UP and self.entered[-1] in STATES:
            detail = event[f"{kind[0].lower()}{kind[1:]}EventDetails"]
            self._end(event, error=detail.get("error"), cause=detail.get("cause"))

    def _end(self, event: dict[str, Any], **found: Any) -> None:
        self.runs[-1] = replace(self.runs[-1], ended=event["timestamp"], **found)


def _scheduled(state: str, event: dict[str, Any]) -> Run:
    given = event["taskScheduledEventDetails"].get("parameters")
    arguments = parsed(given) if given else {}
    payload = arguments.get("Payload")
    if payload is not None:
        payload.pop("token", None)
    return Run(state, event["timestamp"], payload, arguments.get("FunctionName"))


def read(behind: Behind, execution_arn: str) -> History | None:
    """The history of an execution; None once AWS has dropped it."""
    states = behind.client("stepfunctions")
    reader = _Reader()
    with aws_failures("read the execution's history"):
        try:
            described = states.describe_execution(executionArn=execution_arn)
            pages = states.get_paginator("get_execution_history").paginate(
                executionArn=execution_arn, includeExecutionData=True
            )
            for page in pages:
                for event in page["events"]:
                    reader.take_in(event)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise
    return History(
        status=described["status"],
        upload=parsed(described["input"]),
        began=described["startDate"],
        ended=described.get("stopDate"),
        runs=tuple(reader.runs),
        entered=tuple(reader.entered),
        error=described.get("error"),
    )
