"""Drawing many small things at once on the planes of a picture: motes, flakes, petals, sparks.

Everything is laid over the picture with a coverage: p + a·(c - p). A bright colour laid over a
picture that is bright already hardly shows, as with real light on real dust, and nothing clips.
Sprites that overlap within one batch share the pixel by their weights, so that none cuts a notch
into another.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.planes import Planes, colour
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: Coverage of m pixels around sprites: from their offsets right and down of the sprite's place (m,)
#: in picture pixels and the sprites' numbers (m,) to (m,). It is 0 beyond a sprite's reach.
Shape = Callable[[Map, Map, NDArray[np.intp]], Map]

#: Picture pixels of a pixel of the luma and of the chroma planes.
LUMA_STEP, CHROMA_STEP = 1, 2
#: Cells across a sprite that is drawn wide; those that cover less are left out.
WIDE_CELLS = 28
FAINT = 0.04
#: So many are enough for what has no edge.
SMOOTH_CELLS = 14
#: Coverage below this shows no difference in eight bits.
TRACE = 1.0 / 510.0


@dataclass(frozen=True, slots=True)
class Sprites:
    """Small things of one batch: all (n,).

    x, y: places in picture pixels; reach: how far from there they cover anything, in picture
    pixels; cover: greatest coverage 0..1; ink: (3, n) their Y', Cb, Cr.
    """

    x: Map
    y: Map
    reach: Map
    cover: Map
    ink: Map


def inks(*colours: tuple[float, float, float]) -> Map:
    """(3, n) Y', Cb, Cr of n colours, each (red, green, blue) in 0..255."""
    return as_map([colour(*each) for each in colours]).T


def soft(reach: Map, hardness: float = 1.0) -> Shape:
    """Round: min(1, h·(1 - r²))², r the distance over the reach; greater h has a firmer edge."""
    inverse = as_map(1.0 / np.maximum(reach, TRACE) ** 2)

    def shape(right: Map, down: Map, sprite: NDArray[np.intp]) -> Map:
        near = right * right
        near += down * down
        near *= inverse[sprite]
        np.subtract(1.0, near, out=near)
        near *= hardness
        np.clip(near, 0.0, 1.0, out=near)
        near *= near
        return near

    return shape


