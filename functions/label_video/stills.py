"""The pictures that go with a clip: its poster, and the part of the photo that it began with."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from story.generation import Box

POSTER_MAX_PX: Final = (720, 1_280)
INGREDIENT_MAX_SIDE_PX: Final = 512
_QUALITY: Final = 88
#: A box's edge this near to a pixel's is meant to be there: its fractions are binary.
_ROUNDING_PX: Final = 1e-6


def sharpness(luma: NDArray[np.uint8]) -> float:
    """How much neighbouring pixels differ on average: a blurred or blended frame has less.

    luma (H, W) uint8. Returns mean |∂/∂x| + mean |∂/∂y|, in levels a pixel.
    """
    signed = luma.astype(np.int16)
    return float(np.abs(np.diff(signed, axis=0)).mean() + np.abs(np.diff(signed, axis=1)).mean())


def poster(pixels: NDArray[np.uint8]) -> bytes:
    """A frame (H, W, 3) as JPEG that fits POSTER_MAX_PX, lying or standing."""
    image = Image.fromarray(pixels)
    short, long = POSTER_MAX_PX
    image.thumbnail((long, short) if image.width > image.height else (short, long))
    return _jpeg(image)


def ingredient(photo_jpeg: bytes, crop: Box) -> bytes:
    """The part of the clean photo that became the first frame, small: all that a manifest shows.

    What lies outside the crop, and every detail finer than 512 px, stays private.
    """
    photo = Image.open(io.BytesIO(photo_jpeg), formats=["JPEG"]).convert("RGB")
    left, top, right, bottom = crop.in_pixels(*photo.size)
    # Whole pixels of the inside, cut before they are made smaller: a filter that was given the box
    # alone would reach for what lies beside it.
    inside = (
        math.ceil(left - _ROUNDING_PX),
        math.ceil(top - _ROUNDING_PX),
        math.floor(right + _ROUNDING_PX),
        math.floor(bottom + _ROUNDING_PX),
    )
    part = photo.crop(inside)
    scale = min(1.0, INGREDIENT_MAX_SIDE_PX / max(part.size))
    size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
    return _jpeg(part.resize(size, Image.Resampling.LANCZOS))


def _jpeg(image: Image.Image) -> bytes:
    """A JPEG of the pixels alone."""
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
