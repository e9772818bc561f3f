"""A clip's layers as its frames are drawn from them, and where each of them is seen.

They depend on the photo alone, not on what moves, so that they can be made while that is decided.
"""

from dataclasses import dataclass

import numpy as np

from model_endpoint.engines.motion.framing import Framing
from model_endpoint.engines.motion.layers import Cutout
from model_endpoint.engines.motion.stage import FIELD_PX, Patch
from model_endpoint.engines.motion.staging import Staged
from model_endpoint.engines.motion.textures import COVERAGE, Texture, texture
from model_endpoint.engines.motion.tiles import extremes
from model_endpoint.pixels import Map, Rgb, as_map

#: Coverage and masks below this are none.
TRACE = 0.004
#: How far the camera may move a row, as a part of the picture's height.
CAMERA_REACH = 0.17


@dataclass(frozen=True, slots=True)
class Figure:
    """The subject as it is drawn: its texture, where that is on the plate, and its share."""

    texture: Texture
    patch: Patch
    share: float
    #: The most and the least coverage (0..1) around each square of a field of the whole plate.
    most: Map
    least: Map

    @classmethod
    def of(cls, cutout: Cutout | None) -> "Figure | None":
        """A cutout's figure; None for none, or for one that covers nothing."""
        if cutout is None:
            return None
        patch = Patch.around(as_map(cutout.pixels[..., COVERAGE]), margin_px=FIELD_PX)
        if patch is None:
            return None
        most, least = coverages(cutout.pixels)
        return cls(texture(cutout.pixels, patch), patch, cutout.share, most, least)


@dataclass(frozen=True, slots=True)
class Surfaces:
    """What every frame is drawn from.

    most, least: the ground's coverage (0..1) around each square of a field of the plate. sky: of
    the rows that the camera may see, or None.
    """

    ground: Texture
    most: Map
    least: Map
    sky: Texture | None
    figure: Figure | None

    @classmethod
    def of(cls, staged: Staged) -> "Surfaces":
        """Those of a staged photo."""
        framing, layers = staged.framing, staged.layers
        sky, rows = None, rows_of_sky(framing, layers.masks.get("sky"))
        if layers.sky is not None and rows:
            height, width = framing.plate.shape[:2]
            reach = min(height, framing.home[1] + rows + round(CAMERA_REACH * framing.size[1]))
            sky = texture(layers.sky, Patch(0, 0, width, reach))
        most, least = coverages(layers.ground)
        return cls(texture(layers.ground), most, least, sky, Figure.of(layers.subject))


def rows_of_sky(framing: Framing, mask: Map | None) -> int:
    """Rows of the picture that may show sky: below them it need not be drawn."""
    if mask is None:
        return 0
    height = framing.size[1]
    rows = np.flatnonzero((mask > TRACE).any(axis=1))
    lowest = int(rows[-1]) + 1 - framing.home[1] if len(rows) else 0
    return 2 * round(float(np.clip(lowest + CAMERA_REACH * height, 0, height)) / 2)


def coverages(layer: Rgb) -> tuple[Map, Map]:
    """The most and the least coverage (0..1) around each square of a field, of a packed layer."""
    if layer.shape[2] <= COVERAGE:
        full = np.ones((-(-layer.shape[0] // FIELD_PX), -(-layer.shape[1] // FIELD_PX)), np.float32)
        return full, full
    most, least = extremes(as_map(layer[..., COVERAGE]))
    return as_map(most / np.float32(255.0)), as_map(least / np.float32(255.0))
