"""Flashes that can cause seizures.

A flash is a pair of opposing changes of relative luminance, each of at least a tenth of the
maximum, where the darker state lies below 0.80. More than three flashes within any second, over
more than a quarter of the picture, are dangerous.

W3C, Web Content Accessibility Guidelines 2.2, success criterion 2.3.1, "general flash and red
flash thresholds"; area as ITU-R BT.1702.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LUMINANCE_CHANGE: Final = 0.10
DARKER_BELOW: Final = 0.80
FLASHES_A_SECOND: Final = 3
DANGEROUS_AREA: Final = 0.25
#: Light is averaged over cells of this part of the short side: a camera that moves over leaves or
#: water makes single pixels flicker, which the criterion exempts and nobody sees as a flash.
_CELLS_ACROSS: Final = 10
#: Red: a change of (R - G - B) · 320 by more than 20, one of the states being saturated red.
RED_CHANGE: Final = 20 / 320
SATURATED_RED: Final = 0.8
#: Rec. 709 luminance of linear light.
_WEIGHTS: Final = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_LEVELS: Final = np.arange(256, dtype=np.float32) / 255
_LINEAR_BELOW: Final = 0.04045
#: IEC 61966-2-1: sRGB levels to linear light.
_LINEAR: Final = np.where(
    _LEVELS <= _LINEAR_BELOW, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4
).astype(np.float32)


def flashing_area(frames: NDArray[np.uint8], fps: int) -> float:
    """The largest part of the picture that flashes more than three times within one second.

    frames (N, H, W, 3) uint8, sRGB. Returns 0..1, the worse of general and red flashes.
    """
    linear = _LINEAR[frames]
    luminance = linear @ _WEIGHTS
    general = _area(_turns(_cells(luminance), LUMINANCE_CHANGE, DARKER_BELOW), fps)
    total = linear.sum(axis=-1)
    saturated = (linear[..., 0] >= SATURATED_RED * total) & (total > LUMINANCE_CHANGE)
    if not saturated.any():
        return general
    redness = np.where(saturated, 2 * linear[..., 0] - total, 0.0).astype(np.float32)
    return max(general, _area(_turns(_cells(np.maximum(redness, 0.0)), RED_CHANGE, np.inf), fps))


def _cells(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, H, W) averaged over square cells; what does not fill a cell at the edges is left out."""
    frames, height, width = signal.shape
    side = max(1, min(height, width) // _CELLS_ACROSS)
    rows, columns = height // side, width // side
    whole = signal[:, : rows * side, : columns * side]
    squares = whole.reshape(frames, rows, side, columns, side)
    return np.asarray(squares.mean(axis=(2, 4)), dtype=np.float32)


def _turns(signal: NDArray[np.float32], change: float, darker_below: float) -> NDArray[np.int16]:
    """How many changes of at least `change`, each opposing the one before, up to each frame.

    signal (N, H, W). A zigzag per cell: the extreme since the last change is what the next is
    measured from, so that a slow ramp counts once and noise below `change` not at all.
    Returns (N, H, W), cumulative.
    """
    high, low = signal[0].copy(), signal[0].copy()
    may_fall = np.ones(signal.shape[1:], dtype=bool)
    may_rise = may_fall.copy()
    counted = np.zeros(signal.shape, dtype=np.int16)
    for index in range(1, len(signal)):
        now = signal[index]
        np.maximum(high, now, out=high)
        np.minimum(low, now, out=low)
        fell = may_fall & (high - now >= change) & (now < darker_below)
        rose = may_rise & (now - low >= change) & (low < darker_below)
        turned = fell | rose
        high[turned] = now[turned]
        low[turned] = now[turned]
        may_fall = np.where(turned, rose, may_fall)
        may_rise = np.where(turned, fell, may_rise)
        counted[index] = counted[index - 1] + turned
    return counted


def _area(turns: NDArray[np.int16], fps: int) -> float:
    """The largest part of the picture with more than three flashes in any window of a second."""
    window = min(fps, len(turns) - 1)
    if window < 1:
        return 0.0
    within = turns[window:] - turns[:-window]
    return float((within > 2 * FLASHES_A_SECOND).mean(axis=(1, 2)).max())
