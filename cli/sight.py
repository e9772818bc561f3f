"""What the motion engine sees in a picture and would do with it, looked at again for a page."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import av
import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cli.outcome import CommandFailed
from direct_scene.direction import direct
from label_video import badge
from model_endpoint import explain
from model_endpoint.engines.motion.engine import produce
from model_endpoint.engines.motion.explaining import FLOW_PHASE
from model_endpoint.engines.motion.planes import rgb
from model_endpoint.pixels import as_map, as_rgb
from model_endpoint.scene.analysis import analyse
from story import labels, limits
from story.cards import card

if TYPE_CHECKING:
    from typing import Any

    from model_endpoint.pixels import Rgb
    from story.generation import EngineName
    from story.labels import Language

JPEG_QUALITY = 84
PICTURE_SIDE_PX = 900
STILL_SIDE_PX = 480
INPAINT_RADIUS_PX = 5


class Figure(NamedTuple):
    """A picture for the page."""

    title: str
    words: str
    jpeg: bytes
    certainty: float | None = None


class Sight(NamedTuple):
    """What was seen and chosen."""

    kind: str
    kind_certainty: float
    facts: tuple[tuple[str, str], ...]
    regions: tuple[Figure, ...]
    others: tuple[Figure, ...]
    plan: tuple[tuple[str, str], ...]


def jpeg(picture: Rgb, side: int) -> bytes:
    """A picture (H, W, 3) as JPEG, its longer side at most `side` pixels."""
    out = io.BytesIO()
    Image.fromarray(explain.fitted(picture, side)).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def opened(photo: bytes) -> Rgb:
    """A photo upright as (H, W, 3). Raises CommandFailed if it is none."""
    try:
        with Image.open(io.BytesIO(photo)) as image:
            return as_rgb(np.asarray(ImageOps.exif_transpose(image).convert("RGB")))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise CommandFailed("photo_unreadable", f"the photo does not decode: {error}") from error


def frames_of(video: bytes, indices: tuple[int, ...]) -> dict[int, Rgb]:
    """Frames of a video by their index, each (H, W, 3)."""
    wanted, last = set(indices), max(indices)
    found = {}
    try:
        with av.open(io.BytesIO(video), "r") as clip:
            for index, frame in enumerate(clip.decode(video=0)):
                if index in wanted:
                    found[index] = as_rgb(frame.to_ndarray(format="rgb24"))
                if index >= last:
                    break
    except av.error.FFmpegError as error:
        raise CommandFailed("video_unreadable", f"the video does not decode: {error}") from error
    return found


def without_badge(frame: Rgb, engine: EngineName, language: Language) -> Rgb:
    """A frame of a labelled clip, its badge painted over from around: else it is seen as a thing.

    Inpainting by fast marching (Telea, 2004).
    """
    height, width = frame.shape[:2]
    words = labels.for_engine(engine).words[language]
    left, top, right, bottom = badge.fit(language, words, width, height).box
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = 255
    return as_rgb(cv2.inpaint(frame, mask, INPAINT_RADIUS_PX, cv2.INPAINT_TELEA))


def look(picture: Rgb, record: dict[str, Any], *, seed: int, size: tuple[int, int]) -> Sight:
    """Analyse a picture and plan a clip of it, by the words and wishes in the story's record.

    size: of the clip. What Rekognition said of the photo is not kept, so the plan does without.
    """
    scene = analyse(picture)
    direction = direct(
        engine=card("motion"),
        story_id=str(record["story_id"]),
        attempt=int(record["attempt"]),
        take=1,
        prompt=record["prompt"],
        fit=record["fit"],
        loop=bool(record.get("loop", True)),
        preset=record.get("preset"),
        seed=seed,
        seconds=float(record.get("seconds", limits.CLIP_SECONDS)),
        aspect=record.get("aspect", "9:16"),
        sound=bool(record.get("sound", True)),
        tags=(),
        faces=(),
    ).model_copy(update={"width": size[0], "height": size[1]})
    production = produce(picture, direction, scene)
    # A field says where a place is taken from; an arrow shows where it goes.
    flow = as_map(-production.renderer.displacement(FLOW_PHASE))
    ground = explain.fitted(rgb(production.renderer.draw(0.0)), PICTURE_SIDE_PX).copy()
    over = (ground.shape[1], ground.shape[0])
    explain.arrows(ground, as_map(cv2.resize(flow, over, interpolation=cv2.INTER_AREA)))
    others = [
        Figure(
            "Flow", "Arrows point where things go; longer is faster.", jpeg(ground, PICTURE_SIDE_PX)
        ),
        Figure(
            "Depth",
            "Light is near, dark is far.",
            jpeg(explain.depth_picture(scene), PICTURE_SIDE_PX),
        ),
    ]
    if scene.faces or scene.sources or scene.horizon is not None:
        others.append(
            Figure(
                "Faces, sources, horizon",
                "Boxes and points, circles, a line.",
                jpeg(explain.marked(picture, scene), PICTURE_SIDE_PX),
            )
        )
    regions = sorted(scene.regions, key=lambda region: region.confidence, reverse=True)
    horizon = "not seen" if scene.horizon is None else f"{scene.horizon:.0%} from the top"
    return Sight(
        kind=scene.kind,
        kind_certainty=scene.kind_confidence,
        facts=(
            ("Horizon", horizon),
            ("Faces", f"{len(scene.faces)} found"),
            ("Camera", production.move.replace("_", " ")),
            *((each.kind.capitalize(), f"{each.confidence:.0%} sure") for each in scene.sources),
        ),
        regions=tuple(
            Figure(
                explain.NAMES.get(region.kind, region.kind),
                f"{region.area:.0%} of the picture",
                jpeg(explain.painted(picture, region), PICTURE_SIDE_PX),
                min(1.0, region.confidence),
            )
            for region in regions
        ),
        others=tuple(others),
        plan=(
            *(("understood", sentence) for sentence in production.plan.understood),
            *(("unmet", sentence) for sentence in production.plan.unmet),
        ),
    )
