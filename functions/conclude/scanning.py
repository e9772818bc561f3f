"""Looking through the packed file for the clips that one looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from story.fingerprints import ISCC_MOST_BITS, PDQ_FRAMES, PDQ_MOST_BITS, digest_of
from story.packed import HASH_BYTES, MARK_BYTES, ROW_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from story.fingerprints import Fingerprints

#: So many rows are compared at once: 15 MB of intermediate values.
_ROWS_AT_ONCE: Final = 8_192
#: A hash of 256 bits as numbers that are compared at once.
_WORDS: Final = HASH_BYTES // 8


class Near(NamedTuple):
    """A clip that one looks like, by its mark, and the distances of 256 bits."""

    mark_id: str
    pdq: int
    iscc: int


def nearest(rows: bytes, asked: Fingerprints, *, most: int) -> list[Near]:
    """The clips of a packed file's rows that are within either bound, the nearest first.

    The distances are those of story.fingerprints.distances: PDQ's is the fourth best of six
    frames', each to its nearest in the other clip.
    """
    table = np.frombuffer(rows, dtype=np.uint8).reshape(-1, ROW_BYTES)
    hashes = b"".join(bytes.fromhex(each) for each in asked.pdq)
    frames = np.frombuffer(hashes, dtype="<u8").reshape(PDQ_FRAMES, 1, _WORDS)
    video = np.frombuffer(digest_of(asked.iscc), dtype="<u8")
    found: list[Near] = []
    for start in range(0, len(table), _ROWS_AT_ONCE):
        part = table[start : start + _ROWS_AT_ONCE]
        pdq, iscc = _distances(part, frames, video)
        for index in np.flatnonzero((pdq <= PDQ_MOST_BITS) | (iscc <= ISCC_MOST_BITS)):
            mark_id = part[index, :MARK_BYTES].tobytes().hex()
            found.append(Near(mark_id, int(pdq[index]), int(iscc[index])))
    # Either bound is enough, so that one is looked at which is kept best.
    found.sort(key=lambda near: min(near.pdq / PDQ_MOST_BITS, near.iscc / ISCC_MOST_BITS))
    return found[:most]


def _distances(
    part: NDArray[np.uint8], frames: NDArray[np.uint64], video: NDArray[np.uint64]
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """PDQ's and ISCC's distances of some rows, (N,) each."""
    hashed = MARK_BYTES + PDQ_FRAMES * HASH_BYTES
    known = np.ascontiguousarray(part[:, MARK_BYTES:hashed]).view("<u8")
    known = known.reshape(len(part), 1, PDQ_FRAMES, _WORDS)
    # (N, asked, known): how many bits differ between each two frames.
    bits = np.bitwise_count(known ^ frames).sum(axis=-1, dtype=np.uint16)
    each = np.sort(bits.min(axis=-1), axis=-1)[:, PDQ_FRAMES // 2]
    codes = np.ascontiguousarray(part[:, hashed:]).view("<u8")
    return each, np.bitwise_count(codes ^ video).sum(axis=-1, dtype=np.uint16)
