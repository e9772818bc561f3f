"""Drawing the focus: what is behind the subject blurs, as behind a wide lens."""

from collections.abc import Sequence

import cv2

from model_endpoint.engines.motion.grid import Pixels, Rect, block, cropped, part
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.sampling import sample, scaled
from model_endpoint.engines.motion.stage import FIELD_PX
from model_endpoint.engines.motion.textures import Texture
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: Deviation of the blur at its most, as a part of the texture's longer side.
BLUR = 0.006
#: The blurred copy is kept this much coarser than the texture: it has no detail to lose.
COARSER = 4


class Defocus:
    """A blurred copy of the ground, mixed with the sharp one by how far the focus is away."""

    def __init__(self, ground: Texture) -> None:
        """Blur once; a frame only mixes."""
        height, width = ground.pixels.shape[:2]
        size = (max(1, width // COARSER), max(1, height // COARSER))
        small = cv2.resize(ground.pixels, size, interpolation=cv2.INTER_AREA)
        deviation = BLUR * max(height, width) / COARSER
        self._blurred = as_rgb(cv2.GaussianBlur(small, (0, 0), deviation))
        self._scale = size[0] / width

    def ground(
        self,
        drawn: Planes,
        cover: Rgb | None,
        within: Rect,
        places: Map,
        rects: Sequence[Rect],
        *,
        amount: float,
    ) -> None:
        """Take rectangles of the ground, drawn sharp, out of focus by `amount` 0..1, in place.

        cover: its coverage, or None if it covers all. places: pixels of the sharp texture that the
        camera's grid sees.
        """
        offset = 0.5 * self._scale - 0.5
        own = scaled(places, self._scale, offset, offset)
        for rect in rects:
            # What is blurred may be looked up at every other pixel: where chroma is.
            few = block(own, rect)
            half = cv2.resize(few, (2 * few.shape[1], 2 * few.shape[0]))
            y, u, v, a = cv2.split(sample(self._blurred, as_map(half), cv2.BORDER_REPLICATE))
            sharp = drawn.part(moved(rect, within))
            for mine, soft in ((sharp.u, u), (sharp.v, v)):
                mix(mine, cropped(soft, halves(rect), FIELD_PX // 2), amount)
            size = (FIELD_PX * few.shape[1], FIELD_PX * few.shape[0])
            mix(sharp.y, cropped(cv2.resize(y, size), rect), amount)
            if cover is not None:
                mix(part(cover, rect, within), cropped(cv2.resize(a, size), rect), amount)

    @staticmethod
    def blurred(drawn: Rgb, amount: float) -> Rgb:
        """A drawn sky (h, w, 4), which is soft already: only as much as its clouds show."""
        deviation = max(0.3, amount * BLUR * max(drawn.shape))
        return as_rgb(cv2.GaussianBlur(drawn, (0, 0), deviation))


def mix(sharp: Rgb, soft: Pixels, amount: float) -> None:
    """Mix a plane with its blurred copy, in place."""
    cv2.addWeighted(sharp, 1.0 - amount, soft, amount, 0.0, dst=sharp)


def moved(rect: Rect, within: Rect) -> Rect:
    """A rectangle of the picture as one of another around it."""
    left, top = within[:2]
    return rect[0] - left, rect[1] - top, rect[2] - left, rect[3] - top


def halves(rect: Rect) -> Rect:
    """An even rectangle of the picture in its chroma."""
    return rect[0] // 2, rect[1] // 2, rect[2] // 2, rect[3] // 2
