"""What Bedrock Guardrails says of words: a prompt, a caption, or what can be read in a picture."""

from typing import Any, Literal

from story.errors import ModerationUnanswered
from story.policy import rows
from story.policy.rows import LEVELS, UNKNOWN, Row
from story.policy.verdicts import Finding, Verdict, decide, finding

MODEL = "bedrock guardrails"
#: What an intervention counts as that no content filter explains.
_OTHER_REASONS = "words"


def judge_words(
    answer: dict[str, Any],
    gate: str = "words",
    *,
    kind: Literal["words", "text"] = "words",
    minor: bool = False,
    overridden: frozenset[str] = frozenset(),
) -> Verdict:
    """The verdict on words, from an ApplyGuardrail answer.

    What the guardrail blocks is rejected whatever the row says; below that the row decides. Raises
    ModerationUnanswered if its action is neither of the two that exist.
    """
    named = rows.gate(gate).rows[kind]
    found: list[tuple[Finding, Row]] = []
    blocked = False
    try:
        for assessment in answer.get("assessments", []):
            for said in assessment.get("contentPolicy", {}).get("filters", []):
                category, confidence = str(said["type"]), LEVELS[said["confidence"]]
                blocks = said["action"] == "BLOCKED"
                if not blocks and not confidence:
                    # With the scope FULL it also says what it has not found.
                    continue
                blocked = blocked or blocks
                row = named.get(category, named[UNKNOWN])
                if blocks and row.off:
                    # The guardrail was told to block what the policy has turned off: it does.
                    row = named[UNKNOWN]
                seen = finding(
                    row,
                    kind,
                    label=said["confidence"],
                    category=category,
                    confidence=confidence,
                    minor=minor,
                )
                found.append((_as_blocked(seen) if blocks else seen, row))
    except (KeyError, TypeError, AttributeError) as error:
        raise ModerationUnanswered(f"ApplyGuardrail gave no readable filters: {error!r}") from error
    action = answer.get("action")
    if action not in {"NONE", "GUARDRAIL_INTERVENED"} or (action == "NONE" and blocked):
        raise ModerationUnanswered(
            f"ApplyGuardrail answered {action!r}{' and yet blocked' if blocked else ''}; "
            "NONE or GUARDRAIL_INTERVENED is an answer"
        )
    if action == "GUARDRAIL_INTERVENED" and not blocked:
        row = named[UNKNOWN]
        other = finding(
            row,
            kind,
            label="GUARDRAIL_INTERVENED",
            category=_OTHER_REASONS,
            confidence=LEVELS["HIGH"],
        )
        found.append((_as_blocked(other), row))
    return decide(found, [MODEL], overridden)


def _as_blocked(found: Finding) -> Finding:
    """The guardrail's own threshold was reached, so it is at most what was found."""
    limit = found.confidence if found.reject_at is None else min(found.reject_at, found.confidence)
    return found.model_copy(update={"reject_at": limit})
