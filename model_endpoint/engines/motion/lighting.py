"""All lights of a picture as one coarse field of gain and tint, seen through the camera."""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np

from model_endpoint.engines.motion.fields import field_places
from model_endpoint.engines.motion.planes import BLACK, NEUTRAL, Planes
from model_endpoint.engines.motion.sampling import sample_map
from model_endpoint.engines.motion.stage import FIELD_PX, Light
from model_endpoint.pixels import Map, Rgb, as_map

#: Gain of Y' and what is added to U and V, each (rows, columns).
Sum: TypeAlias = tuple[Map, Map, Map]
#: Moments a second at which lights are worked out; between them they are interpolated. Light is
#: slow: what twinkles faster is drawn as a veil.
MOMENTS_HZ = 8.0
#: Deviation of chroma, grey levels, of photos of one tone and of those in colours; the longer side
#: at which it is measured.
ONE_TONE, COLOURED = 1.5, 4.0
MEASURED_PX = 160


class Lighting:
    """Gains multiply, tints add."""

    def __init__(
        self,
        lights: Sequence[Light],
        plate: tuple[int, int],
        seconds: float,
        colour: float = 1.0,
    ) -> None:
        """plate: its (width, height); seconds: the clip's length; colour: see colourfulness."""
        self._lights = tuple(lights)
        self._colour = colour
        self._shape = (-(-plate[1] // FIELD_PX) + 1, -(-plate[0] // FIELD_PX) + 1)
        self._moments = max(1, round(MOMENTS_HZ * seconds))
        self._known: dict[int, Sum] = {}

    def __bool__(self) -> bool:
        """Whether there is any light."""
        return bool(self._lights)

    def _at(self, phase: float) -> Sum:
        """The sum at a phase, between the moments around it."""
        moment = phase * self._moments
        before = min(self._moments - 1, int(moment))
        late = moment - before
        # Only the two moments around the last phase are kept: frames mostly come in order.
        self._known = {
            index: self._known[index] if index in self._known else self._summed(index)
            for index in (before, before + 1)
        }
        first, second = self._known[before], self._known[before + 1]
        gain, u, v = (
            as_map(cv2.addWeighted(one, 1.0 - late, other, late, 0.0))
            for one, other in zip(first, second, strict=True)
        )
        return gain, u, v

    def _summed(self, moment: int) -> Sum:
        total_gain = np.ones(self._shape, dtype=np.float32)
        total_u, total_v = np.zeros_like(total_gain), np.zeros_like(total_gain)
        for light in self._lights:
            patch = light.patch
            gain, u, v = cv2.split(light.at(moment / self._moments))
            row, column = patch.top // FIELD_PX, patch.left // FIELD_PX
            rows, columns = patch.field_shape
            for total, values, add in (
                (total_gain, gain, np.multiply),
                (total_u, u, np.add),
                (total_v, v, np.add),
            ):
                part = total[row : row + rows, column : column + columns]
                add(part, values[: part.shape[0], : part.shape[1]], out=part)
        total_u *= self._colour
        total_v *= self._colour
        return total_gain, total_u, total_v

    def apply(
        self, picture: Planes, phase: float, places: Map, rect: tuple[int, int, int, int]
    ) -> None:
        """Light a rectangle of the picture in place; places: plate pixels of the camera's grid."""
        gains, *tints = self._at(phase)
        rows = -(-rect[3] // FIELD_PX) + 2
        at = field_places(coarser(places[:rows]))
        gain = sample_map(gains, at)
        dimmed = as_map(1.0 - gain)
        part = picture.part(rect) if picture.y.shape[0] > rect[3] - rect[1] else picture
        shade(part.y, enlarged(gain, rect, 1), enlarged(as_map(BLACK * dimmed), rect, 1))
        small = enlarged(gain, rect, 2)
        for plane, tint in zip((part.u, part.v), tints, strict=True):
            offset = as_map(sample_map(tint, at) + NEUTRAL * dimmed)
            shade(plane, small, enlarged(offset, rect, 2))


def colourfulness(plate: Rgb) -> float:
    """0 for a photo in black and white or of one tone, 1 for one in colours.

    By how far the chroma of a plate (h, w, 3) strays from its mean. A light that tints a photo
    without colours would be the only colour in it.
    """
    scale = min(1.0, MEASURED_PX / max(plate.shape[:2]))
    small = cv2.resize(plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, red, blue = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb))
    strayed = float(np.hypot(red.std(), blue.std()))
    return float(np.clip((strayed - ONE_TONE) / (COLOURED - ONE_TONE), 0.0, 1.0))


def coarser(places: Map) -> Map:
    """A camera's grid (rows, columns, 2) with one place for four: light is smooth."""
    rows, columns = places.shape[0] + places.shape[0] % 2, places.shape[1] + places.shape[1] % 2
    even = cv2.copyMakeBorder(
        places, 0, rows - places.shape[0], 0, columns - places.shape[1], cv2.BORDER_REFLECT
    )
    return as_map(cv2.resize(even, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA))


def enlarged(grid: Map, rect: tuple[int, int, int, int], part: int) -> Map:
    """A coarser grid's values at the pixels of a rectangle, or (part 2) of its chroma.

    The grid begins FIELD_PX to the left of and above the picture.
    """
    step, before = 2 * FIELD_PX // part, FIELD_PX // part
    left, top, right, bottom = (side // part for side in rect)
    size = (grid.shape[1] * step, grid.shape[0] * step)
    fine = as_map(cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR))
    return as_map(fine[before + top : before + bottom, before + left : before + right])


def shade(plane: Rgb, gain: Map, offset: Map) -> None:
    """Replace a plane by plane·gain + offset."""
    lit = as_map(cv2.multiply(plane, gain, dtype=cv2.CV_32F))
    cv2.add(lit, offset, dst=plane, dtype=cv2.CV_8U)
