"""All lights of a picture as one coarse field of gain and tint, seen through the camera."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from model_endpoint.engines.motion.fields import field_places
from model_endpoint.engines.motion.grid import Rect
from model_endpoint.engines.motion.planes import BLACK, LUMA_SPAN, NEUTRAL, Planes
from model_endpoint.engines.motion.sampling import sample_map
from model_endpoint.engines.motion.stage import FIELD_PX, Light
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: Gain of Y' and what is added to U and V, each (rows, columns).
Sum: TypeAlias = tuple[Map, Map, Map]
#: Moments a second at which lights are worked out; between them they are interpolated. Light is
#: slow: what twinkles faster is drawn as a veil.
MOMENTS_HZ = 8.0
#: Deviation of chroma, grey levels, of photos of one tone and of those in colours; the longer side
#: at which it is measured.
ONE_TONE, COLOURED = 1.5, 4.0
MEASURED_PX = 160
#: Side of a cell of the grid on which light is seen: one for four places of the camera's.
CELL_PX = 2 * FIELD_PX
#: Levels of the picture that light may change it by unseen.
UNSEEN = 0.2
BYTE = 255.0
TINY = 1e-6


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

    def apply(self, picture: Planes, phase: float, places: Map) -> None:
        """Light the picture, or its upper part, in place; places: plate pixels of the grid."""
        height, width = picture.y.shape
        rows = -(-height // FIELD_PX) + 2
        at = field_places(coarser(places[:rows]))
        gain, blue, red = (sample_map(values, at) for values in self._at(phase))
        more = as_map(gain - 1.0)
        found = lit_part((more, blue, red), (width, height))
        if found is None:
            return
        (top, bottom, left, right), lit = found
        cell = slice(top, bottom), slice(left, right)
        begin = (left * CELL_PX - FIELD_PX, top * CELL_PX - FIELD_PX)
        part = picture.part(lit)
        brighten(part.y, steps(more[cell], begin, lit, 1))
        gains = steps(more[cell], begin, lit, 2)
        for plane, tint in ((part.u, blue), (part.v, red)):
            saturate(plane, gains)
            shift(plane, steps(tint[cell], begin, lit, 2))


@dataclass(frozen=True, slots=True)
class Steps:
    """A field at every pixel as what it adds and takes away, each (h, w) uint8 times a unit.

    Arithmetic of bytes is several times as fast as that of floats, and a unit, the field's own
    greatest over 255, leaves an error far below a step of the picture. None: nowhere.
    """

    add: Rgb | None
    take: Rgb | None
    unit: float


def steps(cells: Map, begin: tuple[int, int], rect: Rect, part: int) -> Steps:
    """A part of a coarser grid's field at the pixels of a rectangle, or (part 2) of its chroma.

    begin: the picture's pixel at which the part's first cell begins.
    """
    low, high, _, _ = cv2.minMaxLoc(cells)
    unit = max(high, -low, TINY) / BYTE
    step = CELL_PX // part
    size = (cells.shape[1] * step, cells.shape[0] * step)
    left, top = (rect[0] - begin[0]) // part, (rect[1] - begin[1]) // part
    width, height = (rect[2] - rect[0]) // part, (rect[3] - rect[1]) // part

    def enlarged(sign: float) -> Rgb:
        # Rounded to bytes, and what has the other sign to 0.
        levels = np.rint(np.maximum(cells * (sign / unit), 0.0)).astype(np.uint8)
        fine = cv2.resize(levels, size, interpolation=cv2.INTER_LINEAR)
        return as_rgb(fine[top : top + height, left : left + width])

    return Steps(enlarged(1.0) if high > 0.0 else None, enlarged(-1.0) if low < 0.0 else None, unit)


def lit_part(fields: Sum, size: tuple[int, int]) -> tuple[tuple[int, int, int, int], Rect] | None:
    """The cells (top, bottom, left, right) that light changes, and their part of the picture.

    fields: gain less 1, and what is added to U and V, on the coarser grid. size: (width, height).
    """
    more, blue, red = (np.abs(field) for field in fields)
    seen = (more * LUMA_SPAN > UNSEEN) | (blue > UNSEEN) | (red > UNSEEN)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if len(rows) == 0:
        return None
    # One cell more on each side: to there it fades.
    top, bottom = max(0, int(rows[0]) - 1), min(seen.shape[0], int(rows[-1]) + 2)
    left, right = max(0, int(columns[0]) - 1), min(seen.shape[1], int(columns[-1]) + 2)
    lit = (
        max(0, left * CELL_PX - FIELD_PX),
        max(0, top * CELL_PX - FIELD_PX),
        min(size[0], right * CELL_PX - FIELD_PX),
        min(size[1], bottom * CELL_PX - FIELD_PX),
    )
    return ((top, bottom, left, right), lit) if lit[0] < lit[2] and lit[1] < lit[3] else None


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


def brighten(luma: Rgb, gains: Steps) -> None:
    """Multiply, in place, what luma has above black by 1 + gains."""
    light = as_rgb(cv2.subtract(luma, np.full_like(luma, BLACK)))
    if gains.add is not None:
        cv2.add(luma, cv2.multiply(light, gains.add, scale=gains.unit), dst=luma)
    if gains.take is not None:
        cv2.subtract(luma, cv2.multiply(light, gains.take, scale=gains.unit), dst=luma)


def saturate(chroma: Rgb, gains: Steps) -> None:
    """Multiply, in place, what chroma has beside grey by 1 + gains."""
    grey = np.full_like(chroma, NEUTRAL)
    above, below = cv2.subtract(chroma, grey), cv2.subtract(grey, chroma)
    for gain, more, less in ((gains.add, above, below), (gains.take, below, above)):
        if gain is not None:
            cv2.add(chroma, cv2.multiply(more, gain, scale=gains.unit), dst=chroma)
            cv2.subtract(chroma, cv2.multiply(less, gain, scale=gains.unit), dst=chroma)


def shift(chroma: Rgb, tint: Steps) -> None:
    """Add a tint in place."""
    if tint.add is not None:
        cv2.add(chroma, cv2.convertScaleAbs(tint.add, alpha=tint.unit), dst=chroma)
    if tint.take is not None:
        cv2.subtract(chroma, cv2.convertScaleAbs(tint.take, alpha=tint.unit), dst=chroma)
