"""PDQ: a 256-bit hash of a picture that copies of it keep, whatever their size and compression.

Meta, PDQ and TMK+PDQF (2019), github.com/facebook/ThreatExchange, pdq/; the steps are named as
there. Hashes are compared by the bits that differ: 31 of 256 or fewer is a match by its own advice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

BITS: Final = 256
HEX_DIGITS: Final = BITS // 4
_SIDE: Final = 64
_SLOTS: Final = 16
_PASSES: Final = 2
#: Of a hundredth of the levels' range; and what makes quality a number up to 100.
_GRADIENT_SCALE: Final = 100
_QUALITY_SCALE: Final = 90
_BEST_QUALITY: Final = 100
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)


class Hash(NamedTuple):
    """64 hexadecimal digits, and how much the photo has that could be told apart, 0..100."""

    hex: str
    quality: int


def of_photo(photo: Image.Image) -> Hash:
    """The hash of an RGB photo."""
    return of_luma(np.asarray(photo.convert("RGB"), dtype=np.float32) @ _LUMA)


def of_luma(luma: NDArray[np.float32]) -> Hash:
    """The hash of a picture's luma (H, W)."""
    small = _decimated(_blurred(luma))
    spectrum = _DCT @ small @ _DCT.T
    # Torben's median of an even number is the lower of the two in the middle.
    median = np.partition(spectrum, BITS // 2 - 1, axis=None)[BITS // 2 - 1]
    # The first frequency is the last digit's last bit.
    bits = (spectrum > median).reshape(-1)[::-1]
    return Hash(np.packbits(bits).tobytes().hex(), _quality(small))


def distance(one: str, other: str) -> int:
    """How many bits of two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _blurred(luma: NDArray[np.float32]) -> NDArray[np.float64]:
    """Two passes of a box each way, whose side is half of a decimated pixel's, rounded up."""
    found = luma.astype(np.float64)
    windows = [-(-side // (2 * _SIDE)) for side in luma.shape]
    for _ in range(_PASSES):
        found = _box(_box(found.T, windows[1]).T, windows[0])
    return found


def _box(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Means over a window along the first axis; near the ends over what there is of it."""
    length = len(values)
    ahead = (window + 2) // 2
    ends = np.minimum(np.arange(length) + ahead, length)
    starts = np.clip(np.arange(length) + ahead - window, 0, None)
    sums = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)[:, None]
    return means


def _decimated(blurred: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values at the centres of 64 by 64 equal parts."""
    rows, columns = (
        ((np.arange(_SIDE) + 0.5) * side / _SIDE).astype(int) for side in blurred.shape
    )
    return blurred[np.ix_(rows, columns)]


def _quality(small: NDArray[np.float64]) -> int:
    """The sum of the gradients that are large enough to be seen."""
    total = sum(
        np.abs(np.trunc(np.diff(small, axis=axis) * _GRADIENT_SCALE / 255)).sum() for axis in (0, 1)
    )
    return min(_BEST_QUALITY, int(total / _QUALITY_SCALE))


def _dct() -> NDArray[np.float64]:
    """The 16 lowest frequencies but the mean, of 64 samples: (16, 64)."""
    frequency = np.arange(1, _SLOTS + 1)[:, None]
    sample = 2 * np.arange(_SIDE)[None, :] + 1
    waves: NDArray[np.float64] = np.sqrt(2 / _SIDE) * np.cos(np.pi / 2 / _SIDE * frequency * sample)
    return waves


_DCT: Final = _dct()
