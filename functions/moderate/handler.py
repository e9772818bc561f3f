"""ModeratePhoto, ModerateWords and ModerateVideo: one gate a call, one verdict in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from cloud import guardrail, stories, timeline, verdicts
from cloud.clients import answers, client
from story import policy
from story.contracts import (
    ModerateOutput,
    ModeratePhotoInput,
    ModerateVideoInput,
    ModerateWordsInput,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from story.contracts import ObjectRef

Request = ModeratePhotoInput | ModerateWordsInput | ModerateVideoInput
_request: TypeAdapter[Request] = TypeAdapter(Request)

_STATES = {"photo": "ModeratePhoto", "words": "ModerateWords", "video": "ModerateVideo"}


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Judge a photo, the words of a story, or the frames of a video; store why."""
    request = _request.validate_python(event)
    with timeline.record(_STATES[request.gate], request):
        if isinstance(request, ModerateWordsInput):
            words = stories.get(request.story_id, "prompt", "caption")
            verdict = guardrail.judge(words.values())
        else:
            verdict = policy.judge_labels(
                [_labels(image, request.gate) for image in request.images], request.gate
            )
        verdicts.keep(request.story_id, request.attempt, request.gate, verdict)
        return ModerateOutput(gate=request.gate, verdict=verdict.verdict).model_dump(mode="json")


def _labels(image: ObjectRef, gate: str) -> dict[str, Any]:
    with answers("Rekognition"):
        answer: dict[str, Any] = client("rekognition").detect_moderation_labels(
            Image={"S3Object": {"Bucket": image.bucket, "Name": image.key}},
            MinConfidence=policy.gate(gate).least_percent,
        )
    return answer
