"""Is the clip's first frame the photo?

The engine says which part of the photo it took (Report.crop); that part, resized to the frame,
is compared with the frame itself, a quarter the size, where film grain, coding and resampling do
not matter, but another picture, a shifted crop or a colour cast does.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from story.generation import Box, Fit

_PEAK: Final = 255.0
#: What identical pictures get instead of infinity.
IDENTICAL_DB: Final = 99.0


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in dB of two pictures of one shape: 20 log10(255 / rmse)."""
    error = float(np.square(one.astype(np.float32) - other).mean())
    return IDENTICAL_DB if error == 0 else 20 * math.log10(_PEAK / math.sqrt(error))


def stretch(photo_size: tuple[int, int], crop: Box, inner_size: tuple[int, int]) -> float:
    """How much wider (> 1) or narrower (< 1) the crop is shown than it is."""
    shown = inner_size[0] / inner_size[1]
    return shown / ((crop.width * photo_size[0]) / (crop.height * photo_size[1]))


def inner_size(
    photo_size: tuple[int, int], crop: Box, fit: Fit, size: tuple[int, int]
) -> tuple[int, int]:
    """Where the photo is in a frame: all of it for `cover`; its crop, fitted, for `contain`."""
    if fit == "cover":
        return size
    width, height = crop.width * photo_size[0], crop.height * photo_size[1]
    scale = min(size[0] / width, size[1] / height)
    return min(size[0], round(width * scale)), min(size[1], round(height * scale))


def first_frame_psnr(first: NDArray[np.uint8], photo: Image.Image, crop: Box, fit: Fit) -> float:
    """The likeness in dB of the first frame (h, w, 3) and the photo's crop."""
    height, width = first.shape[:2]
    inner = inner_size(photo.size, crop, fit, (width, height))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    return psnr(
        first[top : top + inner[1], left : left + inner[0]],
        np.asarray(cropped(photo, crop, inner), dtype=np.uint8),
    )


def cropped(photo: Image.Image, crop: Box, size: tuple[int, int]) -> Image.Image:
    """The part `crop` of the photo, resized to `size` (width, height)."""
    return photo.resize(
        size, Image.Resampling.LANCZOS, box=crop.in_pixels(*photo.size), reducing_gap=3.0
    )


def opened(jpeg: bytes) -> Image.Image:
    """A clean photo as pixels; InspectPhoto wrote it, so it is a small sRGB JPEG."""
    return Image.open(io.BytesIO(jpeg), formats=["JPEG"]).convert("RGB")
