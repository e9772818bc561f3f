"""The photo as a model's first frame, and what is heard beside it, from one look at the scene."""

from collections.abc import Callable
from dataclasses import dataclass

from model_endpoint.engines.motion.card import surround
from model_endpoint.engines.motion.planes import packed, planes, rgb
from model_endpoint.engines.motion.soundtrack import soundtrack
from model_endpoint.engines.motion.staging import prepare
from model_endpoint.pixels import Map, Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.model import Region
from story.generation import Box, Direction, Fit


@dataclass(frozen=True, slots=True)
class Opening:
    """The first frame, (H, W, 3) at the clip's size, and where it is in the photo.

    compose makes the motion engine's sound for this scene: (samples, 2) float32 at 48 kHz, or None
    for silence. Nothing in it swells with a motion: what will move is the model's affair.
    """

    picture: Rgb
    crop: Box
    fit: Fit
    regions: tuple[Region, ...]
    compose: Callable[[], Map | None]


def opening(photo: Rgb, direction: Direction) -> Opening:
    """Look at a photo (H, W, 3) and cut the first frame; a model's camera needs no room beside."""
    scene = analyse(photo, direction.faces, direction.tags, direction.wishes.named)
    staged = prepare(photo, scene, direction, "none")
    framing = staged.framing
    (left, top), (width, height) = framing.home, framing.size
    picture = framing.plate[top : top + height, left : left + width]
    clip = (direction.width, direction.height)
    if framing.size != clip:
        # A card: around it is its own blur, as the motion engine draws it.
        picture = rgb(surround(planes(packed(picture)), clip))
    return Opening(
        picture=picture,
        crop=framing.crop,
        fit=framing.fit,
        regions=scene.regions,
        compose=lambda: soundtrack(direction, staged.stage, ()),
    )
