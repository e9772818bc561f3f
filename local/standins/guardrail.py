"""Bedrock Runtime's ApplyGuardrail: content filters for text."""

import math
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from local.standins import wire
from local.standins.wire import Refusal
from local.standins.words import Judgement, WordJudge

_BLOCKED_MESSAGE = "The guardrail does not allow these words."
_CHARACTERS_PER_UNIT = 1_000
_MAX_UNITS = 25


class Guardrail:
    """The operation, over one judge of words."""

    def __init__(self, judge: WordJudge) -> None:
        """Keep the judge."""
        self._judge = judge

    async def handle(self, request: Request) -> Response:
        """Answer one ApplyGuardrail call."""
        body = await wire.json_object(request)
        texts = _texts(body)
        characters = sum(map(len, texts))
        units = math.ceil(characters / _CHARACTERS_PER_UNIT)
        if units > _MAX_UNITS:
            raise Refusal(
                "ValidationException", f"{units} text units; at most {_MAX_UNITS} are taken"
            )
        judged = [found for text in texts for found in await self._found(text)]
        worst = {found.category: found for found in sorted(judged, key=lambda f: f.badness)}
        filters = [
            {
                "type": found.category,
                "confidence": found.confidence,
                "filterStrength": "HIGH",
                "action": "BLOCKED",
                "detected": True,
            }
            for found in worst.values()
        ]
        wire.log(
            "ApplyGuardrail",
            guardrail=request.path_params["identifier"],
            categories=sorted(worst),
            characters=characters,
        )
        return wire.answer(_answer(filters, characters, units))

    async def _found(self, text: str) -> list[Judgement]:
        judged = await run_in_threadpool(self._judge.judge, text)
        return [judgement for judgement in judged if judgement.confidence != "NONE"]


def _texts(body: dict[str, Any]) -> list[str]:
    if body.get("source") not in {"INPUT", "OUTPUT"}:
        raise Refusal("ValidationException", "source must be INPUT or OUTPUT")
    content = body.get("content")
    if not isinstance(content, list) or not content:
        raise Refusal("ValidationException", "content must hold at least one block")
    try:
        texts = [block["text"]["text"] for block in content]
    except (TypeError, KeyError) as error:
        raise Refusal(
            "ValidationException", "the local stand-in judges text blocks only"
        ) from error
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise Refusal("ValidationException", "a text block must hold words")
    return texts


def _answer(filters: list[dict[str, Any]], characters: int, units: int) -> dict[str, Any]:
    return {
        "action": "GUARDRAIL_INTERVENED" if filters else "NONE",
        "outputs": [{"text": _BLOCKED_MESSAGE}] if filters else [],
        "assessments": [{"contentPolicy": {"filters": filters}}] if filters else [],
        "usage": {
            "topicPolicyUnits": 0,
            "contentPolicyUnits": units,
            "wordPolicyUnits": 0,
            "sensitiveInformationPolicyUnits": 0,
            "sensitiveInformationPolicyFreeUnits": 0,
            "contextualGroundingPolicyUnits": 0,
        },
        "guardrailCoverage": {"textCharacters": {"guarded": characters, "total": characters}},
    }
