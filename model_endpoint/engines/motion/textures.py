"""Layers as they are sampled: Y'CbCr and coverage packed in four bytes, finer than the plate.

OpenCV samples four channels in the time of one; and what was enlarged once with cubics may be
sampled linearly in every frame and stays sharp, however the camera moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.grid import Rect, block, enlarged, part
from model_endpoint.engines.motion.planes import BLACK, NEUTRAL, matrix
from model_endpoint.engines.motion.sampling import NO_SECOND_MAP, sample, scaled
from model_endpoint.engines.motion.stage import Patch
from model_endpoint.pixels import Map, Rgb, as_rgb

#: How much finer than the plate a layer is kept.
FINER = 2
HALF_WAY = np.array([-1.0, 9.0, 9.0, -1.0], dtype=np.float32) / 16.0
FULL = 255.0
COVERAGE = 3


def packed_layer(layer: Rgb) -> Rgb:
    """Y'CbCr of sRGB times coverage and coverage (h, w, 4), or of an opaque (h, w, 3)."""
    four = layer if layer.shape[2] > COVERAGE else cv2.cvtColor(layer, cv2.COLOR_RGB2RGBA)
    change = np.zeros((4, 4), dtype=np.float32)
    change[:3, :3] = matrix()[:, :3]
    # Black and grey are offsets: of a layer that covers half, half of them.
    change[:3, 3] = np.array([BLACK, NEUTRAL, NEUTRAL]) / FULL
    change[3, 3] = 1.0
    return as_rgb(cv2.transform(four, change))


@dataclass(frozen=True, slots=True)
class Texture:
    """A patch of a layer, FINER times as fine as the plate: (h, w, 4) uint8 and its place."""

    pixels: Rgb
    left: int
    top: int

    def sample(self, places: Map, border: int = cv2.BORDER_REFLECT_101) -> Rgb:
        """(h, w, 4) at places (h, w, 2) in this texture's own pixels; see `own`."""
        return sample(self.pixels, places, border)

    def draw(
        self,
        drawn: Rgb,
        within: Rect,
        places: Map,
        rects: Sequence[Rect],
        border: int = cv2.BORDER_REFLECT_101,
    ) -> None:
        """Draw rectangles of the picture into what is drawn of another around them, in place.

        places: plate pixels of the camera's grid.
        """
        own = self.own(places)
        for rect in rects:
            full = enlarged(block(own, rect), rect)
            into = part(drawn, rect, within)
            cv2.remap(
                self.pixels, full, NO_SECOND_MAP, cv2.INTER_LINEAR, dst=into, borderMode=border
            )

    def own(self, places: Map) -> Map:
        """Plate pixels (…, 2) as pixels of this texture."""
        return scaled(places, float(FINER), -FINER * float(self.left), -FINER * float(self.top))


def texture(layer: Rgb, patch: Patch | None = None) -> Texture:
    """Make a texture of a layer's patch, or of all of it; sRGB (h, w, 3) or (h, w, 4)."""
    left, top = (patch.left, patch.top) if patch else (0, 0)
    cutting = layer[top : top + patch.height, left : left + patch.width] if patch else layer
    return Texture(finer(packed_layer(cutting)), left, top)


def finer(layer: Rgb) -> Rgb:
    """(h, w, 4) to (2h, 2w, 4): even pixels are the layer's own, the others between them.

    Cubic interpolation half-way between samples: Keys, Cubic Convolution Interpolation for Digital
    Image Processing, IEEE Trans. ASSP 29, 1981, with a = -1/2.
    """
    across = cv2.filter2D(layer, -1, HALF_WAY[None, :], anchor=(1, 0))
    down = cv2.filter2D(layer, -1, HALF_WAY[:, None], anchor=(0, 1))
    both = cv2.filter2D(across, -1, HALF_WAY[:, None], anchor=(0, 1))
    height, width = layer.shape[:2]
    # Four bytes at a time: numpy moves whole pixels faster than channels.
    fine = np.empty((FINER * height, FINER * width), dtype=np.uint32)
    parts = ((0, 0, layer), (0, 1, across), (1, 0, down), (1, 1, both))
    for row, column, quarter in parts:
        whole = np.ascontiguousarray(quarter, dtype=np.uint8).view(np.uint32)[..., 0]
        fine[row::FINER, column::FINER] = whole
    return as_rgb(fine.view(np.uint8).reshape(FINER * height, FINER * width, 4))
