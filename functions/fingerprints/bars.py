"""Black bars around a clip, as players and platforms add them: found, to be left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Luma of limited range is black at 16; encoders leave some noise.
_BLACK_AT_MOST: Final = 26
#: Of a row's pixels; the rest may be ringing of the picture beside it, or a speck.
_PERCENTILE: Final = 98
#: More than this much of a side is no bar but a dark picture.
_MOST_PART: Final = 0.45


class Inside(NamedTuple):
    """What is left between the bars, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def inside(lumas: Sequence[NDArray[np.uint8]]) -> Inside:
    """Where there is a picture in some of these frames (H, W) of one clip."""
    # The brightest that each pixel ever is: what is a bar in one frame is one in all.
    brightest = np.maximum.reduce(list(lumas))
    height, width = brightest.shape
    top, bottom = _edges(brightest, 1, height)
    left, right = _edges(brightest[top:bottom], 0, width)
    return Inside(left, top, right, bottom)


def _edges(brightest: NDArray[np.uint8], across: int, side: int) -> tuple[int, int]:
    lit = np.flatnonzero(np.percentile(brightest, _PERCENTILE, axis=across) > _BLACK_AT_MOST)
    if not len(lit):
        return 0, side
    first, last = int(lit[0]), int(lit[-1]) + 1
    most = _MOST_PART * side
    return (first if first <= most else 0), (last if side - last <= most else side)
