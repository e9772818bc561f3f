"""The states of a story: one table of who may move it from where to where.

The workflow, the API and settle_story write a story's status only as this table allows, each with
a conditional update; a lost race ends quietly. Contract tests hold the ASL against it.
"""

from enum import StrEnum
from typing import NamedTuple


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
    """One allowed move: `who` is a workflow state or a function."""

    origin: Status
    target: Status
    who: str
    condition: str


TRANSITIONS = (
    Transition(Status.AWAITING_PHOTO, Status.PROCESSING, "ClaimUpload", "not expired, once"),
    Transition(Status.PROCESSING, Status.REJECTED, "RejectStory", "this execution's"),
    Transition(Status.PROCESSING, Status.UNDER_REVIEW, "HoldStory", "this execution's"),
    Transition(Status.PROCESSING, Status.READY, "PublishStory", "this execution's"),
    Transition(Status.PROCESSING, Status.FAILED, "settle_story", "its execution has ended"),
    Transition(Status.PROCESSING, Status.CANCELLED, "settle_story", "its execution was aborted"),
)

#: Nothing moves a story out of these by itself.
ENDED = frozenset(Status) - {
    Status.AWAITING_PHOTO,
    Status.AWAITING_PROMPT,
    Status.PROCESSING,
}


def allowed(origin: Status, target: Status, who: str) -> bool:
    """Whether the table has this move."""
    return any((t.origin, t.target, t.who) == (origin, target, who) for t in TRANSITIONS)
