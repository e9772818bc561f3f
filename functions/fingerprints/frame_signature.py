"""MPEG-7's frame signature: 380 ternary digits of a picture's luma, which re-encodes keep.

ISO/IEC 15938-3:2002/Amd 4:2010 (Video Signature): the picture is reduced to 32 × 32 means; each of
380 elements is the mean of some of them, or how two such means differ; within each of ten groups a
digit says whether its element is clearly low (0), clearly high (2) or neither (1).

elements.json names the cells of each element: [left, top, right, bottom) rectangles, those that are
added and those that are taken away. It was found by showing single bright cells to FFmpeg's
`signature` filter, which PyAV's wheels lack (tests/mpeg7_elements.py).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE: Final = 32
DIGITS: Final = 380
_LOW, _NEITHER, _HIGH = 0, 1, 2
#: The elements of these groups are means, held against a luma that is neither dark nor bright.
_MEANS: Final = ("A1", "A2")
_MIDDLE: Final = 128
#: Of luma: what is equal stays so, however it was added up.
_DECIMALS: Final = 6
#: Of a group's elements, rounded down, so many are neither high nor low, and one more.
_UNDECIDED_PART: Final = 0.333


class _Elements(NamedTuple):
    #: (380, 1024): what each cell counts for in each element.
    weights: NDArray[np.float64]
    #: (380,): what is taken from each.
    offsets: NDArray[np.float64]
    #: Where each group begins and ends.
    groups: tuple[slice, ...]


def of_luma(luma: NDArray[np.uint8]) -> list[int]:
    """The 380 digits, 0 to 2, of a picture (H, W), of at least 32 × 32 pixels."""
    elements = _elements()
    values = elements.weights @ _cells(luma).reshape(-1) - elements.offsets
    values = values.round(_DECIMALS)
    digits = np.full(DIGITS, _NEITHER)
    for group in elements.groups:
        part = values[group]
        least = np.sort(np.abs(part))[int(len(part) * _UNDECIDED_PART)]
        digits[group] = np.where(part > least, _HIGH, np.where(part < -least, _LOW, _NEITHER))
    return [int(digit) for digit in digits]


def _cells(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Means of 32 × 32 parts; pixel i of n belongs to part ⌊32 i / n⌋."""
    sums = luma.astype(np.int64)
    for axis in (0, 1):
        sums = np.add.reduceat(sums, _starts(luma.shape[axis]), axis=axis)
    rows, columns = (np.diff([*_starts(side), side]) for side in luma.shape)
    means: NDArray[np.float64] = sums / np.outer(rows, columns)
    return means


def _starts(side: int) -> list[int]:
    return [-(-part * side // SIDE) for part in range(SIDE)]


@cache
def _elements() -> _Elements:
    groups = json.loads(Path(__file__).with_name("elements.json").read_text("utf-8"))
    weights: list[NDArray[np.float64]] = []
    offsets: list[float] = []
    slices: list[slice] = []
    for name, elements in groups.items():
        slices.append(slice(len(weights), len(weights) + len(elements)))
        for added, taken in elements:
            weights.append(_mask(added) - _mask(taken))
            offsets.append(float(_MIDDLE if name in _MEANS else 0))
    return _Elements(np.array(weights), np.array(offsets), tuple(slices))


def _mask(rectangles: list[list[int]]) -> NDArray[np.float64]:
    """Equal weights of all cells in these rectangles, which add up to 1: (1024,)."""
    mask = np.zeros((SIDE, SIDE))
    for left, top, right, bottom in rectangles:
        mask[top:bottom, left:right] = 1
    counted: NDArray[np.float64] = mask.reshape(-1) / max(mask.sum(), 1)
    return counted
