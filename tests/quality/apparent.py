"""Motion as an eye sees it: dense optical flow between two pictures.

Kroeger, Timofte, Dai, Van Gool, Fast Optical Flow using Dense Inverse Search, ECCV 2016, with the
variational refinement; OpenCV's own implementation. It knows nothing of how the pictures were made.
"""

import cv2
import numpy as np
from numpy.typing import NDArray


def flow(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Where each pixel of `one` went in `other`: lumas (H, W) to (H, W, 2) pixels, x and y."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(one, other, np.zeros((*one.shape, 2), np.float32)), np.float32)


def speed(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far each pixel of `one` went, (H, W) in pixels."""
    return np.asarray(np.linalg.norm(flow(one, other), axis=2), np.float32)
