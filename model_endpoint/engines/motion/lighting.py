"""All lights of a picture as one coarse field of gain and tint, seen through the camera."""

from collections.abc import Sequence

import cv2
import numpy as np

from model_endpoint.engines.motion.fields import looked_up
from model_endpoint.engines.motion.planes import BLACK, NEUTRAL, Planes
from model_endpoint.engines.motion.stage import FIELD_PX, Light
from model_endpoint.pixels import Map, Rgb, as_map

#: (1, 0, 0): no light.
NONE = (1.0, 0.0, 0.0)


class Lighting:
    """Gains multiply, tints add."""

    def __init__(self, lights: Sequence[Light], plate: tuple[int, int]) -> None:
        """plate: its (width, height)."""
        self._lights = tuple(lights)
        rows, columns = -(-plate[1] // FIELD_PX) + 1, -(-plate[0] // FIELD_PX) + 1
        self._sum = np.empty((rows, columns, 3), dtype=np.float32)

    def __bool__(self) -> bool:
        """Whether there is any light."""
        return bool(self._lights)

    def apply(
        self, picture: Planes, phase: float, places: Map, rect: tuple[int, int, int, int]
    ) -> None:
        """Light a rectangle of the picture in place; places: plate pixels of the camera's grid."""
        self._sum[:] = NONE
        for light in self._lights:
            patch, values = light.patch, light.at(phase)
            row, column = patch.top // FIELD_PX, patch.left // FIELD_PX
            part = self._sum[row : row + values.shape[0], column : column + values.shape[1]]
            values = values[: part.shape[0], : part.shape[1]]
            part[..., 0] *= values[..., 0]
            part[..., 1:] += values[..., 1:]
        left, top, right, bottom = rect
        seen = looked_up(self._sum, places)
        gain = as_map(seen[..., 0])
        shade(
            picture.y[top:bottom, left:right],
            enlarged(gain, rect, FIELD_PX),
            enlarged(as_map(BLACK * (1.0 - gain)), rect, FIELD_PX),
        )
        half = (left // 2, top // 2, right // 2, bottom // 2)
        small = enlarged(gain, half, FIELD_PX // 2)
        for plane, channel in ((picture.u, 1), (picture.v, 2)):
            offset = as_map(seen[..., channel] + NEUTRAL * (1.0 - gain))
            shade(
                plane[half[1] : half[3], half[0] : half[2]],
                small,
                enlarged(offset, half, FIELD_PX // 2),
            )


def enlarged(grid: Map, rect: tuple[int, int, int, int], step: int) -> Map:
    """The camera grid's values at the pixels of a rectangle, `step` pixels a square."""
    left, top, right, bottom = rect
    size = (grid.shape[1] * step, grid.shape[0] * step)
    fine = as_map(cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR))
    return as_map(fine[step + top : step + bottom, step + left : step + right])


def shade(plane: Rgb, gain: Map, offset: Map) -> None:
    """Replace a plane by plane·gain + offset."""
    lit = as_map(cv2.multiply(plane, gain, dtype=cv2.CV_32F))
    cv2.add(lit, offset, dst=plane, dtype=cv2.CV_8U)
