"""Reading the photo: upright, RGB, within the limits."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from model_endpoint.pixels import Rgb
from story.errors import PhotoTooLarge, PhotoTooManyPixels, PhotoTooSmall, PhotoUnreadable
from story.limits import MAX_PHOTO_PIXELS, MAX_UPLOAD_BYTES, MIN_PHOTO_SIDE_PX

#: InspectPhoto hands the engine a JPEG; the other two serve the command line.
FORMATS = ("JPEG", "PNG", "WEBP")
#: Pillow cuts 16-bit greys off at 255 instead of scaling them.
SIXTEEN_TO_EIGHT = 255.0 / 65_535.0


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
            # Pillow warns of its own pixel limit, where ours is checked before decoding, and of
            # metadata that it cannot read, which we do not need.
            warnings.simplefilter("ignore")
            upright = _decoded(Image.open(io.BytesIO(data), formats=FORMATS))
    except UnidentifiedImageError as error:
        raise PhotoUnreadable("not a complete JPEG, PNG or WebP photo") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow's decoders raise these four for damaged files, depending on the format.
        raise PhotoUnreadable(f"not a complete JPEG, PNG or WebP photo: {error}") from error
    return np.asarray(upright, dtype=np.uint8)


def _decoded(image: Image.Image) -> Image.Image:
    """The picture upright and in RGB, whatever it was; sizes are checked before it is decoded."""
    width, height = image.size
    if width * height > MAX_PHOTO_PIXELS:
        raise PhotoTooManyPixels(f"{width} by {height} px; at most {MAX_PHOTO_PIXELS} pixels")
    if min(width, height) < MIN_PHOTO_SIDE_PX:
        raise PhotoTooSmall(
            f"{width} by {height} px; the shorter side needs at least {MIN_PHOTO_SIDE_PX}"
        )
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):
        upright = upright.point(lambda level: level * SIXTEEN_TO_EIGHT).convert("L")
    return upright.convert("RGB")
