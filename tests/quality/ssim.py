"""How alike two pictures look: the structural similarity index.

Wang, Bovik, Sheikh, Simoncelli, Image Quality Assessment: From Error Visibility to Structural
Similarity, IEEE Transactions on Image Processing 13 (4), 2004: eq. 13, with the window, constants
and averaging of its section III-C.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

#: The paper's window: a Gaussian of 1.5 px on 11 by 11 pixels.
SIGMA_PX = 1.5
WINDOW_PX = 11
#: Its constants, for luma of 0..255: C = (K · 255)².
C1 = (0.01 * 255.0) ** 2
C2 = (0.03 * 255.0) ** 2
#: ITU-R BT.709-6, item 3.2: the parts of R', G', B' in luma.
LUMA = (0.2126, 0.7152, 0.0722)


def luma(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Y' of (H, W, 3) sRGB, 0..255."""
    return picture.astype(np.float64) @ np.asarray(LUMA)


def ssim(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The mean index of two lumas (H, W), 0..255: 1 for equal ones.

    With means m, variances v and the covariance c of a window it is
    (2 m1 m2 + C1)(2 c + C2) / ((m1² + m2² + C1)(v1 + v2 + C2)), averaged over all windows that lie
    inside the picture.
    """
    edge = WINDOW_PX // 2

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        blurred = cv2.GaussianBlur(values, (WINDOW_PX, WINDOW_PX), SIGMA_PX)
        return np.asarray(blurred, np.float64)[edge:-edge, edge:-edge]

    mean_one, mean_other = mean(one), mean(other)
    power = mean(one * one) - mean_one**2 + mean(other * other) - mean_other**2
    shared = mean(one * other) - mean_one * mean_other
    alike = (2.0 * mean_one * mean_other + C1) * (2.0 * shared + C2)
    return float((alike / ((mean_one**2 + mean_other**2 + C1) * (power + C2))).mean())
