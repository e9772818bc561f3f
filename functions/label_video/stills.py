"""The pictures that go with a clip: its poster, and the part of the photo that it began with."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from story.generation import Box

POSTER_MAX_PX: Final = (720, 1_280)
INGREDIENT_MAX_SIDE_PX: Final = 512
_QUALITY: Final = 88


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
    scale = min(1.0, INGREDIENT_MAX_SIDE_PX / max(right - left, bottom - top))
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    return _jpeg(photo.resize(size, Image.Resampling.LANCZOS, box=(left, top, right, bottom)))


def _jpeg(image: Image.Image) -> bytes:
    """A JPEG of the pixels alone."""
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
