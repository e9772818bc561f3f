"""DirectScene: what the photo shows and what its creator said become one Direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import media, stories, timeline
from cloud.clients import answers, client
from cloud.environment import Environment, load
from direct_scene import direction
from story import limits
from story.contracts import DirectSceneInput, DirectSceneOutput
from story.generation import Box, Tag
from story.identifiers import work_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from story.contracts import ObjectRef

logger = Logger(service="direct_scene")

_WANTED = ("prompt", "fit", "loop", "preset", "seed", "seconds", "aspect", "sound")
_MAX_TAGS = 12
_MIN_TAG_CONFIDENCE_PERCENT = 60
_MIN_FACE_CONFIDENCE_PERCENT = 90


class Settings(Environment):
    """Where the direction is written."""

    work_bucket: str


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Ask what the photo shows, read the words, write direction.json."""
    request = DirectSceneInput.model_validate(event)
    with timeline.record("DirectScene", request):
        story = stories.get(request.story_id, *_WANTED)
        tags, faces = _tags(request.photo), _faces(request.photo)
        directed = direction.direct(
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
        )
        timeline.note(request, "DirectScene", alt_text=direction.describe(tags, faces))
        written = media.write(
            load(Settings).work_bucket,
            work_key(request.story_id, request.attempt, f"take{request.take}-direction.json"),
            directed.model_dump_json().encode(),
            "application/json",
        )
        logger.info(
            "directed",
            story_id=request.story_id,
            take=request.take,
            camera=directed.camera,
            ambience=directed.ambience,
            preset=directed.wishes.preset,
            motions=len(directed.wishes.motions),
            unable=len(directed.wishes.unable),
            tags=len(tags),
            faces=len(faces),
        )
        return DirectSceneOutput(direction=written).model_dump(mode="json")


def _image(photo: ObjectRef) -> dict[str, Any]:
    return {"S3Object": {"Bucket": photo.bucket, "Name": photo.key}}


def _tags(photo: ObjectRef) -> tuple[Tag, ...]:
    with answers("Rekognition"):
        answer = client("rekognition").detect_labels(
            Image=_image(photo), MaxLabels=_MAX_TAGS, MinConfidence=_MIN_TAG_CONFIDENCE_PERCENT
        )
    return tuple(
        Tag(name=label["Name"], confidence=min(1.0, label["Confidence"] / 100))
        for label in answer["Labels"]
    )


def _faces(photo: ObjectRef) -> tuple[Box, ...]:
    with answers("Rekognition"):
        answer = client("rekognition").detect_faces(Image=_image(photo))
    return tuple(
        _box(face["BoundingBox"])
        for face in answer["FaceDetails"]
        if face["Confidence"] >= _MIN_FACE_CONFIDENCE_PERCENT
    )


def _box(found: dict[str, float]) -> Box:
    """Rekognition's box, clipped: a face at the border may reach outside the picture."""
    left, top = max(0.0, found["Left"]), max(0.0, found["Top"])
    right = min(1.0, found["Left"] + found["Width"])
    bottom = min(1.0, found["Top"] + found["Height"])
    return Box(left=left, top=top, width=max(0.0, right - left), height=max(0.0, bottom - top))
