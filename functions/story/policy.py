"""From a provider's scores to a verdict: pure, and every decision can be explained.

Fails closed: a category that the policy does not name is reviewed by a person, an answer that
cannot be read is no verdict at all.
"""

from typing import Any, NamedTuple

from story.contracts import VerdictValue
from story.errors import ModerationUnanswered
from story.generation import Contract

POLICY_VERSION = "2026-11-1"
_CERTAIN_PERCENT = 100


class Thresholds(NamedTuple):
    """Confidences in percent, as Rekognition gives them, from which a category counts."""

    reject: float | None
    review: float | None
    told: str


#: Rekognition's moderation taxonomy, version 7: its top-level categories.
PHOTO_POLICY = {
    "Explicit": Thresholds(60, 40, "It seems to show explicit nudity or sexual activity."),
    "Non-Explicit Nudity of Intimate parts and Kissing": Thresholds(
        90, 75, "It seems to show nudity."
    ),
    "Swimwear or Underwear": Thresholds(None, None, ""),
    "Violence": Thresholds(80, 60, "It seems to show violence or weapons."),
    "Visually Disturbing": Thresholds(80, 60, "It seems to show something disturbing."),
    "Drugs & Tobacco": Thresholds(None, 90, "It seems to show drugs or tobacco."),
    "Alcohol": Thresholds(None, None, ""),
    "Rude Gestures": Thresholds(None, 90, "It seems to show a rude gesture."),
    "Gambling": Thresholds(None, None, ""),
    "Hate Symbols": Thresholds(60, 40, "It seems to show a hate symbol."),
}
#: A category that the provider added since: nobody has thought about it yet, so a person looks.
UNKNOWN_CATEGORY = Thresholds(None, 40, "It shows something our policy does not know yet.")

#: What Guardrails' content filters mean to a creator.
WORDS_POLICY = {
    "HATE": "The words seem to express hate.",
    "INSULTS": "The words seem to insult someone.",
    "SEXUAL": "The words seem to ask for sexual content.",
    "VIOLENCE": "The words seem to ask for violence.",
    "MISCONDUCT": "The words seem to ask for something criminal.",
}
_BLOCKED_FOR_OTHER_REASONS = "The words are not allowed here."


class Finding(Contract):
    """One category that was scored, against its thresholds.

    `confidence` is the highest of `scores`, which has one for each picture in the order in which
    they were judged: None where the provider did not name the label. Words have no scores.
    """

    category: str
    label: str
    confidence: float
    reject_at: float | None
    review_at: float | None
    scores: tuple[float | None, ...] = ()


class Reason(Contract):
    """A stable code and what the creator is told."""

    code: str
    message: str


class Verdict(Contract):
    """A decision with everything needed to explain it later."""

    verdict: VerdictValue
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]
    models: tuple[str, ...]
    policy: str = POLICY_VERSION


def _code(category: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in category.lower()).strip("_")


