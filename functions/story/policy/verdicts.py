"""From findings to a verdict: pure, and every decision can be explained.

Fails closed: a category that the policy does not name is reviewed by a person, an answer that
cannot be read is no verdict at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import Field

from story.contracts import VerdictValue
from story.generation import Contract
from story.policy import rows

#: What was looked at: a label of a picture, what the creator said, words that can be read in a
#: picture, a face, a person, somebody known, or an operator's list.
Kind = Literal["label", "words", "text", "face", "person", "celebrity", "blocked"]
#: No reviewer decides on it, and none can set it aside.
ILLEGAL: Final = "Illegal Content"


class Finding(Contract):
    """One category that was scored, against its thresholds.

    `confidence` is the highest of `scores`, which has one for each picture in the order in which
    they were judged: None where the provider did not name the label. Words have no scores. `row` is
    the row of the policy that the thresholds are from, e.g. "video/Violence/Weapons".
    """

    category: str
    label: str
    confidence: float
    reject_at: float | None
    review_at: float | None
    scores: tuple[float | None, ...] = ()
    restrict_at: float | None = None
    row: str = ""
    kind: Kind = "label"

    def reaches(self, limit: float | None) -> bool:
        """Whether the confidence is at least a limit; one that is None is never reached."""
        return limit is not None and self.confidence >= limit


class Reason(Contract):
    """A stable code and what the creator is told."""

    code: str
    message: str


class Restriction(Contract):
    """From which age on viewers may see what was judged, and why."""

    age: int
    reasons: tuple[Reason, ...]


class Verdict(Contract):
    """A decision with everything needed to explain it later."""

    verdict: VerdictValue
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]
    models: tuple[str, ...]
    policy: str = Field(default_factory=rows.version)
    restriction: Restriction | None = None


def overridden(record: Mapping[str, Any]) -> frozenset[str]:
    """The categories that reviewers' decisions have set aside for a story, by its META record."""
    return frozenset(
        str(category) for each in record.get("overrides", ()) for category in each["categories"]
    )


def code(category: str) -> str:
    """The stable name of a category in answers, e.g. "drugs___tobacco"."""
    return "".join(c if c.isalnum() else "_" for c in category.lower()).strip("_")


def finding(
    row: rows.Row,
    kind: Kind,
    *,
    label: str,
    confidence: float,
    category: str | None = None,
    scores: tuple[float | None, ...] = (),
    minor: bool = False,
    new: bool = False,
) -> Finding:
    """What was found, with the limits of its row as they hold here.

    `category` is for rows that stand for whatever the policy does not name.
    """
    limits = row.limits_for(minor=minor, new=new)
    return Finding(
        category=category or row.category,
        label=label,
        confidence=confidence,
        reject_at=limits.reject,
        review_at=limits.review,
        restrict_at=limits.restrict,
        scores=scores,
        row=row.id,
        kind=kind,
    )


def decide(
    findings: Iterable[tuple[Finding, rows.Row]],
    models: Iterable[str],
    overridden: frozenset[str] = frozenset(),
) -> Verdict:
    """The verdict on findings, each with its row.

    `overridden` are categories that a reviewer's decision has set aside: what is found of them is
    kept and does not decide. An age restriction stays, and nothing sets illegal content aside.
    """
    given = sorted(findings, key=lambda pair: -pair[0].confidence)
    counted = [
        (found, row)
        for found, row in given
        if found.category == ILLEGAL or found.category not in overridden
    ]
    rejected = [(found, row) for found, row in counted if found.reaches(found.reject_at)]
    held = [(found, row) for found, row in counted if found.reaches(found.review_at)]
    restricted = [(found, row) for found, row in given if found.reaches(found.restrict_at)]
    return Verdict(
        verdict="reject" if rejected else "review" if held else "allow",
        reasons=_reasons(rejected or held),
        findings=tuple(found for found, _ in given),
        models=tuple(sorted(set(models))),
        restriction=_restriction(restricted),
    )


def _reasons(decisive: Sequence[tuple[Finding, rows.Row]]) -> tuple[Reason, ...]:
    """One reason for each category, told by the row of its surest finding."""
    told: dict[str, str] = {}
    for found, row in decisive:
        told.setdefault(code(found.category), row.told)
    return tuple(Reason(code=name, message=text) for name, text in told.items())


def _restriction(restricted: Sequence[tuple[Finding, rows.Row]]) -> Restriction | None:
    ages = [row.age for _, row in restricted if row.age is not None]
    return Restriction(age=max(ages), reasons=_reasons(restricted)) if ages else None


def join(verdicts: Sequence[Verdict]) -> Verdict:
    """Several verdicts on one thing as one: the strictest decides, and all that was found is kept.

    Raises ValueError for none, and for verdicts by different policies.
    """
    if len({verdict.policy for verdict in verdicts}) != 1:
        raise ValueError(f"{len(verdicts)} verdicts by {[v.policy for v in verdicts]} are not one")
    worst = max(verdicts, key=lambda verdict: _ORDER.index(verdict.verdict)).verdict
    reasons = {
        reason.code: reason
        for verdict in reversed(verdicts)
        if verdict.verdict == worst
        for reason in verdict.reasons
    }
    restrictions = [v.restriction for v in verdicts if v.restriction is not None]
    return Verdict(
        verdict=worst,
        reasons=tuple(reasons.values()),
        findings=tuple(found for verdict in verdicts for found in verdict.findings),
        models=tuple(sorted({model for verdict in verdicts for model in verdict.models})),
        restriction=strictest(restrictions),
    )


def strictest(restrictions: Iterable[Restriction]) -> Restriction | None:
    """The restriction with the highest age, with the reasons of all."""
    every = list(restrictions)
    if not every:
        return None
    reasons = {reason.code: reason for each in every for reason in each.reasons}
    return Restriction(age=max(each.age for each in every), reasons=tuple(reasons.values()))


_ORDER: Final[tuple[VerdictValue, ...]] = ("allow", "review", "reject")
