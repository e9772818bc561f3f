"""Layers as they are sampled: Y'CbCr and coverage packed in four bytes, finer than the plate.

OpenCV samples four channels in the time of one; and what was enlarged once with cubics may be
sampled linearly in every frame and stays sharp, however the camera moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.grid import OUTSIDE_PX, Rect, block, enlarged, part
from model_endpoint.engines.motion.planes import BLACK, NEUTRAL, matrix
from model_endpoint.engines.motion.sampling import NO_SECOND_MAP, sample, scaled
from model_endpoint.engines.motion.stage import FIELD_PX, Patch
from model_endpoint.pixels import Map, Rgb, as_rgb

#: How much finer than the plate a layer is kept.
FINER = 2
HALF_WAY = np.array([-1.0, 9.0, 9.0, -1.0], dtype=np.float32) / 16.0
FULL = 255.0
COVERAGE = 3
#: A line of the processor's cache, in bytes and in pixels of a texture.
LINE_BYTES = 64
LINE_PX = LINE_BYTES // 4
#: Pixels of the picture that are drawn at once where a flow bends them: what they show of a texture
#: is a megabyte, about what a core's own cache holds.
BAND_PX = 1 << 16


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
    #: The first word of each line of the cache (h, w / LINE_PX).
    lines: NDArray[np.uint64] = field(init=False)

    def __post_init__(self) -> None:
        """See the pixels as lines."""
        words = self.pixels.reshape(len(self.pixels), -1).view(np.uint64)
        object.__setattr__(self, "lines", words[:, :: LINE_BYTES // words.itemsize])

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

    def draw_even(
        self,
        drawn: Rgb,
        within: Rect,
        places: Map,
        rects: Sequence[Rect],
        border: int = cv2.BORDER_REFLECT_101,
    ) -> None:
        """As `draw`, for places with as much between all rows, and between all columns.

        So the camera sees an unbent layer of one share: no grid has to be enlarged for it.
        """
        own = self.own(places).astype(np.float64)
        rows, columns = own.shape[:2]
        step_x, step_y = (own[-1, -1] - own[0, 0]) / (FIELD_PX * np.array([columns - 1, rows - 1]))
        x, y = own[0, 0] + OUTSIDE_PX * np.array([step_x, step_y])
        for rect in rects:
            into = part(drawn, rect, within)
            cv2.warpAffine(
                self.pixels,
                np.array(
                    [[step_x, 0.0, x + rect[0] * step_x], [0.0, step_y, y + rect[1] * step_y]]
                ),
                (into.shape[1], into.shape[0]),
                dst=into,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=border,
            )

    def draw_bent(self, into: Rgb, own: Map, rect: Rect) -> None:
        """Draw one rectangle of the picture, in place, where a flow bends the rows of the texture.

        own: the picture's grid, in pixels of this texture.
        """
        left, top, right, bottom = rect
        rows = max(FIELD_PX, BAND_PX // (right - left) // FIELD_PX * FIELD_PX)
        for begin in range(top, bottom, rows):
            band = (left, begin, right, min(bottom, begin + rows))
            few = block(own, band)
            self._fetch(few)
            cv2.remap(
                self.pixels,
                enlarged(few, band),
                NO_SECOND_MAP,
                cv2.INTER_LINEAR,
                dst=into[begin - top : band[3] - top],
                borderMode=cv2.BORDER_REFLECT_101,
            )

    def drawn_bent(self, own: Map, rect: Rect) -> Rgb:
        """One rectangle of the picture, (h, w, 4); see `draw_bent`."""
        into = np.empty((rect[3] - rect[1], rect[2] - rect[0], 4), dtype=np.uint8)
        self.draw_bent(into, own, rect)
        return into

    def _fetch(self, own: Map) -> None:
        """Read what lies between the corners of a block of the grid, row by row.

        Remap goes along the picture's rows. Where a flow bends them it jumps between rows of the
        texture, and waits for memory at each jump: twice as long as it takes for all else. A
        processor sees ahead of who reads in order; then remap finds all in the cache.
        """
        ((x0, y0), (x1, y1)), ((x2, y2), (x3, y3)) = own[
            :: own.shape[0] - 1, :: own.shape[1] - 1
        ].tolist()
        left, right = max(0, int(min(x0, x2))), max(0, int(max(x1, x3)))
        top, bottom = max(0, int(min(y0, y1))), max(0, int(max(y2, y3)))
        across = slice(left // LINE_PX, right // LINE_PX + 1)
        self.lines[top:bottom, across].max(initial=0)

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
