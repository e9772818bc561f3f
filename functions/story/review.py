"""Reports, the reviewers' queue and decisions: pure.

A report has a reason, and a reason has points. Reports of one story add up; at the threshold (a
parameter of the stack) the story is hidden until a person has looked. A report without an account
counts half: an address is cheaper to come by than an account.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Final, Literal, NamedTuple

from story.states import Status


class Severity(IntEnum):
    """How soon somebody has to look; the queue is in this order."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2


class ReportReason(StrEnum):
    """Why somebody thinks that a story should not be seen."""

    CHILD_SAFETY = "child_safety"
    ILLEGAL = "illegal"
    SELF_HARM = "self_harm"
    SEXUAL = "sexual"
    VIOLENCE = "violence"
    HATE = "hate"
    PRIVACY = "privacy"
    DECEPTION = "deception"
    SPAM = "spam"
    OTHER = "other"


class Weight(NamedTuple):
    """What a reason counts: points of a report with an account, None hides at once."""

    points: int | None
    severity: Severity
    #: What a creator is told when a reviewer agrees.
    told: str


WEIGHTS: Final[Mapping[ReportReason, Weight]] = {
    ReportReason.CHILD_SAFETY: Weight(None, Severity.URGENT, "It endangers children."),
    ReportReason.ILLEGAL: Weight(6, Severity.URGENT, "It shows something illegal."),
    ReportReason.SELF_HARM: Weight(6, Severity.URGENT, "It shows or praises self-harm."),
    ReportReason.SEXUAL: Weight(6, Severity.HIGH, "It shows sexual content."),
    ReportReason.VIOLENCE: Weight(6, Severity.HIGH, "It shows violence."),
    ReportReason.HATE: Weight(6, Severity.HIGH, "It spreads hate."),
    ReportReason.PRIVACY: Weight(6, Severity.HIGH, "It shows somebody who did not agree."),
    ReportReason.DECEPTION: Weight(4, Severity.NORMAL, "It deceives."),
    ReportReason.SPAM: Weight(4, Severity.NORMAL, "It is spam."),
    ReportReason.OTHER: Weight(4, Severity.NORMAL, "It breaks the rules."),
}
MAX_REPORT_CHARACTERS: Final = 500
MAX_APPEAL_CHARACTERS: Final = 1_000
MAX_REASON_CHARACTERS: Final = 1_000

#: How long a story is one reviewer's.
LEASE: Final = timedelta(minutes=15)
APPEAL_WINDOW: Final = timedelta(days=7)
#: How long what a reviewer has to see is kept for them; after that the story is over.
REVIEW_WINDOW: Final = timedelta(days=30)

Decision = Literal["allow", "reject", "restore", "remove", "overturn", "uphold"]
Kind = Literal["held", "reported", "appeal"]


def points(reason: ReportReason, *, anonymous: bool, threshold: int) -> int:
    """What one report adds; a reason without points is worth the whole threshold."""
    worth = WEIGHTS[reason].points
    if worth is None:
        return threshold
    return worth // 2 if anonymous else worth


def weigh(reports: Iterable[Mapping[str, Any]], *, since: str | None, threshold: int) -> int:
    """The points of the reports that have come since a reviewer last looked."""
    return sum(
        points(ReportReason(each["reason"]), anonymous=bool(each["anonymous"]), threshold=threshold)
        for each in reports
        if since is None or str(each["reported_at"]) > since
    )


def gravest(reports: Iterable[Mapping[str, Any]]) -> Severity:
    """How soon somebody has to look at a story with these reports."""
    return min(
        (WEIGHTS[ReportReason(each["reason"])].severity for each in reports),
        default=Severity.NORMAL,
    )


def queue_of(severity: Severity) -> str:
    """The partition of the queue's index, as records carry it."""
    return str(int(severity))


def kind(record: Mapping[str, Any]) -> Kind | None:
    """Why a story waits for a reviewer; None if it does not."""
    if "review_queue" not in record or "deleted_at" in record or record.get("legal_hold"):
        return None
    if record.get("appeal_outcome") == "pending":
        return "appeal"
    if record["status"] != Status.UNDER_REVIEW:
        return None
    return "reported" if "posted_at" in record else "held"


#: What can be decided about each kind.
DECISIONS: Final[Mapping[Kind, frozenset[Decision]]] = {
    "held": frozenset({"allow", "reject"}),
    "reported": frozenset({"restore", "remove"}),
    "appeal": frozenset({"overturn", "uphold"}),
}


def conflict(record: Mapping[str, Any], reviewer: str) -> str | None:
    """Why this reviewer may not decide about a story; None if they may."""
    if record["creator"] == reviewer:
        return "It is your own story."
    if kind(record) == "appeal" and any(
        each["by"] == reviewer for each in record.get("decisions", [])
    ):
        return "The appeal is against your own decision; another reviewer has to look at it."
    return None


def claimed_by(record: Mapping[str, Any], now: datetime) -> str | None:
    """Who has a story now; a lease that is over counts for nothing."""
    until = record.get("claim_until")
    if until is None or datetime.fromisoformat(until) <= now:
        return None
    return str(record["claim_by"])


def appealable(record: Mapping[str, Any], now: datetime) -> str | None:
    """Until when the decision about a story can be appealed; None if it cannot."""
    if record["status"] not in {Status.REJECTED, Status.REMOVED} or record.get("legal_hold"):
        return None
    if "appeal_outcome" in record and int(record["appeal_attempt"]) >= int(record["attempt"]):
        return None
    until = record.get("evidence_until")
    if until is None or datetime.fromisoformat(until) <= now:
        return None
    return str(until)


def fired(verdicts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The categories that decided against a story, from its verdicts' details.

    A reason's code is its category's name in lower case; words that were blocked for a reason that
    has no category are known by the code alone.
    """
    found: dict[str, None] = {}
    for detail in verdicts:
        codes = {str(reason["code"]) for reason in detail["reasons"]}
        for finding in detail["findings"]:
            if code_of(str(finding["category"])) in codes:
                found[str(finding["category"])] = None
        named = {code_of(category) for category in found}
        found |= dict.fromkeys(sorted(codes - named))
    return tuple(found)


def code_of(category: str) -> str:
    """A category's name as its reason's code has it."""
    return "".join(c if c.isalnum() else "_" for c in category.lower()).strip("_")
