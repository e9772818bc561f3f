"""Reading the photo: upright, RGB, within the limits."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

from model_endpoint.pixels import Rgb
from story.errors import PhotoTooLarge, PhotoTooManyPixels, PhotoTooSmall, PhotoUnreadable
from story.limits import MAX_PHOTO_PIXELS, MAX_UPLOAD_BYTES, MIN_PHOTO_SIDE_PX

#: InspectPhoto hands the engine a JPEG; the other two serve the command line.
FORMATS = ("JPEG", "PNG", "WEBP")


def read_photo(data: bytes) -> Rgb:
    """Decode a photo: (H, W, 3) uint8, upright, sRGB assumed.

    Raises:
        PhotoTooLarge, PhotoTooManyPixels, PhotoTooSmall: outside story/limits.py.
        PhotoUnreadable: not a complete JPEG, PNG or WebP.
    """
    if len(data) > MAX_UPLOAD_BYTES:
        raise PhotoTooLarge(f"{len(data)} bytes; at most {MAX_UPLOAD_BYTES}")
    try:
        with warnings.catch_warnings():
            # Pillow warns from its own pixel limit on; ours is checked below, before decoding.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
        if width * height > MAX_PHOTO_PIXELS:
            raise PhotoTooManyPixels(f"{width} by {height} px; at most {MAX_PHOTO_PIXELS} pixels")
        if min(width, height) < MIN_PHOTO_SIDE_PX:
            raise PhotoTooSmall(
                f"{width} by {height} px; the shorter side needs at least {MIN_PHOTO_SIDE_PX}"
            )
        upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow's decoders raise these four for damaged files, depending on the format.
        raise PhotoUnreadable(f"not a complete JPEG, PNG or WebP photo: {error}") from error
    return np.asarray(upright, dtype=np.uint8)
