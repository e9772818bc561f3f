"""LabelVideo: mark, badge, declarations, fingerprints and stills; SignVideo binds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from pydantic import Field

from cloud import marks, media, timeline, watermark_keys
from cloud.environment import Environment, load
from fingerprints.clip import of_clip
from label_video import declaration, labelling, stills
from story import labels
from story.contracts import LabelVideoInput, LabelVideoOutput, Watermark
from story.identifiers import work_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from story.contracts import ObjectRef

logger = Logger(service="label_video")


class Settings(Environment):
    """Where the labelled clip goes, and who is answerable for it."""

    work_bucket: str
    #: Declared as the provider of the system that made the clip.
    provider: str = Field(min_length=1)


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Read the clip and the photo, label, and write the three objects that will be signed."""
    request = LabelVideoInput.model_validate(event)
    settings = load(Settings)
    with timeline.record("LabelVideo", request):
        clip = media.read(request.clip)
        facts = declaration.Facts(
            story_id=request.story_id,
            provider=settings.provider,
            engine=request.engine,
            label=labels.for_engine(request.engine),
            made_at=request.begun_at,
        )
        key = watermark_keys.to_mark_with()
        mark_id = marks.allocate(request, "LabelVideo", key.version)
        marking = labelling.Marking(key, mark_id)
        labelled = labelling.label(clip, facts, request.language, marking)
        ingredient = stills.ingredient(media.read(request.photo), request.crop)

        def write(name: str, body: bytes, media_type: str) -> ObjectRef:
            key = work_key(request.story_id, request.attempt, name)
            return media.write(settings.work_bucket, key, body, media_type)

        output = LabelVideoOutput(
            clip=write("labelled.mp4", labelled.video, "video/mp4"),
            watermark=Watermark(id=marks.written(mark_id), key_version=key.version),
            poster=write("poster.jpg", labelled.poster, "image/jpeg"),
            ingredient=write("ingredient.jpg", ingredient, "image/jpeg"),
            # Of what was encoded, not of what was to be: as anybody will find it.
            fingerprints=of_clip(labelled.video),
        )
        logger.info(
            "clip labelled",
            story_id=request.story_id,
            engine=request.engine.name,
            family=request.engine.family,
            language=request.language,
            clip_bytes=len(clip),
            labelled_bytes=len(labelled.video),
        )
        return output.model_dump(mode="json")
