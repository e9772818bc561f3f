"""From an opened photo to the clean one: upright, sRGB, opaque, bounded, and nothing but pixels.

Runs inside the limited child process (see `decode`); everything here meets untrusted data.
"""

import io
import struct
import warnings
from typing import IO, Final

from PIL import ExifTags, Image, ImageCms

from inspect_photo.decode import open_photo
from inspect_photo.facts import Facts, Note
from inspect_photo.header import Format, require_size
from story.errors import PhotoTooManyPixels, PhotoUnreadable
from story.limits import (
    CLEAN_PHOTO_JPEG_QUALITY,
    CLEAN_PHOTO_MAX_SIDE_PX,
    MAX_PHOTO_PIXELS,
    MIN_PHOTO_SIDE_PX,
)

#: A strip longer than this loses its ends: shrunk whole to the longest side that we keep, its
#: short side would fall below the least that can be animated, and a 9:16 story shows only a
#: small part of it anyway. What is cut is gone before the first gate, so the gates judge what
#: will be shown.
MAX_ASPECT: Final = CLEAN_PHOTO_MAX_SIDE_PX // MIN_PHOTO_SIDE_PX

#: EXIF orientation -> what turns the stored picture upright. CIPA DC-008, tag 0x0112.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_16_BIT_TO_8: Final = 1 / 257

#: What Pillow and its plugins raise on damaged files, besides MemoryError.
_DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    RuntimeError,
    OverflowError,
    struct.error,
)


def clean(source: IO[bytes], kind: Format) -> tuple[Facts, bytes]:
    """Decode the whole photo and rewrite it as a JPEG without any metadata.

    Raises PhotoUnreadable, PhotoTooManyPixels, PhotoTooSmall.
    """
    notes: list[Note] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # e.g. "Corrupt EXIF data": noted below
            image = open_photo(io.BytesIO(source.read()), kind)
            source_size = image.size
            require_size(*source_size)
            if getattr(image, "is_animated", False):
                notes.append("first_frame_taken")
            profile = image.info.get("icc_profile")
            orientation = _orientation(image, notes)
            if kind == "JPEG":
                # Decodes at 1/2, 1/4 or 1/8 where that is still at least as large as we keep.
                image.draft(None, (CLEAN_PHOTO_MAX_SIDE_PX, CLEAN_PHOTO_MAX_SIDE_PX))
            image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooManyPixels(
            f"The {kind} photo has more than {MAX_PHOTO_PIXELS:,} pixels"
        ) from error
    except _DECODER_ERRORS as error:
        raise PhotoUnreadable(f"The {kind} photo does not decode: {error}") from error
    upright = _turned(_opaque(_shrunk(_eight_bit(image), notes), notes), orientation, notes)
    pixels = _to_srgb(upright, profile, notes)
    facts = Facts(
        source_width=source_size[0],
        source_height=source_size[1],
        width=pixels.width,
        height=pixels.height,
        notes=tuple(notes),
    )
    return facts, _encoded(pixels)


def _orientation(image: Image.Image, notes: list[Note]) -> int:
    """The EXIF orientation, 1 to 8; EXIF that cannot be read counts as upright."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DECODER_ERRORS:
        notes.append("exif_broken")
        return 1
    return value if isinstance(value, int) and value in _UPRIGHT else 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """One of the modes L, LA, RGB, RGBA, CMYK with 8 bits a channel."""
    if image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"}:
        return image
    if image.mode in {"I", "I;16", "I;16B", "I;16L", "I;16N"}:
        return image.point(lambda level: level * _16_BIT_TO_8).convert("L")
    if image.mode in {"P", "PA"}:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def _opaque(image: Image.Image, notes: list[Note]) -> Image.Image:
    """The picture over white, which is what a page shows behind a transparent picture."""
    if not image.has_transparency_data:
        return image
    notes.append("alpha_flattened")
    picture = image.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture)
    return ground.convert("L" if image.mode in {"L", "LA"} else "RGB")


def _shrunk(image: Image.Image, notes: list[Note]) -> Image.Image:
    """At most MAX_ASPECT times as long as wide, and at most CLEAN_PHOTO_MAX_SIDE_PX long."""
    short, long = sorted(image.size)
    if long > MAX_ASPECT * short:
        notes.append("ends_cut")
        excess = (long - MAX_ASPECT * short) // 2
        across = (excess, 0) if image.width > image.height else (0, excess)
        image = image.crop(
            (across[0], across[1], image.width - across[0], image.height - across[1])
        )
    scale = CLEAN_PHOTO_MAX_SIDE_PX / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _turned(image: Image.Image, orientation: int, notes: list[Note]) -> Image.Image:
    if orientation not in _UPRIGHT:
        return image
    notes.append("turned")
    return image.transpose(_UPRIGHT[orientation])


def _to_srgb(image: Image.Image, profile: bytes | None, notes: list[Note]) -> Image.Image:
    """The picture in sRGB; a profile that is broken or of another colour model is ignored.

    Perceptual rendering, as viewers do for photos.
    """
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.PERCEPTUAL,
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, *_DECODER_ERRORS):
            notes.append("profile_broken")
        else:
            if converted is not None:
                notes.append("profile_converted")
                return converted
    return image.convert("RGB")


def _encoded(pixels: Image.Image) -> bytes:
    """The JPEG of the pixels alone: the encoder is given a picture that knows nothing else."""
    bare = Image.new("RGB", pixels.size)
    bare.paste(pixels)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=CLEAN_PHOTO_JPEG_QUALITY, subsampling="4:4:4")
    return out.getvalue()
