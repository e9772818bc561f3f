"""How far small windows of a picture went, whatever the light did meanwhile.

Lucas and Kanade, An Iterative Image Registration Technique, IJCAI 1981, eq. 9, with a gain and an
offset of the light solved for together with the way, as in its section 5.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

#: What is averaged away before gradients are taken: the encoder's noise.
SMOOTH_PX = 1.0
#: A window needs so many pixels, and gradients of this power (grey levels a pixel, squared) in its
#: flattest direction: a plain wall tells of no motion, an edge only of motion across it.
LEAST_PIXELS = 48
LEAST_POWER = 2.0
#: The slope in the middle of five values, exact for polynomials up to the fourth degree.
SLOPE = np.array([[1.0, -8.0, 0.0, 8.0, -1.0]]) / 12.0


def shifts(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    where: NDArray[np.bool_],
    window_px: int,
) -> NDArray[np.float64]:
    """Ways (n, 2), x and y in pixels, of the windows of `where` that show enough.

    after(p) = (1 + gain) · before(p - way) + offset, linear in the way: for up to about a pixel.
    Slopes are those of both pictures' mean, in which the terms of second order cancel; whether a
    window shows enough is asked of the first.
    """
    first, second = (np.asarray(cv2.GaussianBlur(a, (0, 0), SMOOTH_PX)) for a in (before, after))
    of_first, of_mean = slopes(first), slopes((first + second) / 2.0)
    found = []
    for top in range(0, where.shape[0], window_px):
        for left in range(0, where.shape[1], window_px):
            part = np.s_[top : top + window_px, left : left + window_px]
            inside = where[part]
            if inside.sum() < LEAST_PIXELS:
                continue
            centred = of_first[part][inside]
            centred = centred - centred.mean(axis=0)
            if np.linalg.eigvalsh(centred.T @ centred / len(centred))[0] < LEAST_POWER:
                continue
            level = first[part][inside]
            terms = np.column_stack([-of_mean[part][inside], level, np.ones(len(level))])
            solved, *_ = np.linalg.lstsq(terms, second[part][inside] - level, rcond=None)
            found.append(solved[:2] / (1.0 + solved[2] / 2.0))
    return np.asarray(found, np.float64).reshape(-1, 2)


def slopes(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """(H, W, 2) grey levels a pixel, along x and y."""
    across, down = (cv2.filter2D(picture, cv2.CV_64F, kernel) for kernel in (SLOPE, SLOPE.T))
    return np.dstack([np.asarray(across), np.asarray(down)])
