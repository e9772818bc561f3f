"""From a key to the tile of chips that is laid over a picture, again and again.

A tile has 64 × 64 cells; a cell is a 120th of the geometric mean of the picture's sides, so that
each picture has 14,400 of them, whatever its shape. Which cells help to find the mark (a good
third) and which carry which bit of the word, and the sign of each cell, come from the key alone.
Repeated, the tile is found in any part of a picture, and folding the picture back onto one tile
adds up all its copies without knowing what was cropped.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from watermark import code

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Cells of a tile's side.
TILE: Final = 64
#: Cells of the side of a square picture.
CELLS: Final = 120
_SYNC_PART: Final = 0.36
#: The kernel of a cell: a Gaussian less a wider one, so that nothing is spent on slow changes,
#: which are the most visible and which pictures have most of. In cells.
_INNER, _OUTER = 0.42, 1.1
_DOMAIN: Final = b"enliven watermark pattern 1"
MIN_SECRET_BYTES: Final = 16


@dataclass(frozen=True)
class Key:
    """A secret that marks are made with, and the version that records name it by."""

    version: int
    secret: bytes

    def __post_init__(self) -> None:
        """Refuse what could be guessed."""
        if len(self.secret) < MIN_SECRET_BYTES:
            raise ValueError(
                f"A key of {len(self.secret)} bytes can be guessed; {MIN_SECRET_BYTES} at least"
            )

    def __repr__(self) -> str:
        """Without the secret, since representations end in logs."""
        return f"Key(version={self.version})"


@dataclass(frozen=True)
class Layout:
    """What a key says of each of the TILE² cells.

    signs (TILE, TILE) float32 of ±1; bits (TILE, TILE) int: the bit of the word, or -1 for a cell
    that only helps to find the mark.
    """

    signs: NDArray[np.float32]
    bits: NDArray[np.intp]

    @property
    def sync(self) -> NDArray[np.float32]:
        """(TILE, TILE) float32: the signs of the cells that are the same in every mark."""
        return np.where(self.bits < 0, self.signs, np.float32(0))

    def marked(self, mark_id: int) -> NDArray[np.float32]:
        """(TILE, TILE) float32 of ±1: all cells of the mark with this id."""
        word = code.encode(mark_id).astype(np.float32)
        return np.where(self.bits < 0, self.signs, self.signs * word[self.bits])

    def soft_bits(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """What cells say of each bit, in standard deviations of chance.

        cells (TILE, TILE) float32. With the signs drawn at random and cells that know nothing of
        them, each of the (LENGTH,) values has mean 0 and variance 1, whatever the cells are; and
        so has their correlation with any word.
        """
        said, carried = cells * self.signs, self.bits >= 0
        sums = np.bincount(self.bits[carried], weights=said[carried], minlength=code.LENGTH)
        energy = float(np.square(cells[carried]).sum()) / code.LENGTH
        return np.asarray(sums / np.sqrt(max(energy, 1e-12)), dtype=np.float32)


@cache
def layout(key: Key) -> Layout:
    """The layout of a key: from SHAKE-256, so that no library's random numbers matter."""
    cells = TILE * TILE
    stream = hashlib.shake_256(_DOMAIN + key.version.to_bytes(4, "big") + key.secret)
    random = stream.digest(cells * 9)
    signs = np.frombuffer(random[:cells], dtype=np.uint8).astype(np.float32) % 2 * 2 - 1
    order = np.argsort(np.frombuffer(random[cells:], dtype=">u8"), kind="stable")
    bits = np.full(cells, -1, dtype=np.intp)
    carrying = order[round(cells * _SYNC_PART) :]
    bits[carrying] = np.arange(len(carrying)) % code.LENGTH
    return Layout(signs.reshape(TILE, TILE), bits.reshape(TILE, TILE))


def drawn(cells: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Cells as a smooth periodic picture with `samples` a cell each way, of variance 1.

    (TILE, TILE) float32 becomes (TILE · samples, TILE · samples); sample i lies at
    (i + ½) / samples cells, cell j at j + ½.
    """
    side = TILE * samples
    frequencies = np.fft.fftfreq(side, 1 / samples)
    down, across = frequencies[:, np.newaxis], frequencies[np.newaxis]
    # The spectrum of a grid of impulses repeats with every whole cycle a cell.
    repeated = np.arange(side) % TILE
    spectrum = np.fft.fft2(cells)[np.ix_(repeated, repeated)] * kernel(down, across)
    # Cell j lies at j + ½, sample i at (i + ½) / samples: their difference, as a phase.
    offset = 0.5 - 0.5 / samples
    picture = np.fft.ifft2(spectrum * np.exp(-2j * np.pi * offset * (down + across))).real
    return np.asarray(picture / picture.std(), dtype=np.float32)


def kernel(down: NDArray[np.floating], across: NDArray[np.floating]) -> NDArray[np.float64]:
    """The spectrum of a cell's kernel at frequencies in cycles a cell."""
    square = -2 * np.pi**2 * (down**2 + across**2)
    spectrum = np.exp(square * _INNER**2) - np.exp(square * _OUTER**2)
    return np.asarray(spectrum, dtype=np.float64)


def cell_px(width: int, height: int) -> float:
    """The side of a cell in pixels of a picture that was not cropped."""
    return float(np.sqrt(width * height)) / CELLS
