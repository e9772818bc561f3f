"""`contain`: the moving picture as a card on a blurred copy of itself."""

import cv2
import numpy as np

from model_endpoint.engines.motion.planes import BLACK, NEUTRAL, Planes
from model_endpoint.pixels import Rgb, as_map, as_rgb

#: The surround is this much darker than the picture, and blurred by this part of its longer side.
DIMMED = 0.6
BLUR = 0.035
THUMBNAIL = 12


def surround(picture: Planes, size: tuple[int, int]) -> Planes:
    """The picture in the middle of a clip of `size` (width, height), over its own blur."""
    height, width = picture.y.shape
    if (width, height) == size:
        return picture
    half = (size[0] // 2, size[1] // 2)
    return Planes(
        placed(picture.y, size, BLACK),
        placed(picture.u, half, NEUTRAL),
        placed(picture.v, half, NEUTRAL),
    )


def placed(plane: Rgb, size: tuple[int, int], zero: float) -> Rgb:
    """One plane in the middle of a larger one, whose values are dimmed towards `zero`."""
    height, width = plane.shape
    small = (max(2, size[0] // THUMBNAIL), max(2, size[1] // THUMBNAIL))
    scale = max(size[0] / width, size[1] / height)
    part_width, part_height = round(size[0] / scale), round(size[1] / scale)
    left, top = (width - part_width) // 2, (height - part_height) // 2
    middle = plane[top : top + part_height, left : left + part_width]
    tiny = as_map(cv2.resize(middle, small, interpolation=cv2.INTER_AREA))
    blurred = as_map(cv2.GaussianBlur(tiny, (0, 0), max(1.0, BLUR * max(small))))
    dimmed = as_rgb(np.rint(zero + (blurred - zero) * DIMMED).astype(np.uint8))
    canvas = as_rgb(cv2.resize(dimmed, size, interpolation=cv2.INTER_CUBIC)).copy()
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    canvas[y : y + height, x : x + width] = plane
    return canvas
