"""The states of a story: one table of who may move it from where to where.

The workflow, the API and settle_story write a story's status only as this table allows, each with
a conditional update; a lost race ends quietly. Contract tests hold the ASL against it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Status(StrEnum):
    """Where a story is."""

    AWAITING_PHOTO = "AWAITING_PHOTO"
    AWAITING_PROMPT = "AWAITING_PROMPT"
    PROCESSING = "PROCESSING"
    READY = "READY"
    POSTED = "POSTED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REMOVED = "REMOVED"


class Transition(NamedTuple):
    """One allowed move: `who` is a workflow state, a function, or `api.` and an operation."""

    origin: Status
    target: Status
    who: str
    condition: str


TRANSITIONS = (
    Transition(Status.AWAITING_PHOTO, Status.PROCESSING, "ClaimUpload", "not expired, once"),
    Transition(Status.PROCESSING, Status.AWAITING_PROMPT, "AwaitPrompt", "this attempt's draft"),
    Transition(Status.AWAITING_PROMPT, Status.PROCESSING, "api.putPrompt", "in time, once"),
    Transition(Status.AWAITING_PROMPT, Status.EXPIRED, "ExpireDraft", "this execution's"),
    Transition(Status.PROCESSING, Status.REJECTED, "RejectStory", "this execution's"),
    Transition(Status.PROCESSING, Status.UNDER_REVIEW, "HoldStory", "this execution's"),
    Transition(Status.PROCESSING, Status.READY, "PublishStory", "this execution's"),
    Transition(Status.PROCESSING, Status.FAILED, "settle_story", "its execution has ended"),
    Transition(Status.PROCESSING, Status.CANCELLED, "settle_story", "its execution was aborted"),
    Transition(Status.AWAITING_PROMPT, Status.FAILED, "settle_story", "its execution has ended"),
    Transition(
        Status.AWAITING_PROMPT, Status.CANCELLED, "settle_story", "its execution was aborted"
    ),
    Transition(Status.AWAITING_PHOTO, Status.CANCELLED, "api.cancelStory", "not expired"),
    Transition(Status.AWAITING_PROMPT, Status.CANCELLED, "api.cancelStory", "not expired"),
    Transition(Status.PROCESSING, Status.CANCELLED, "api.cancelStory", "always"),
    Transition(Status.UNDER_REVIEW, Status.CANCELLED, "api.cancelStory", "always"),
    Transition(Status.FAILED, Status.PROCESSING, "api.retryStory", "its photo is kept"),
    Transition(Status.READY, Status.POSTED, "post_story", "gate 3 allows it, this attempt"),
    Transition(Status.POSTED, Status.EXPIRED, "settle_story.expiring", "its 24 hours are over"),
)

#: A workflow has these in hand, or will claim them: it is stopped when a story is called off.
AT_WORK = frozenset({Status.PROCESSING, Status.AWAITING_PROMPT})
#: What does not last, and the field that says until when it does.
LASTS_UNTIL = {
    Status.AWAITING_PHOTO: "expires_at",
    Status.AWAITING_PROMPT: "prompt_until",
    Status.POSTED: "expires_at",
}
#: Nothing moves a story out of these by itself.
ENDED = frozenset(Status) - {
    Status.AWAITING_PHOTO,
    Status.AWAITING_PROMPT,
    Status.PROCESSING,
}


def allowed(origin: Status, target: Status, who: str) -> bool:
    """Whether the table has this move."""
    return any((t.origin, t.target, t.who) == (origin, target, who) for t in TRANSITIONS)


def effective(record: Mapping[str, Any], now: datetime) -> Status:
    """The status as of now: what is over its time has expired, whoever noticed."""
    status = Status(record["status"])
    until = LASTS_UNTIL.get(status)
    if until is not None and datetime.fromisoformat(record[until]) <= now:
        return Status.EXPIRED
    return status


def is_unclaimed(record: Mapping[str, Any]) -> bool:
    """Whether a story is a retry whose execution has not begun; all others are claimed as made."""
    return record["status"] == Status.PROCESSING and "execution_arn" not in record
