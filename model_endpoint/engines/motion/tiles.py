"""Which parts of a picture need a layer: drawing only those costs less than looking it up whole.

A part is a run of square tiles, since a rectangle's own cost is that of about a thousand pixels.
"""

import re
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.grid import Rect
from model_endpoint.engines.motion.stage import FIELD_PX
from model_endpoint.pixels import Map, as_map

#: Side of a tile, in places that are asked.
TILE_PLACES = 8
#: Every other place of the camera's grid is asked whether it needs a layer.
STRIDE = 2
TILE_PX = TILE_PLACES * STRIDE * FIELD_PX

#: A run of true tiles in a row, as bytes.
RUN = re.compile(b"\x01+")

#: One truth for each place that is asked, or for each tile.
Squares: TypeAlias = NDArray[np.bool_]


def asked(grid: Map) -> Map:
    """A camera's grid (rows, columns), or its places (rows, columns, 2), where it is asked."""
    if grid.ndim == 2:  # noqa: PLR2004 - a value at each place
        return np.ascontiguousarray(grid[::STRIDE, ::STRIDE])
    # Both numbers of a place at once: numpy copies pairs that lie apart fifty times slower.
    pairs = np.ascontiguousarray(grid.view(np.float64)[::STRIDE, ::STRIDE, 0])
    return pairs.view(np.float32).reshape(*pairs.shape, 2)


def tiled(needed: Squares) -> Squares:
    """The tiles (rows, columns) that hold a place that is needed, or touch one.

    The grid's first place lies just outside the picture, and its last as well: see grid.py.
    """
    near = cv2.dilate(needed.view(np.uint8), np.ones((3, 3), np.uint8))
    rows, columns = (-(-(side - 1) // TILE_PLACES) for side in near.shape)
    whole = np.zeros((rows * TILE_PLACES, columns * TILE_PLACES), dtype=np.uint8)
    inside = near[: whole.shape[0], : whole.shape[1]]
    whole[: inside.shape[0], : inside.shape[1]] = inside
    squares = whole.reshape(rows, TILE_PLACES, columns, TILE_PLACES)
    return np.asarray(squares.any(axis=(1, 3)), dtype=np.bool_)


def extremes(values: Map) -> tuple[Map, Map]:
    """The most and the least of a plate's values (h, w) around each value of a field.

    As far around as a place that is asked stands for others.
    """
    around = np.ones(((2 * STRIDE + 1) * FIELD_PX, (2 * STRIDE + 1) * FIELD_PX), np.uint8)
    middle = FIELD_PX // 2
    most = cv2.dilate(values, around)[middle::FIELD_PX, middle::FIELD_PX]
    least = cv2.erode(values, around)[middle::FIELD_PX, middle::FIELD_PX]
    return as_map(most), as_map(least)


def rects(tiles: Squares, within: Rect) -> list[Rect]:
    """Rectangles of the picture that cover all true tiles and no other, cut to another.

    Runs of a row, and the same runs of the rows below with them.
    """
    found: list[Rect] = []
    open_runs: dict[tuple[int, int], int] = {}
    content, columns = tiles.tobytes(), tiles.shape[1]
    before = b""
    for row in range(len(tiles) + 1):
        # A row of no tiles at all ends what is open.
        values = content[row * columns : (row + 1) * columns]
        if values == before:
            continue
        before = values
        runs = {run.span() for run in RUN.finditer(values)}
        over = [run for run in open_runs if run not in runs]
        found.extend(_pixels(run, open_runs.pop(run), row, within) for run in over)
        for run in runs:
            open_runs.setdefault(run, row)
    return [rect for rect in found if rect[0] < rect[2] and rect[1] < rect[3]]


def _pixels(run: tuple[int, int], top: int, bottom: int, within: Rect) -> Rect:
    left, right = run
    return (
        max(within[0], left * TILE_PX),
        max(within[1], top * TILE_PX),
        min(within[2], right * TILE_PX),
        min(within[3], bottom * TILE_PX),
    )
