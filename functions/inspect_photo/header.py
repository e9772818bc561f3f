"""What a photo is and how large it claims to be, read from its bytes and nothing else.

Neither the declared media type nor the file's name is asked. No picture data is decoded: every
reader here takes time linear in the number of segments, chunks or boxes, which is bounded.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from inspect_photo import boxes
from story.errors import PhotoTooManyPixels, PhotoTooSmall, PhotoUnreadable
from story.limits import MAX_PHOTO_PIXELS, MIN_PHOTO_SIDE_PX

Format = Literal["JPEG", "PNG", "WEBP", "HEIF", "AVIF"]

_READABLE: Final = "JPEG, PNG, WebP, HEIC or AVIF"
_MAX_SEGMENTS: Final = 5_000
_QUOTED_BYTES: Final = 8
_MEGA: Final = 1_000_000

_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)

#: What people send that is no photo we read, by its first bytes.
_KNOWN_OTHERS: Final = (
    (b"GIF8", "a GIF"),
    (b"II*\x00", "a TIFF"),
    (b"MM\x00*", "a TIFF"),
    (b"BM", "a BMP"),
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
)


@dataclass(frozen=True)
class Header:
    """What the file claims: its format and the size of its picture in pixels, before turning."""

    format: Format
    width: int
    height: int


def read(data: bytes) -> Header:
    """The format and size that a file's own bytes declare.

    Raises PhotoUnreadable if it is none of the formats we read, or declares no size.
    """
    return _reader(data)(data)


def require_size(width: int, height: int) -> None:
    """Refuse pictures that are too large to decode or too small to animate.

    Raises PhotoTooManyPixels, PhotoTooSmall.
    """
    if width * height > MAX_PHOTO_PIXELS:
        raise PhotoTooManyPixels(
            f"{_size(width, height)} is {width * height / _MEGA:.0f} megapixels; "
            f"at most {MAX_PHOTO_PIXELS // _MEGA}"
        )
    if min(width, height) < MIN_PHOTO_SIDE_PX:
        raise PhotoTooSmall(f"{_size(width, height)}; at least {MIN_PHOTO_SIDE_PX} px a side")


def _size(width: int, height: int) -> str:
    return f"{width}\N{MULTIPLICATION SIGN}{height} px"


def _reader(data: bytes) -> Callable[[bytes], Header]:
    if data.startswith(b"\xff\xd8\xff"):
        return _read_jpeg
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _read_png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _read_webp
    if data[4:8] == b"ftyp":
        return _read_isobmff
    raise PhotoUnreadable(f"This is not a photo we can read: {_what_instead(data)}")


def _what_instead(data: bytes) -> str:
    if not data:
        return f"it is empty, where {_READABLE} is needed"
    for beginning, name in _KNOWN_OTHERS:
        if data.startswith(beginning):
            return f"it is {name}, not {_READABLE}"
    quoted = "".join(
        chr(byte) if chr(byte).isprintable() and byte < 0x7F else "·"  # noqa: PLR2004  (ASCII)
        for byte in data[:_QUOTED_BYTES]
    )
    return f"it begins with '{quoted}', not as {_READABLE} does"


def _damaged(name: str, why: str) -> PhotoUnreadable:
    return PhotoUnreadable(f"The {name} is damaged or incomplete: {why}")


def _read_jpeg(data: bytes) -> Header:
    """Walk the segments up to the start of frame. ITU-T T.81, annex B."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        while data[position : position + 2] == b"\xff\xff":  # fill bytes
            position += 1
        segment = data[position : position + 9]
        if len(segment) < 9 or segment[0] != 0xFF:  # noqa: PLR2004  (T.81 numbers)
            raise _damaged("JPEG", "it has no start of frame")
        marker = segment[1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004  (T.81)
            height, width = struct.unpack(">HH", segment[5:9])
            if not width or not height:
                raise _damaged("JPEG", f"it declares {_size(width, height)}")
            return Header("JPEG", width, height)
        if marker in {0xD9, 0xDA}:
            raise _damaged("JPEG", "its picture begins before its size is declared")
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # noqa: PLR2004  (markers without a length)
            position += 2
        else:
            position += 2 + struct.unpack(">H", segment[2:4])[0]
    raise _damaged("JPEG", f"it has more than {_MAX_SEGMENTS} segments before its picture")


def _read_png(data: bytes) -> Header:
    """Read IHDR and count the chunks that are not picture data. ISO/IEC 15948, section 5."""
    if data[12:16] != b"IHDR" or len(data) < 33:  # noqa: PLR2004  (signature + IHDR)
        raise _damaged("PNG", "it does not begin with IHDR")
    width, height = struct.unpack_from(">II", data, 16)
    if not width or not height:
        raise _damaged("PNG", f"it declares {_size(width, height)}")
    position, others = 8, 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind not in {b"IDAT", b"fdAT"}:
            others += 1
            if others > _MAX_SEGMENTS:
                raise _damaged("PNG", f"it has more than {_MAX_SEGMENTS} chunks besides its data")
        if kind == b"IEND":
            break
        position += 12 + length
    return Header("PNG", width, height)


def _read_webp(data: bytes) -> Header:
    """Read the first chunk: VP8X, VP8L or VP8. RFC 9649, sections 2.5 to 2.7."""
    kind, payload = data[12:16], data[20:30]
    if kind == b"VP8X" and len(payload) >= 10:  # noqa: PLR2004  (VP8X payload)
        width = int.from_bytes(payload[4:7], "little") + 1
        height = int.from_bytes(payload[7:10], "little") + 1
        return Header("WEBP", width, height)
    if kind == b"VP8L" and len(payload) >= 5 and payload[0] == 0x2F:  # noqa: PLR2004  (RFC)
        bits = int.from_bytes(payload[1:5], "little")
        return Header("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and payload[3:6] == b"\x9d\x01\x2a" and len(payload) >= 10:  # noqa: PLR2004
        width, height = struct.unpack("<HH", payload[6:10])
        if width & 0x3FFF and height & 0x3FFF:
            return Header("WEBP", width & 0x3FFF, height & 0x3FFF)
    raise _damaged("WebP", "it declares no size")


def _read_isobmff(data: bytes) -> Header:
    """Tell HEIC and AVIF apart by their brands and take the largest picture they declare."""
    size = int.from_bytes(data[:4])
    if size < 16 or size % 4:  # noqa: PLR2004  (header, major brand and minor version)
        raise _damaged("file", "its type box has an impossible size")
    brands = {data[8:12]} | {data[at : at + 4] for at in range(16, min(size, 512), 4)}
    if data[8:12] in _AVIF_BRANDS or (brands & _AVIF_BRANDS and not brands & {b"heic", b"heix"}):
        kind: Literal["AVIF", "HEIF"] = "AVIF"
    elif brands & _HEIF_BRANDS:
        kind = "HEIF"
    else:
        brand = data[8:12].decode("ascii", "replace").strip()
        raise PhotoUnreadable(
            f"This is a video or another kind of media file (brand '{brand}'), not {_READABLE}"
        )
    extents = boxes.walk(data).extents
    if not extents:
        raise _damaged(kind, "it declares no picture size")
    width, height = max(extents, key=lambda extent: extent[0] * extent[1])
    if not width or not height:
        raise _damaged(kind, f"it declares {_size(width, height)}")
    return Header(kind, width, height)
