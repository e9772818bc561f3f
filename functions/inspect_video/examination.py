"""The whole examination of a clip: refuse it with all its defects, or hand on frames to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from frames import clip
from inspect_video import defects, likeness
from story.errors import ResultUnreadable, VideoDefective

if TYPE_CHECKING:
    from story.generation import Direction, Report

_ROUNDING: Final = 1e-6


@dataclass(frozen=True)
class Examined:
    """A clip without defects: frames as JPEG by their index, and what was measured."""

    frames: dict[int, bytes]
    likeness_db: float
    mean_motion: float


def examine(video: bytes, report: Report, direction: Direction, photo_jpeg: bytes) -> Examined:
    """Examine a clip against its direction and the photo.

    Raises ResultUnreadable if it answers another request, VideoUnreadable if it does not decode,
    VideoDefective with every defect found.
    """
    _require_answer(report, direction)
    declared = clip.declared(video)
    of_form = list(defects.of_form(declared, direction))
    if of_form:
        # Pictures of another size or rate cannot be measured as these thresholds were.
        raise VideoDefective(_sentence(of_form))
    photo = likeness.opened(photo_jpeg)
    pictures = clip.decode(video, direction)
    found = list(defects.of_pictures(pictures, direction, photo, report))
    if found:
        raise VideoDefective(_sentence(found))
    return Examined(
        frames={index: clip.jpeg(pixels) for index, pixels in pictures.kept.items()},
        likeness_db=likeness.first_frame_psnr(pictures.small[0], photo, report.crop, report.fit),
        mean_motion=sum(pictures.motion) / len(pictures.motion),
    )


def _require_answer(report: Report, direction: Direction) -> None:
    if report.inference_id != direction.inference_id:
        raise ResultUnreadable(
            f"The result answers request {report.inference_id}, not {direction.inference_id}"
        )
    if direction.instead_of is not None and report.engine.family != "procedural":
        raise ResultUnreadable(
            f"The result is by {report.engine.name}; the procedural engine was to make it, in "
            f"place of {direction.instead_of}"
        )
    crop = report.crop
    if not (
        crop.width > 0
        and crop.height > 0
        and crop.left + crop.width <= 1 + _ROUNDING
        and crop.top + crop.height <= 1 + _ROUNDING
    ):
        raise ResultUnreadable(f"The report's crop lies outside the photo: {crop}")


def _sentence(found: list[str]) -> str:
    return f"The clip has {len(found)} defect{'s' * (len(found) > 1)}: {'; '.join(found)}"
