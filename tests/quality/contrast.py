"""Whether what moves stays as crisp as the photo: pictures laid over each other lose contrast."""

import numpy as np
from numpy.typing import NDArray


def contrast(luma: NDArray[np.uint8], where: NDArray[np.bool_], window_px: int) -> float:
    """The mean deviation of luma in the windows of `where`, as a part of their mean luma.

    luma (H, W), 0..255 from black; where (H, W): a window counts if it lies wholly in it. A light
    that becomes stronger multiplies both, so it leaves the ratio as it is. NaN without windows.
    """
    height, width = (side // window_px * window_px for side in luma.shape)
    windows = luma[:height, :width].astype(np.float64)
    windows = windows.reshape(height // window_px, window_px, width // window_px, window_px)
    inside = where[:height, :width].reshape(windows.shape).all(axis=(1, 3))
    if not inside.any():
        return float("nan")
    deviation, mean = windows.std(axis=(1, 3))[inside], windows.mean(axis=(1, 3))[inside]
    return float(deviation.mean() / mean.mean())
