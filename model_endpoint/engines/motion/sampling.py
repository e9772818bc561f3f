"""Looking up places between pixels: OpenCV's remap, with one map of two channels."""

from typing import Any

import cv2

from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: OpenCV's type hints ask for a second map, which must not be there when the first has both
#: channels.
NO_SECOND_MAP: Any = None


def scaled(places: Map, scale: float, x: float, y: float) -> Map:
    """places·scale + (x, y), for places (h, w, 2).

    OpenCV's transform: numpy would loop over the two channels of each place.
    """
    return as_map(cv2.transform(places, as_map([[scale, 0.0, x], [0.0, scale, y]])))


def sample(picture: Rgb, places: Map, border: int = cv2.BORDER_REFLECT_101) -> Rgb:
    """A picture (H, W, …) uint8 at places (h, w, 2) in its pixels, linearly between them."""
    return as_rgb(cv2.remap(picture, places, NO_SECOND_MAP, cv2.INTER_LINEAR, borderMode=border))


def sample_map(values: Map, places: Map, border: int = cv2.BORDER_REPLICATE) -> Map:
    """A map (H, W, …) float32 at places (h, w, 2) in its pixels, linearly between them."""
    return as_map(cv2.remap(values, places, NO_SECOND_MAP, cv2.INTER_LINEAR, borderMode=border))
