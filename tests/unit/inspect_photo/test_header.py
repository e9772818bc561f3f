import struct

import pytest

from inspect_photo import header
from inspect_photo.header import Header
from story.errors import PhotoTooManyPixels, PhotoTooSmall, PhotoUnreadable
from tests.unit.inspect_photo.corpus import (
    box,
    full,
    heic,
    jpeg_claiming,
    photo,
    png_chunk,
    png_of_zeros,
    saved,
)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (saved(photo(), "JPEG"), "JPEG"),
        (saved(photo(), "JPEG", progressive=True), "JPEG"),
        (saved(photo(), "PNG"), "PNG"),
        (saved(photo(), "WEBP"), "WEBP"),
        (saved(photo(), "WEBP", lossless=True), "WEBP"),
        (saved(photo(), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"), "WEBP"),  # VP8X
        (saved(photo(), "AVIF"), "AVIF"),
        (heic(photo()), "HEIF"),
    ],
)
def test_format_and_size_are_read_from_the_bytes(data: bytes, kind: str) -> None:
    assert header.read(data) == Header(kind, 480, 320)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "it is empty"),
        (b"hello world", "it begins with 'hello wo', not as JPEG, PNG, WebP, HEIC or AVIF does"),
        (b"\x00\x01\x7f\xe9\xff\x00\x00\x00\x00", "it begins with '········'"),
        (saved(photo(), "GIF"), "it is a GIF"),
        (saved(photo(), "TIFF"), "it is a TIFF"),
        (saved(photo(), "BMP"), "it is a BMP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is an SVG drawing"),
        (b"%PDF-1.7", "it is a PDF"),
        (box(b"ftyp", b"isom", bytes(4), b"isommp42") + box(b"mdat"), "brand 'isom'"),
    ],
)
def test_what_is_no_photo_is_named(data: bytes, what: str) -> None:
    with pytest.raises(PhotoUnreadable, match="not") as caught:
        header.read(data)
    assert what in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + b"\xff\xe1\x00\x02" * 6_000,
        b"\xff\xd8" + b"\xff\xe1\x00\x00" * 6_000,  # segments of length 0 must not loop for ever
        b"\xff\xd8" + b"\xff" * 100_000,
        jpeg_claiming(0, 100),
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", bytes(13)),
        png_of_zeros(300, 300)[:33] + png_chunk(b"tEXt", b"a\0b") * 6_000,
        b"RIFF\x10\0\0\0WEBP",
        b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0abcd",
        box(b"ftyp", b"heic", bytes(4)),
        box(b"ftyp", b"heic", bytes(4)) + full(b"meta", full(b"ispe", bytes(8))),
        struct.pack(">I4s", 0, b"ftyp") + b"heic",
    ],
)
def test_a_damaged_header_is_unreadable(data: bytes) -> None:
    with pytest.raises(PhotoUnreadable):
        header.read(data)


def test_a_heic_of_40_000_boxes_is_refused_before_any_library_sees_it() -> None:
    with pytest.raises(PhotoUnreadable, match="more than 2000 boxes"):
        header.read(heic(photo(), extra=box(b"free") * 40_000))


def test_a_200_megapixel_png_is_refused_by_its_header() -> None:
    bomb = png_of_zeros(20_000, 10_000)
    assert len(bomb) < 50_000
    found = header.read(bomb)
    with pytest.raises(PhotoTooManyPixels) as caught:
        header.require_size(found.width, found.height)
    assert str(caught.value) == "20000×10000 px is 200 megapixels; at most 40"


def test_a_jpeg_that_claims_60_000_pixels_a_side_is_refused() -> None:
    found = header.read(jpeg_claiming(60_000, 60_000))
    with pytest.raises(PhotoTooManyPixels, match="3600 megapixels"):
        header.require_size(found.width, found.height)


def test_a_photo_of_one_pixel_is_too_small_and_says_what_would_do() -> None:
    with pytest.raises(PhotoTooSmall) as caught:
        header.require_size(1, 1)
    assert str(caught.value) == "1×1 px; at least 256 px a side"


def test_the_limits_themselves_are_allowed() -> None:
    header.require_size(256, 256)
    header.require_size(8_000, 5_000)
