"""ModeratePhoto, ModerateWords and ModerateVideo: one gate a call, one verdict in the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from pydantic import Field, TypeAdapter

from cloud import stories, telemetry, timeline
from cloud.clients import answers, client
from cloud.environment import Environment, load
from moderate import policy
from story.contracts import (
    ModerateOutput,
    ModeratePhotoInput,
    ModerateVideoInput,
    ModerateWordsInput,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from story.contracts import ObjectRef

logger = Logger(service="moderate")

Request = ModeratePhotoInput | ModerateWordsInput | ModerateVideoInput
_request: TypeAdapter[Request] = TypeAdapter(Request)

_STATES = {"photo": "ModeratePhoto", "words": "ModerateWords", "video": "ModerateVideo"}
#: Below every threshold of the policy, so that scores which do not count are kept too.
_MIN_CONFIDENCE_PERCENT = 40


class Settings(Environment):
    """Which guardrail judges the words."""

    guardrail_id: str = Field(min_length=1)
    guardrail_version: str = Field(min_length=1)


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Judge a photo, the words of a story, or the frames of a video; store why."""
    request = _request.validate_python(event)
    with timeline.record(_STATES[request.gate], request):
        if isinstance(request, ModerateWordsInput):
            verdict = policy.judge_words(_guardrail(request.story_id))
        else:
            verdict = policy.judge_labels([_labels(image) for image in request.images])
        stories.put_verdict(
            request.story_id,
            request.attempt,
            request.gate,
            {
                "gate": request.gate,
                "verdict": verdict.verdict,
                "decided_at": timeline.now(),
                "policy": verdict.policy,
                "detail": verdict.model_dump_json(),
            },
        )
        telemetry.emit("Verdicts", 1, gate=request.gate, verdict=verdict.verdict)
        logger.info(
            "verdict",
            gate=request.gate,
            verdict=verdict.verdict,
            categories=json.dumps([reason.code for reason in verdict.reasons]),
        )
        return ModerateOutput(gate=request.gate, verdict=verdict.verdict).model_dump(mode="json")


def _labels(image: ObjectRef) -> dict[str, Any]:
    with answers("Rekognition"):
        answer: dict[str, Any] = client("rekognition").detect_moderation_labels(
            Image={"S3Object": {"Bucket": image.bucket, "Name": image.key}},
            MinConfidence=_MIN_CONFIDENCE_PERCENT,
        )
    return answer


def _guardrail(story_id: str) -> dict[str, Any]:
    settings = load(Settings)
    story = stories.get(story_id, "prompt", "caption")
    with answers("Bedrock Guardrails"):
        answer: dict[str, Any] = client("bedrock-runtime").apply_guardrail(
            guardrailIdentifier=settings.guardrail_id,
            guardrailVersion=settings.guardrail_version,
            source="INPUT",
            content=[{"text": {"text": words}} for words in story.values()],
        )
    return answer