def judge_labels(answers: list[dict[str, Any]]) -> Verdict:
    """The verdict on pictures, from one DetectModerationLabels answer for each.

    The worst picture decides. Raises ModerationUnanswered if an answer is not in that form.
    """
    if not answers:
        raise ModerationUnanswered("No picture was judged; at least one must be")
    scores: dict[tuple[str, str], list[float | None]] = {}
    models = set()
    for index, answer in enumerate(answers):
        try:
            models.add(f"rekognition moderation {answer['ModerationModelVersion']}")
            labels = [
                (str(label["Name"]), label.get("ParentName") or "", _percent(label["Confidence"]))
                for label in answer["ModerationLabels"]
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModerationUnanswered(
                f"DetectModerationLabels gave no readable labels: {error!r}"
            ) from error
        parents = {name: parent for name, parent, _ in labels}
        for name, _, confidence in labels:
            pictures = scores.setdefault((_top_level(name, parents), name), [None] * len(answers))
            # A foreign answer may name a label twice: the higher one counts.
            pictures[index] = max(confidence, pictures[index] or 0.0)
    ordered = sorted(
        (_finding(category, name, tuple(given)) for (category, name), given in scores.items()),
        key=lambda f: -f.confidence,
    )
    rejected = [f for f in ordered if f.reject_at is not None and f.confidence >= f.reject_at]
    held = [f for f in ordered if f.review_at is not None and f.confidence >= f.review_at]
    verdict: VerdictValue = "reject" if rejected else "review" if held else "allow"
    told = {
        f.category: PHOTO_POLICY.get(f.category, UNKNOWN_CATEGORY).told for f in (rejected or held)
    }
    return Verdict(
        verdict=verdict,
        reasons=tuple(Reason(code=_code(name), message=text) for name, text in told.items()),
        findings=tuple(ordered),
        models=tuple(sorted(models)),
    )


def judge_again(verdict: Verdict) -> VerdictValue:
    """What the thresholds of today say of pictures that were judged before, by the scores kept.

    A verdict without findings said that nothing was found, which no threshold changes.
    """
    limits = [(f, PHOTO_POLICY.get(f.category, UNKNOWN_CATEGORY)) for f in verdict.findings]
    if any(limit.reject is not None and f.confidence >= limit.reject for f, limit in limits):
        return "reject"
    if any(limit.review is not None and f.confidence >= limit.review for f, limit in limits):
        return "review"
    return "allow"


def _finding(category: str, label: str, scores: tuple[float | None, ...]) -> Finding:
    limit = PHOTO_POLICY.get(category, UNKNOWN_CATEGORY)
    return Finding(
        category=category,
        label=label,
        confidence=max(score for score in scores if score is not None),
        reject_at=limit.reject,
        review_at=limit.review,
        scores=scores,
    )


def _percent(confidence: Any) -> float:
    """A confidence as a number that thresholds can be held against: NaN is below all of them."""
    percent = float(confidence)
    if not 0 <= percent <= _CERTAIN_PERCENT:
        raise ValueError(f"{percent} is no confidence in percent")
    return percent


def _top_level(name: str, parents: dict[str, str]) -> str:
    """Follow parents up as far as this answer names them; bounded, since it is foreign input."""
    for _ in range(4):
        parent = parents.get(name, "")
        if not parent:
            return name
        name = parent
    return name


def judge_words(answer: dict[str, Any]) -> Verdict:
    """The verdict on words, from an ApplyGuardrail answer.

    Raises ModerationUnanswered if its action is neither of the two that exist.
    """
    action = answer.get("action")
    findings = []
    blocked = []
    try:
        for assessment in answer.get("assessments", []):
            for found in assessment.get("contentPolicy", {}).get("filters", []):
                if found["type"] not in WORDS_POLICY:
                    continue
                findings.append(
                    Finding(
                        category=found["type"],
                        label=found["confidence"],
                        confidence=_CONFIDENCE[found["confidence"]],
                        reject_at=None,
                        review_at=None,
                    )
                )
                if found["action"] == "BLOCKED":
                    blocked.append(found["type"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ModerationUnanswered(f"ApplyGuardrail gave no readable filters: {error!r}") from error
    models = ("bedrock guardrails",)
    if action == "NONE" and not blocked:
        return Verdict(verdict="allow", reasons=(), findings=tuple(findings), models=models)
    if action != "GUARDRAIL_INTERVENED":
        raise ModerationUnanswered(
            f"ApplyGuardrail answered {action!r}; NONE or GUARDRAIL_INTERVENED is an answer"
        )
    told = {kind: WORDS_POLICY[kind] for kind in blocked} or {"words": _BLOCKED_FOR_OTHER_REASONS}
    return Verdict(
        verdict="reject",
        reasons=tuple(Reason(code=_code(kind), message=text) for kind, text in told.items()),
        findings=tuple(findings),
        models=models,
    )


_CONFIDENCE = {"NONE": 0.0, "LOW": 25.0, "MEDIUM": 60.0, "HIGH": 90.0}
