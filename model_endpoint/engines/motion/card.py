"""`contain`: the moving picture as a card on a blurred copy of itself."""

import cv2
import numpy as np

from model_endpoint.pixels import Rgb, as_rgb

#: The surround is this much darker than the picture, and blurred by this part of its longer side.
DIMMED = 0.6
BLUR = 0.035
THUMBNAIL = 12


def surround(picture: Rgb, size: tuple[int, int]) -> Rgb:
    """The picture in the middle of a clip of `size` (width, height), over its own blur."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    small = (max(2, size[0] // THUMBNAIL), max(2, size[1] // THUMBNAIL))
    scale = max(size[0] / width, size[1] / height)
    part_width, part_height = round(size[0] / scale), round(size[1] / scale)
    left, top = (width - part_width) // 2, (height - part_height) // 2
    middle = picture[top : top + part_height, left : left + part_width]
    tiny = cv2.resize(middle, small, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(tiny, (0, 0), max(1.0, BLUR * max(small)))
    dimmed = as_rgb(np.rint(blurred * DIMMED).astype(np.uint8))
    canvas = as_rgb(cv2.resize(dimmed, size, interpolation=cv2.INTER_CUBIC)).copy()
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    canvas[y : y + height, x : x + width] = picture
    return canvas
