"""InspectVideo: unpacks the engine's result and lets only a sound clip on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import media, telemetry, timeline
from cloud.environment import Environment, load
from inspect_video import result
from inspect_video.examination import examine
from story import takes
from story.contracts import InspectVideoInput, InspectVideoOutput
from story.errors import ModelDefective, VideoDefective, VideoUnreadable
from story.generation import Direction
from story.identifiers import work_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from story.contracts import ObjectRef

logger = Logger(service="inspect_video")


class Settings(Environment):
    """Where the clip and its frames go."""

    work_bucket: str


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Unpack, examine, and write the clip, its report and the frames that gate 2 judges."""
    request = InspectVideoInput.model_validate(event)
    settings = load(Settings)
    with timeline.record("InspectVideo", request):
        direction = Direction.model_validate_json(media.read(request.direction))
        photo = media.read(request.photo)
        unpacked = result.unpack(media.read_result(request.result, limit=result.MAX_RESULT_BYTES))
        report = unpacked.report
        telemetry.emit("GenerationSeconds", sum(report.timings.values()), engine=report.engine.name)
        try:
            examined = examine(unpacked.video, report, direction, photo)
        except (VideoDefective, VideoUnreadable) as error:
            # What the receipt counts: a clip that nobody sees has cost as much.
            timeline.note(request, "InspectVideo", **takes.noted(request.take, report))
            if isinstance(error, VideoDefective) and report.engine.family != "procedural":
                raise ModelDefective(str(error)) from error
            raise

        def write(name: str, body: bytes, media_type: str) -> ObjectRef:
            key = work_key(request.story_id, request.attempt, f"take{request.take}-{name}")
            return media.write(settings.work_bucket, key, body, media_type)

        output = InspectVideoOutput(
            clip=write("clip.mp4", unpacked.video, "video/mp4"),
            report=write("report.json", unpacked.report_json, "application/json"),
            frames=tuple(
                write(f"frame{index:04d}.jpg", jpeg, "image/jpeg")
                for index, jpeg in examined.frames.items()
            ),
            engine=report.engine.model_copy(update={"instead_of": direction.instead_of}),
            crop=report.crop,
        )
        timeline.note(request, "InspectVideo", report=report.model_dump_json())
        logger.info(
            "clip examined",
            story_id=request.story_id,
            take=request.take,
            engine=report.engine.name,
            instead_of=direction.instead_of,
            likeness_db=round(examined.likeness_db, 1),
            mean_motion=round(examined.mean_motion, 2),
            frames=len(examined.frames),
        )
        return output.model_dump(mode="json")
