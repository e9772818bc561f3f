"""What Rekognition's moderation labels say of pictures."""

from collections.abc import Mapping
from typing import Any, Final

from story.errors import ModerationUnanswered
from story.policy import rows
from story.policy.rows import UNKNOWN, Row
from story.policy.verdicts import Finding, Verdict, decide, finding

_CERTAIN_PERCENT: Final = 100
#: The taxonomy has three levels; a foreign answer that names more is followed no further.
_MAX_LEVELS: Final = 4


def judge_labels(
    answers: list[dict[str, Any]],
    gate: str = "photo",
    *,
    minor: bool = False,
    known: frozenset[str] | None = None,
    overridden: frozenset[str] = frozenset(),
) -> Verdict:
    """The verdict on pictures, from one DetectModerationLabels answer for each.

    The worst picture decides. A label is judged by its own row, or by that of its nearest parent
    that has one; without one a person looks. A label that only repeats what a more specific one of
    the same picture says is kept as that one. `minor`: a face may be a minor's. `known`: the
    categories that a video's photo had, so that others count as new; None where nothing is new.

    Raises ModerationUnanswered if an answer is not in Rekognition's form.
    """
    if not answers:
        raise ModerationUnanswered("No picture was judged; at least one must be")
    scores: dict[tuple[str, str, str], list[float | None]] = {}
    models = set()
    for index, answer in enumerate(answers):
        labels, model = _read(answer)
        models.add(model)
        parents = {name: parent for name, parent, _ in labels}
        surest: dict[str, float] = {}
        for name, _, confidence in labels:
            # A foreign answer may name a label twice: the higher one counts.
            surest[name] = max(confidence, surest.get(name, 0.0))
        for name, confidence in surest.items():
            if _is_repeated(name, confidence, surest, parents):
                continue
            category, row = _row(name, parents, gate)
            pictures = scores.setdefault((category, name, row.id), [None] * len(answers))
            pictures[index] = confidence
    by_id = {row.id: row for row in rows.gate(gate).rows["labels"].values()}
    found = [
        (
            finding(
                by_id[row_id],
                "label",
                label=name,
                category=category,
                confidence=max(score for score in given if score is not None),
                scores=tuple(given),
                minor=minor,
                new=known is not None and category not in known,
            ),
            by_id[row_id],
        )
        for (category, name, row_id), given in scores.items()
    ]
    return decide(found, models, overridden)


def judge_again(verdict: Verdict, *, overridden: frozenset[str] = frozenset()) -> Verdict:
    """What the policy of today says of pictures that were judged before, by the scores kept.

    They are judged as what others are shown. A verdict without findings said that nothing was
    found, which no threshold changes.
    """
    minor = any(found.kind == "face" for found in verdict.findings)
    again = [_again(found, minor=minor) for found in verdict.findings if found.kind == "label"]
    return decide(again, (), overridden)


def _again(found: Finding, *, minor: bool) -> tuple[Finding, Row]:
    named = rows.gate("posting").rows["labels"]
    # By the row that it was judged by; a verdict from before rows were kept names only categories.
    by_row = named.get(found.row.rpartition("/")[2])
    row = by_row or named.get(found.label) or named.get(found.category) or named[UNKNOWN]
    now = finding(
        row,
        "label",
        label=found.label,
        category=found.category,
        confidence=found.confidence,
        minor=minor,
    )
    return now, row


def _read(answer: Any) -> tuple[list[tuple[str, str, float]], str]:
    """(name, its parent's name, percent) of each label, and the model."""
    try:
        model = f"{rows.MODERATION}{answer['ModerationModelVersion']}"
        return [
            (str(label["Name"]), label.get("ParentName") or "", percent(label["Confidence"]))
            for label in answer["ModerationLabels"]
        ], model
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModerationUnanswered(
            f"DetectModerationLabels gave no readable labels: {error!r}"
        ) from error


def percent(confidence: Any) -> float:
    """A confidence as a number that thresholds can be held against: NaN is below all of them."""
    number = float(confidence)
    if not 0 <= number <= _CERTAIN_PERCENT:
        raise ValueError(f"{number} is no confidence in percent")
    return number


def _row(name: str, parents: Mapping[str, str], gate: str) -> tuple[str, Row]:
    """The category that a label counts as, and the row that it is judged by.

    Parents are followed up as far as this answer names them; bounded, since it is foreign input.
    """
    named = rows.gate(gate).rows["labels"]
    top = name
    for _ in range(_MAX_LEVELS):
        if top in named and top != UNKNOWN:
            return named[top].category, named[top]
        if not parents.get(top):
            break
        top = parents[top]
    return top, named[UNKNOWN]


def _is_repeated(
    name: str, confidence: float, surest: Mapping[str, float], parents: Mapping[str, str]
) -> bool:
    """Whether a label below this one says the same at least as surely."""
    return any(
        sure >= confidence and name in _above(other, parents) for other, sure in surest.items()
    )


def _above(name: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """The parents of a label, nearest first; none for labels that are each other's."""
    found: list[str] = []
    for _ in range(_MAX_LEVELS):
        above = parents.get(found[-1] if found else name, "")
        if not above:
            return tuple(found)
        if above == name or above in found:
            return ()
        found.append(above)
    return tuple(found)
