"""Which frames of a clip gate 2 judges: few enough to pay for, and none that shows something new.

All frames were decoded. Judged are the first, the last, the one of the highest motion and one a
second, of which near-duplicates are dropped; and then, farthest first, every frame that differs
much from all that are judged, as a picture that is shown for one frame only does. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from story.limits import GATE_FRAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Sides of the blocks that are compared, in pixels of the small copies: what sways by less than
#: half a block looks the same.
_BLOCK: Final = 8
#: The part of all blocks that has to differ. A frame with 3 % of another photo is judged in 52 of
#: 60 places, with 2 % in 31: a part covers fewer whole blocks than its own size.
PART: Final = 0.02
#: Levels, 0..255: what x264 adds to a still picture is 1.1 at most, from CRF 18 to 35
#: (docs/benchmarks/selection.md).
NEAR: Final = 4.0
#: As much as another picture in that place: of parts of another photo, 49 of 60 are as far where
#: they cover 3 %, 56 where 5, and all where 10. Half of the clips of one scene never are.
FAR: Final = 40.0


def blocks(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of blocks of 8 by 8, of each channel: (N, H, W, 3) uint8 to (N, blocks, 3) float32."""
    count, height, width = small.shape[:3]
    rows, columns = max(1, height // _BLOCK), max(1, width // _BLOCK)
    means = np.empty((count, rows, columns, 3), np.float32)
    for index, frame in enumerate(small):
        whole = frame[: rows * _BLOCK, : columns * _BLOCK]
        tall, wide = whole.shape[0] // rows, whole.shape[1] // columns
        means[index] = whole.reshape(rows, tall, columns, wide, 3).mean(axis=(1, 3))
    return means.reshape(count, rows * columns, 3)


def difference(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much a frame differs from others: levels that 2 % of the picture differ by at least.

    one (blocks, 3); others (N, blocks, 3). Returns (N,). A thing that appears in a corner counts as
    much as a new scene, since what harms need not be large.
    """
    away = np.abs(others - one).max(axis=-1)
    rank = max(0, away.shape[1] - max(1, round(PART * away.shape[1])))
    found: NDArray[np.float32] = np.partition(away, rank, axis=1)[:, rank]
    return found


def choose(
    small: NDArray[np.uint8], times: Sequence[float], motion: Sequence[float]
) -> tuple[int, ...]:
    """The frames to judge, by index, in order: at most GATE_FRAMES of them.

    small (N, H, W, 3) uint8, times (N,) seconds, motion (N,): the difference to the frame before.
    """
    means = blocks(small)
    last = len(means) - 1
    chosen = list(dict.fromkeys((0, last)))
    nearest = np.full(len(means), np.inf, np.float32)
    for index in chosen:
        nearest = np.minimum(nearest, difference(means[index], means))

    def take(index: int) -> None:
        nonlocal nearest
        chosen.append(index)
        nearest = np.minimum(nearest, difference(means[index], means))

    liveliest = int(np.argmax(motion))
    # What vanishes moves as much as what appears: then the frame before it shows it.
    for index in (liveliest, max(0, liveliest - 1)):
        if nearest[index] >= NEAR:
            take(index)
            break
    # What differs much goes first: one a second is for what changes slowly.
    while len(chosen) < GATE_FRAMES and nearest.max() >= FAR:
        take(int(nearest.argmax()))
    for index in _one_a_second(times):
        if len(chosen) < GATE_FRAMES and nearest[index] >= NEAR:
            take(index)
    return tuple(sorted(chosen))


def _one_a_second(times: Sequence[float]) -> list[int]:
    """The first frame of each second after the first one."""
    seconds = [int(time - times[0]) for time in times]
    return [index for index in range(1, len(seconds)) if seconds[index] > seconds[index - 1]]
