"""What gate 3 and its second look are given, and what their answers have to be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local import golden_events
from local.sam.failure import SamError
from local.sam.golden_story import PROMPT
from story import contracts, policy
from story.states import Status

if TYPE_CHECKING:
    from pydantic import BaseModel

    from local.sam.golden_story import GoldenStory

_POST, _LOOK = "post_story_input.json", "look_again_input.json"


def prepare_posting(story: GoldenStory) -> dict[str, Any]:
    """A READY story, as PublishStory and the gates leave it."""
    # Signed anew: who invoked SignVideo once more than it was answered has left another file.
    story.answers.pop("SignVideo", None)
    story.played_until(_POST)
    signed = contracts.SignVideoOutput.model_validate(story.answers["SignVideo"])
    inspected = contracts.InspectVideoOutput.model_validate(story.answers["InspectVideo"])
    models = ("rekognition moderation 7.0",)
    allowed = policy.Verdict(verdict="allow", reasons=(), findings=(), models=models)
    for gate in ("photo", "words", "video"):
        story.put(
            f"VERDICT#{golden_events.STORY_ID}",
            f"0001#{gate}",
            gate=gate,
            verdict=allowed.verdict,
            policy=allowed.policy,
            decided_at=golden_events.TIME,
            detail=allowed.model_dump_json(),
        )
    story.record_as(
        status=Status.READY.value,
        prompt=PROMPT,
        engine=inspected.engine.model_dump_json(),
        credential=signed.credential.model_dump_json(),
        video=signed.video.model_dump_json(),
        poster=signed.poster.model_dump_json(),
    )
    return story.event(_POST)


def check_posting(story: GoldenStory, _event: dict[str, Any], answer: Any) -> BaseModel:
    """The story has to be POSTED. Raises SamError."""
    output = contracts.PostStoryOutput.model_validate(answer)
    status = story.record(f"STORY#{golden_events.STORY_ID}", "META")["status"]["S"]
    if not output.posted or status != Status.POSTED:
        raise SamError(f"The story is {status}; gate 3 said {output.refusal}: {output.detail}")
    # At work again, for whatever is invoked next.
    story.record_as(status=Status.PROCESSING.value, prompt=PROMPT)
    return output


def prepare_looking(story: GoldenStory) -> dict[str, Any]:
    """A signed clip, with what its engine has really reported."""
    story.played_until(_LOOK)
    inspected = contracts.InspectVideoOutput.model_validate(story.answers["InspectVideo"])
    named = inspected.report
    read = story.client("s3").get_object(Bucket=named.bucket, Key=named.key)["Body"].read()
    return story.event(_LOOK) | {"report": json.loads(read)}


def check_looking(_story: GoldenStory, _event: dict[str, Any], answer: Any) -> BaseModel:
    """The clip has to be allowed by a model that is named. Raises SamError."""
    verdict = policy.Verdict.model_validate(answer)
    if verdict.verdict != "allow" or not verdict.models:
        raise SamError(f"The clip of the golden story is not allowed: {verdict}")
    return verdict


#: Name, function, event, what has to be there before, and the check of its answer.
TARGETS = (
    ("PostStory", "PostStoryFunction", _POST, prepare_posting, check_posting),
    ("LookAgain", "LookAgainFunction", _LOOK, prepare_looking, check_looking),
)
