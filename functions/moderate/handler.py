"""ModeratePhoto, ModerateWords and ModerateVideo: one gate a call, one verdict in the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from cloud import stories, timeline, verdicts
from moderate import judging
from story import policy
from story.contracts import (
    ModerateOutput,
    ModeratePhotoInput,
    ModerateVideoInput,
    ModerateWordsInput,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

Request = ModeratePhotoInput | ModerateWordsInput | ModerateVideoInput
_request: TypeAdapter[Request] = TypeAdapter(Request)

_STATES = {"photo": "ModeratePhoto", "words": "ModerateWords", "video": "ModerateVideo"}


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Judge a photo, the words of a story, or the frames of a video; store why."""
    request = _request.validate_python(event)
    with timeline.record(_STATES[request.gate], request):
        seen = None
        match request:
            case ModeratePhotoInput():
                verdict, seen = _photo(request)
            case ModerateWordsInput():
                verdict = _words(request)
            case ModerateVideoInput():
                verdict = _video(request)
        verdicts.keep(request.story_id, request.attempt, request.gate, verdict, seen=seen)
        return ModerateOutput(gate=request.gate, verdict=verdict.verdict).model_dump(mode="json")


def _photo(request: ModeratePhotoInput) -> judging.Photo:
    story = stories.get(request.story_id, "overrides")
    return judging.judge_photo(request.images[0], policy.overridden(story))


def _words(request: ModerateWordsInput) -> policy.Verdict:
    story = stories.get(request.story_id, "prompt", "caption", "people_consent", "overrides")
    return judging.judge_words(
        [story[name] for name in ("prompt", "caption") if name in story],
        verdicts.seen(request.story_id, request.attempt),
        consent=story.get("people_consent") is True,
        overridden=policy.overridden(story),
    )


def _video(request: ModerateVideoInput) -> policy.Verdict:
    story = stories.get(request.story_id, "overrides")
    kept = stories.verdict(request.story_id, request.attempt, "photo")
    # Without a verdict on the photo everything counts as new: that is the stricter way.
    known = frozenset(
        found["category"]
        for found in (json.loads(kept["detail"])["findings"] if kept else ())
        if found.get("kind", "label") == "label"
    )
    return judging.judge_video(
        request.images,
        verdicts.seen(request.story_id, request.attempt),
        known,
        policy.overridden(story),
    )
