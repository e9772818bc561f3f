"""Whether straight edges stay where they are: profiles across them, before and after.

A shore, a wall or a ridge that bends with the water or the sky beside it is what one sees first.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

#: An edge: so many grey levels a pixel, and gradients that agree, coherence 0..1, within SPREAD_PX.
LEAST_SLOPE = 8.0
LEAST_COHERENCE = 0.85
SPREAD_PX = 3.0
#: The part of the steepest neighbour that a pixel on the edge has.
NEAR_PEAK = 0.9
#: How far profiles reach to both sides, how far they are shifted, and the step of both, pixels.
REACH_PX = 3.0
SEARCH_PX = 3.0
STEP_PX = 0.25
#: A profile is the mean of such lines beside each other along the edge, pixels.
ALONG_PX = (-2.0, -1.0, 0.0, 1.0, 2.0)
#: Edges measured at most: evenly chosen ones tell as much as all.
MOST = 1_500
#: Two profiles show the same edge when they correlate so well; else something passes in front.
SAME = 0.98


@dataclass(frozen=True)
class Edges:
    """Places x, y (n,) of straight edges and their unit normals (n,)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    normal_x: NDArray[np.float64]
    normal_y: NDArray[np.float64]

    def profiles(self, luma: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
        """(n, 2 reach / STEP_PX + 1) luma across each edge."""
        across = np.arange(-reach, reach + STEP_PX / 2, STEP_PX)
        total = np.zeros((len(self.x), len(across)))
        for along in ALONG_PX:
            x = self.x[:, None] + across * self.normal_x[:, None] - along * self.normal_y[:, None]
            y = self.y[:, None] + across * self.normal_y[:, None] + along * self.normal_x[:, None]
            total += cv2.remap(
                luma.astype(np.float32),
                x.astype(np.float32),
                y.astype(np.float32),
                cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REFLECT_101,
            )
        return total / len(ALONG_PX)


def straight_edges(luma: NDArray[np.float64], where: NDArray[np.bool_]) -> Edges:
    """The straight edges of a luma (H, W) at the pixels of `where`."""
    smooth = cv2.GaussianBlur(luma, (0, 0), 1.0)
    slope_x = np.asarray(cv2.Scharr(smooth, cv2.CV_64F, 1, 0)) / 32.0
    slope_y = np.asarray(cv2.Scharr(smooth, cv2.CV_64F, 0, 1)) / 32.0
    xx, yy, xy = (
        np.asarray(cv2.GaussianBlur(product, (0, 0), SPREAD_PX))
        for product in (slope_x**2, slope_y**2, slope_x * slope_y)
    )
    coherence = np.hypot(xx - yy, 2.0 * xy) / np.maximum(xx + yy, 1e-9)
    strength = np.hypot(slope_x, slope_y)
    peak = strength >= NEAR_PEAK * cv2.dilate(strength, np.ones((3, 3), np.uint8))
    found = where & peak & (strength >= LEAST_SLOPE) & (coherence >= LEAST_COHERENCE)
    margin = int(REACH_PX + SEARCH_PX) + 2
    found[:margin], found[-margin:], found[:, :margin], found[:, -margin:] = (False,) * 4
    y, x = np.nonzero(found)
    chosen = np.arange(len(x))[:: max(1, -(-len(x) // MOST))]
    y, x = y[chosen], x[chosen]
    length = strength[y, x]
    return Edges(x.astype(float), y.astype(float), slope_x[y, x] / length, slope_y[y, x] / length)


def moved(
    edges: Edges, before: NDArray[np.float64], after: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far each edge went across itself, pixels; those that are hidden now are left out.

    The shift of the profile in `after` that correlates best with that in `before`: light that
    brightens or dims does not count.
    """
    still = unit(edges.profiles(before, REACH_PX))
    wide = edges.profiles(after, REACH_PX + SEARCH_PX)
    shifts = np.arange(-SEARCH_PX, SEARCH_PX + STEP_PX / 2, STEP_PX)
    alike = np.stack(
        [
            (still * unit(wide[:, start : start + still.shape[1]])).sum(axis=1)
            for start in range(len(shifts))
        ],
        axis=1,
    )
    best = alike.argmax(axis=1)
    return np.abs(shifts[best])[alike.max(axis=1) >= SAME]


def unit(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row without its mean, of length 1."""
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(length, 1e-9))


def borders(mask: NDArray[np.float32], px: int) -> NDArray[np.bool_]:
    """Everything within px of a mask's outline, on both sides: (H, W)."""
    inside = (mask > 0.5).astype(np.uint8)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1,) * 2)
    return np.asarray(cv2.dilate(inside, brush) != cv2.erode(inside, brush))