class Brush:
    """Lays batches of sprites over pictures; keeps its sums between them, zero while unused."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, ...], Map] = {}

    def draw(
        self, picture: Planes, sprites: Sprites, shape: Shape, *, coloured: bool = True
    ) -> None:
        """Lay the sprites over the picture, in place; if not coloured, only over its luma."""
        height, width = picture.y.shape
        x, y, reach = sprites.x, sprites.y, sprites.reach
        shown = (sprites.cover > TRACE) & (x + reach > 0.0) & (y + reach > 0.0)
        shown &= (x - reach < width) & (y - reach < height)
        visible = np.flatnonzero(shown)
        if len(visible) == 0:
            return
        luma, chroma = (slice(0, 1), LUMA_STEP), (slice(1, 3), CHROMA_STEP)
        for planes, step in (luma, chroma) if coloured else (luma,):
            parts = [picture.y, picture.u, picture.v][planes]
            index, right, down, sprite = around(parts[0].shape, sprites, visible, step)
            coverage = shape(right, down, sprite)
            coverage *= sprites.cover[sprite]
            inks_there = [
                float(ink[0]) if (ink == ink[0]).all() else as_map(ink[sprite])
                for ink in sprites.ink[planes]
            ]
            self._lay(parts, index, coverage, inks_there)

    def _lay(
        self,
        planes: list[Rgb],
        index: NDArray[np.intp],
        coverage: Map,
        inks_there: list[Map | float],
    ) -> None:
        """P + a·(c - p), where a is the sum of coverages, at most 1, and c their mean ink.

        inks_there: a plane's ink for each pixel, or one for all.
        """
        shape = planes[0].shape
        if shape not in self._sums:
            self._sums[shape] = np.zeros(shape[0] * shape[1], np.float32)
        sums = self._sums[shape]
        np.add.at(sums, index, coverage)
        total = sums[index]
        sums[index] = 0.0
        part = np.minimum(total, 1.0)
        np.maximum(total, TRACE, out=total)
        for plane, ink in zip(planes, inks_there, strict=True):
            mean: Map | float = ink
            if isinstance(ink, np.ndarray):
                np.add.at(sums, index, coverage * ink)
                mean = sums[index]
                sums[index] = 0.0
                mean /= total
            flat = np.reshape(plane, -1, copy=False)
            base = flat[index].astype(np.float32)
            change = mean - base
            change *= part
            base += change
            base += 0.5
            flat[index] = base.astype(np.uint8)


@cache
def square(half: int, step: int, columns: int) -> tuple[NDArray[np.intp], Map, Map]:
    """The (2·half + 1)² pixels around a pixel, (k,) each.

    How much farther they are in a plane of so many columns, and their offsets right and down in
    picture pixels.
    """
    side = np.arange(-half, half + 1)
    down, right = (each.ravel() for each in np.meshgrid(side, side, indexing="ij"))
    return down * columns + right, as_map(right * step), as_map(down * step)


def around(
    shape: tuple[int, ...], sprites: Sprites, visible: NDArray[np.intp], step: int
) -> tuple[NDArray[np.intp], Map, Map, NDArray[np.intp]]:
    """The m pixels of a plane within a square of each sprite's reach, of all that are visible.

    Pixel j of a plane whose pixels are `step` wide lies at step·j + (step - 1) / 2. Returns (m,)
    each: flat index, offsets right and down of the sprite in picture pixels, the sprite's number.
    """
    rows, columns = shape[0], shape[1]
    middle = (step - 1) / 2.0
    half = np.ceil(sprites.reach[visible] / step).astype(np.intp)
    # Sprites of like reach together, so that their squares are copies of one.
    order = np.argsort(half)
    visible, half = visible[order], half[order]
    sizes, counts = np.unique(half, return_counts=True)
    x, y = sprites.x[visible], sprites.y[visible]
    column = np.rint((x - middle) / step).astype(np.intp)
    row = np.rint((y - middle) / step).astype(np.intp)
    squares = [square(size, step, columns) for size in sizes.tolist()]
    farther, right, down = (
        np.concatenate([np.tile(part, count) for part, count in zip(parts, counts, strict=True)])
        for parts in zip(*squares, strict=True)
    )
    which = np.repeat(np.arange(len(visible)), (2 * half + 1) ** 2)
    crossing = (column < half) | (row < half) | (column + half >= columns) | (row + half >= rows)
    if crossing.any():
        at_x = column[which] + (right / step).astype(np.intp)
        at_y = row[which] + (down / step).astype(np.intp)
        inside = (at_x >= 0) & (at_x < columns) & (at_y >= 0) & (at_y < rows)
        farther, right, down, which = (each[inside] for each in (farther, right, down, which))
    # From the pixel to the sprite, which lies between pixels.
    right += as_map(column * step + middle - x)[which]
    down += as_map(row * step + middle - y)[which]
    return (row * columns + column)[which] + farther, right, down, visible[which]


def lay(plane: Rgb, coverage: Rgb, ink: float, room: Rgb | None = None) -> None:
    """Lay one ink over a whole plane or a view of one, in place; coverage (h, w) 0..255.

    room: an array like the coverage to compute in; the coverage's own values are lost with it.
    """
    kept = cv2.bitwise_not(coverage, dst=room)
    cv2.multiply(plane, kept, dst=kept, scale=1.0 / 255.0)
    # An ink has 0 where nothing is covered: there the plane stays as it is to the last bit.
    own = None if room is None else coverage
    cv2.add(kept, cv2.convertScaleAbs(coverage, dst=own, alpha=ink / 255.0), dst=plane)


def lay_over(picture: Planes, coverage: Rgb, left: int, top: int, ink: Map) -> None:
    """Lay one ink over a rectangle of a picture, in place.

    coverage (h, w) uint8 0..255, h and w even; its corner at even left, top may lie outside the
    picture: what is outside is left out. ink (3,): Y', Cb, Cr.
    """
    height, width = picture.y.shape
    from_x, from_y = max(0, left), max(0, top)
    to_x, to_y = min(width, left + coverage.shape[1]), min(height, top + coverage.shape[0])
    if from_x >= to_x or from_y >= to_y:
        return
    part = coverage[from_y - top : to_y - top, from_x - left : to_x - left]
    lay(picture.y[from_y:to_y, from_x:to_x], part, float(ink[0]))
    size = ((to_x - from_x) // 2, (to_y - from_y) // 2)
    half = as_rgb(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    rows, columns = slice(from_y // 2, to_y // 2), slice(from_x // 2, to_x // 2)
    lay(picture.u[rows, columns], half, float(ink[1]))
    lay(picture.v[rows, columns], half, float(ink[2]))


def glow(square: Map) -> Map:
    """A profile without an edge: strongest in the middle, with a long soft skirt."""
    return as_map(np.maximum(1.0 - square, 0.0) ** 3)


def lay_wide(
    picture: Planes, sprites: Sprites, profile: Callable[[Map], Map], cells: int = WIDE_CELLS
) -> None:
    """Lay large round sprites over the picture one by one, each computed on a coarse grid.

    profile: from r², r the distance over the reach, (k, k) to the coverage, 0 from r = 1 on.
    """
    for x, y, reach, cover, ink in zip(
        sprites.x, sprites.y, sprites.reach, sprites.cover, sprites.ink.T, strict=True
    ):
        if cover <= FAINT:
            continue
        step = max(CHROMA_STEP, math.ceil(2.0 * reach / cells / CHROMA_STEP) * CHROMA_STEP)
        half = math.ceil(reach / step) + 1
        left, top = (
            CHROMA_STEP * round((float(place) - half * step) / CHROMA_STEP) for place in (x, y)
        )
        middles = np.arange(2 * half, dtype=np.float32) * step + (step - 1) / 2.0
        across = ((middles + (left - x)) / reach) ** 2
        along = ((middles + (top - y)) / reach) ** 2
        square = along[:, None] + across[None, :]
        coverage = (profile(as_map(square)) * (255.0 * cover) + 0.5).astype(np.uint8)
        side = (2 * half * step, 2 * half * step)
        fine = cv2.resize(coverage, side, interpolation=cv2.INTER_LINEAR)
        lay_over(picture, as_rgb(fine), left, top, ink)


def lay_scaled(
    picture: Planes, coverage: Rgb, corner: tuple[float, float], scale: float, ink: Map
) -> None:
    """Lay one ink over the picture where a coarse coverage says, in place.

    coverage (rows, columns) uint8, whose cells are `scale` picture pixels wide and whose corner
    lies at left, top, which need not be whole: so that what the camera moves slowly glides.
    """
    left, top = corner
    height, width = picture.y.shape
    rows, columns = coverage.shape
    from_x, from_y = (
        max(0, CHROMA_STEP * math.floor(place / CHROMA_STEP)) for place in (left, top)
    )
    to_x = min(width, CHROMA_STEP * math.ceil((left + columns * scale) / CHROMA_STEP))
    to_y = min(height, CHROMA_STEP * math.ceil((top + rows * scale) / CHROMA_STEP))
    if from_x >= to_x or from_y >= to_y:
        return
    # The middle of a picture's pixel i is at i + 1/2, that of a cell likewise.
    offset_x = (from_x + 0.5 - left) / scale - 0.5
    offset_y = (from_y + 0.5 - top) / scale - 0.5
    matrix = np.array([[1.0 / scale, 0.0, offset_x], [0.0, 1.0 / scale, offset_y]])
    fine = cv2.warpAffine(
        coverage,
        matrix,
        (to_x - from_x, to_y - from_y),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    lay_over(picture, as_rgb(fine), from_x, from_y, ink)
