"""Asking Bedrock Guardrails about words, for every gate that judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from cloud.clients import answers, client
from cloud.environment import Environment, load
from story import policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from story.contracts import Gate


class GuardrailSettings(Environment):
    """Which guardrail judges the words."""

    guardrail_id: str = Field(min_length=1)
    guardrail_version: str = Field(min_length=1)


def judge(
    words: Iterable[str],
    gate: Gate = "words",
    *,
    kind: Literal["words", "text"] = "words",
    minor: bool = False,
    overridden: frozenset[str] = frozenset(),
) -> policy.Verdict:
    """The verdict on all of these texts together, by the rows of a gate.

    Raises ModerationUnanswered if what came back is no verdict.
    """
    settings = load(GuardrailSettings)
    with answers("Bedrock Guardrails"):
        answer: dict[str, Any] = client("bedrock-runtime").apply_guardrail(
            guardrailIdentifier=settings.guardrail_id,
            guardrailVersion=settings.guardrail_version,
            source="INPUT",
            # Also what it does not block: then the policy's rows decide.
            outputScope="FULL",
            content=[{"text": {"text": text}} for text in words],
        )
    return policy.judge_words(answer, gate, kind=kind, minor=minor, overridden=overridden)
