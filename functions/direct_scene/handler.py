"""DirectScene: what the photo shows and what its creator said become one Direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from pydantic import Field

from cloud import media, recognition, stories, timeline, verdicts
from cloud.environment import Environment, load
from direct_scene import direction
from story import cards, limits
from story.contracts import DirectSceneInput, DirectSceneOutput
from story.identifiers import work_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="direct_scene")

_WANTED = ("prompt", "fit", "loop", "preset", "seed", "seconds", "aspect", "sound")


class Settings(Environment):
    """Where the direction is written, and whose form and style it has."""

    work_bucket: str
    engine_name: str = Field(min_length=1)


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Ask what the photo shows, read the words, write direction.json."""
    request = DirectSceneInput.model_validate(event)
    with timeline.record("DirectScene", request):
        story = stories.get(request.story_id, *_WANTED)
        # Gate 1 has looked already; a scene that is directed by itself is looked at here.
        seen = verdicts.seen(request.story_id, request.attempt) or recognition.look(request.photo)
        tags, faces = seen.tags, tuple(face.box for face in seen.faces)
        settings = load(Settings)
        falls_back = request.take == limits.FALLBACK_TAKE
        directed = direction.direct(
            engine=cards.card(cards.FALLBACK if falls_back else settings.engine_name),
            instead_of=settings.engine_name if falls_back else None,
            story_id=request.story_id,
            attempt=request.attempt,
            take=request.take,
            prompt=story["prompt"],
            fit=story["fit"],
            # A story made before a field was may still get its photo after a deployment.
            loop=story.get("loop", True),
            preset=story.get("preset"),
            seed=int(story["seed"]) if "seed" in story else None,
            seconds=float(story.get("seconds", limits.CLIP_SECONDS)),
            aspect=story.get("aspect", "9:16"),
            sound=story.get("sound", True),
            tags=tags,
            faces=faces,
            still_faces=seen.may_be_minor,
        )
        noted = {"alt_text": direction.describe(tags, faces)}
        if seen.may_be_minor:
            noted["unmet"] = direction.FACES_STAY_STILL
        timeline.note(request, "DirectScene", **noted)
        written = media.write(
            settings.work_bucket,
            work_key(request.story_id, request.attempt, f"take{request.take}-direction.json"),
            directed.model_dump_json().encode(),
            "application/json",
        )
        logger.info(
            "directed",
            story_id=request.story_id,
            take=request.take,
            instead_of=directed.instead_of,
            camera=directed.camera,
            ambience=directed.ambience,
            preset=directed.wishes.preset,
            motions=len(directed.wishes.motions),
            unable=len(directed.wishes.unable),
            tags=len(tags),
            faces=len(faces),
        )
        return DirectSceneOutput(direction=written).model_dump(mode="json")
