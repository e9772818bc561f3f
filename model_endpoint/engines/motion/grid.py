"""The camera's grid: one place each FIELD_PX of the picture, and one square more on each side.

Its first square lies just outside the picture's upper left corner, so that interpolation between
the squares' centres never runs out at an edge.
"""

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.stage import FIELD_PX
from model_endpoint.pixels import Map, Rgb, as_map

#: A rectangle of the picture: left, top, right, bottom.
Rect: TypeAlias = tuple[int, int, int, int]
Pixels: TypeAlias = NDArray[Any]
#: How far outside the picture's first pixel the grid's first place lies, across and down.
OUTSIDE_PX = (FIELD_PX + 1) / 2


def centres(size: tuple[int, int]) -> tuple[Map, Map]:
    """Picture pixels (x, y) of every square's centre, for a picture of a size (width, height)."""
    columns, rows = -(-size[0] // FIELD_PX) + 2, -(-size[1] // FIELD_PX) + 2
    x, y = np.meshgrid(
        (np.arange(columns, dtype=np.float32) - 0.5) * FIELD_PX - 0.5,
        (np.arange(rows, dtype=np.float32) - 0.5) * FIELD_PX - 0.5,
    )
    return as_map(x), as_map(y)


def block(values: Map, rect: Rect) -> Map:
    """The part of a grid's values that a rectangle of the picture needs."""
    left, top, right, bottom = rect
    return values[
        top // FIELD_PX : -(-bottom // FIELD_PX) + 2, left // FIELD_PX : -(-right // FIELD_PX) + 2
    ]


def enlarged(values: Map, rect: Rect) -> Map:
    """A block's values at every pixel of its rectangle."""
    size = (values.shape[1] * FIELD_PX, values.shape[0] * FIELD_PX)
    return as_map(cropped(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), rect))


def cropped(fine: Pixels, rect: Rect, side: int = FIELD_PX) -> Pixels:
    """The rectangle's own pixels of a block that was enlarged to `side` pixels a square."""
    left, top, right, bottom = rect
    x, y = left % side + side, top % side + side
    return fine[y : y + bottom - top, x : x + right - left]


def part(values: Rgb, rect: Rect, within: Rect) -> Rgb:
    """A view of a rectangle of the picture in what has been drawn of another around it."""
    left, top, right, bottom = rect
    return values[top - within[1] : bottom - within[1], left - within[0] : right - within[0]]


def around(inside: Map, within: Rect) -> Rect | None:
    """The rectangle of the picture, cut to another, that holds the squares of a mask > 0."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if len(rows) == 0:
        return None
    left, right = (int(columns[0]) - 2) * FIELD_PX, (int(columns[-1]) + 1) * FIELD_PX
    top, bottom = (int(rows[0]) - 2) * FIELD_PX, (int(rows[-1]) + 1) * FIELD_PX
    left, top = max(within[0], left), max(within[1], top)
    right, bottom = min(within[2], right), min(within[3], bottom)
    return (left, top, right, bottom) if left < right and top < bottom else None
