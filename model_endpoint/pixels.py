"""The two kinds of arrays that everything here passes around.

OpenCV's type hints promise any array; `as_map` and `as_rgb` state what it is and hold it to that.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: A picture: (H, W, 3) uint8, sRGB; a layer has a fourth channel, its coverage.
Rgb: TypeAlias = NDArray[np.uint8]
#: (H, W) or (H, W, C) float32; masks and luma run 0..1.
Map: TypeAlias = NDArray[np.float32]


def as_map(values: ArrayLike) -> Map:
    """The values as float32, copied only when they are not."""
    return np.asarray(values, dtype=np.float32)


def as_rgb(values: ArrayLike) -> Rgb:
    """The values as uint8, copied only when they are not."""
    return np.asarray(values, dtype=np.uint8)
