import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from inspect_photo import decode, header, sandbox
from inspect_photo.header import Format
from story.errors import PhotoTooManyPixels, PhotoTooSmall, PhotoUnreadable
from story.limits import CLEAN_PHOTO_MAX_SIDE_PX
from tests.unit.inspect_photo.corpus import (
    CANARY,
    PHOTOS,
    display_p3,
    heic,
    jpeg_claiming,
    photo,
    pixels,
    png_chunk,
    png_of_zeros,
    saved,
)

Signed: TypeAlias = np.ndarray[Any, np.dtype[np.int16]]


def rewritten(data: bytes, kind: Format | None = None) -> sandbox.CleanPhoto:
    return sandbox.rewrite(data, kind or header.read(data).format)


def rmse(one: Signed, other: Signed) -> float:
    return float(np.sqrt(np.square(one - other).mean()))


def markers(jpeg: bytes) -> list[int]:
    """The markers of a JPEG up to its scan."""
    found, at = [], 2
    while True:
        found.append(jpeg[at + 1])
        if jpeg[at + 1] == 0xDA:
            return found
        at += 2 + struct.unpack_from(">H", jpeg, at + 2)[0]


@pytest.mark.parametrize("name", ["sky_sea_bridge", "cat_chelsea", "stream_waterfall"])
def test_a_plain_photo_keeps_its_pixels(name: str) -> None:
    data = (PHOTOS / f"{name}.jpg").read_bytes()
    clean = rewritten(data)
    assert rmse(pixels(clean.jpeg), pixels(data)) < 3.5
    assert clean.facts.notes == ()


@pytest.mark.parametrize(
    "data",
    [
        saved(photo(), "PNG"),
        saved(photo(), "WEBP", quality=95),
        saved(photo(), "AVIF", quality=95),
        saved(photo(), "JPEG", quality=95, progressive=True),
        heic(photo()),
    ],
    ids=["png", "webp", "avif", "progressive", "heic"],
)
def test_each_format_becomes_the_same_jpeg(data: bytes) -> None:
    clean = rewritten(data)
    assert rmse(pixels(clean.jpeg), np.asarray(photo(), dtype=np.int16)) < 4
    assert (clean.facts.width, clean.facts.height) == (480, 320)


def test_a_large_photo_is_shrunk_to_the_longest_side_that_is_kept() -> None:
    clean = rewritten(saved(photo(3_000, 2_000), "JPEG"))
    assert (clean.facts.source_width, clean.facts.source_height) == (3_000, 2_000)
    assert (clean.facts.width, clean.facts.height) == (CLEAN_PHOTO_MAX_SIDE_PX, 1_365)
    assert rmse(pixels(clean.jpeg), np.asarray(photo(2_048, 1_365), dtype=np.int16)) < 5


def test_a_photo_at_the_pixel_limit_fits_in_the_decoder_s_memory() -> None:
    clean = rewritten(png_of_zeros(8_000, 5_000))
    assert (clean.facts.width, clean.facts.height) == (2_048, 1_280)


def test_a_panorama_loses_its_ends_rather_than_its_height() -> None:
    clean = rewritten(saved(photo(6_000, 300), "JPEG"))
    assert (clean.facts.width, clean.facts.height) == (2_048, 256)
    assert "ends_cut" in clean.facts.notes


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_ends_upright(orientation: int) -> None:
    upright = photo()
    stored = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[orientation]
    turned = upright
    for operation in stored:
        turned = turned.transpose(operation)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    clean = rewritten(saved(turned, "JPEG", quality=95, exif=exif))
    assert pixels(clean.jpeg).shape == (320, 480, 3)
    assert rmse(pixels(clean.jpeg), np.asarray(upright, dtype=np.int16)) < 4


def test_a_heic_that_declares_a_rotation_ends_upright() -> None:
    clean = rewritten(heic(photo().transpose(Image.Transpose.ROTATE_90), rotation=3))
    assert rmse(pixels(clean.jpeg), np.asarray(photo(), dtype=np.int16)) < 4


def test_nothing_but_pixels_leaves() -> None:
    canary = CANARY.encode()
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = CANARY
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = CANARY
    profile = display_p3() + canary
    data = saved(
        photo(),
        "JPEG",
        exif=exif,
        icc_profile=profile,
        comment=canary,
        xmp=b"<x:xmpmeta>" + canary + b"</x:xmpmeta>",
    )
    thumbnail = saved(photo(160, 107), "JPEG", comment=canary)
    data = data[:2] + b"\xff\xed" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail + data[2:]
    data += b"PK\x03\x04" + canary
    assert data.count(canary) >= 7
    clean = rewritten(data)
    assert canary not in clean.jpeg
    # APP0 (JFIF, without a thumbnail), tables, frame, scan: no APP1 to APP15, no comment
    assert set(markers(clean.jpeg)) == {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
    assert clean.jpeg.endswith(b"\xff\xd9")
    assert b"\xff\xd8" not in clean.jpeg[2:]


def test_metadata_of_other_containers_does_not_leave_either() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", CANARY)
    text.add_itxt("XML:com.adobe.xmp", CANARY)
    for data in (
        saved(photo(), "PNG", pnginfo=text),
        saved(photo(), "WEBP", xmp=CANARY.encode()),
        heic(photo(), trailer=CANARY.encode()),
    ):
        assert CANARY.encode() in data
        assert CANARY.encode() not in rewritten(data).jpeg


def test_a_wide_gamut_photo_is_converted_not_relabelled() -> None:
    stored = Image.new("RGB", (300, 300), (100, 200, 100))
    clean = rewritten(saved(stored, "PNG", icc_profile=display_p3()))
    red, green, blue = pixels(clean.jpeg)[150, 150]
    # Computed from the published matrices: P3 (100, 200, 100) is sRGB (45, 203, 86).
    assert (abs(red - 45) <= 3, abs(green - 203) <= 3, abs(blue - 86) <= 3) == (True, True, True)
    assert "profile_converted" in clean.facts.notes


@pytest.mark.parametrize("profile", [b"not a profile", display_p3()[:200], b"\0" * 4_000])
def test_a_broken_profile_counts_as_srgb_and_is_noted(profile: bytes) -> None:
    clean = rewritten(saved(photo(), "PNG", icc_profile=profile))
    assert clean.facts.notes == ("profile_broken",)
    assert rmse(pixels(clean.jpeg), np.asarray(photo(), dtype=np.int16)) < 4


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    clean = rewritten(saved(photo().convert("CMYK"), "JPEG", quality=95))
    assert rmse(pixels(clean.jpeg), np.asarray(photo(), dtype=np.int16)) < 5


def test_a_16_bit_png_is_scaled_not_clipped() -> None:
    ramp = np.tile(np.linspace(0, 65_535, 512).astype(np.uint16), (300, 1))
    clean = rewritten(saved(Image.fromarray(ramp), "PNG"))
    assert np.abs(pixels(clean.jpeg)[..., 0] - np.linspace(0, 255, 512)).max() <= 3


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_shows_white(mode: str) -> None:
    image = photo().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    clean = rewritten(saved(image.convert(mode), "PNG"))
    assert pixels(clean.jpeg).min() >= 253
    assert "alpha_flattened" in clean.facts.notes


def test_a_palette_and_a_grey_picture_become_rgb() -> None:
    for mode in ("P", "L", "1"):
        assert pixels(rewritten(saved(photo().convert(mode), "PNG")).jpeg).shape == (320, 480, 3)


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "blue", "lime")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    clean = rewritten(data)
    red, green, blue = pixels(clean.jpeg)[150, 150]
    assert red > 245
    assert max(green, blue) < 12
    assert "first_frame_taken" in clean.facts.notes


@pytest.mark.parametrize(
    "data",
    [saved(photo(), "JPEG"), saved(photo(), "PNG"), saved(photo(), "WEBP"), heic(photo())],
    ids=["jpeg", "png", "webp", "heic"],
)
@pytest.mark.parametrize("part", [0.4, 0.95])
def test_a_truncated_photo_is_unreadable(data: bytes, part: float) -> None:
    with pytest.raises(PhotoUnreadable):
        rewritten(data[: int(len(data) * part)])


def test_a_file_of_one_kind_in_another_s_clothes_is_unreadable() -> None:
    with pytest.raises(PhotoUnreadable, match="does not decode"):
        rewritten(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", bytes(13)), "JPEG")


def test_the_child_checks_the_size_again_in_case_the_header_was_read_wrongly() -> None:
    with pytest.raises(PhotoTooManyPixels):
        rewritten(jpeg_claiming(60_000, 60_000), "JPEG")
    with pytest.raises(PhotoTooSmall):
        rewritten(saved(photo(64, 64), "PNG"), "PNG")


def test_a_picture_that_declares_two_sizes_is_not_believed() -> None:
    bomb = png_of_zeros(20_000, 10_000)
    second = bomb[8:33]
    honest = saved(photo(), "PNG")
    with pytest.raises((PhotoUnreadable, PhotoTooManyPixels)):
        rewritten(honest[:33] + second + honest[33:])


def test_a_decoder_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(PhotoUnreadable, match=r"not decoded within 0\.01 s"):
        sandbox.rewrite(saved(photo(), "JPEG"), "JPEG", seconds=0.01)


@pytest.fixture
def decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts another program in the decoder's place."""

    def put(program: str) -> None:
        package = tmp_path / "inspect_photo"
        package.mkdir()
        real = str(Path(decode.__file__).parent)
        (package / "__init__.py").write_text(f"__path__.append({real!r})")
        (package / "decode.py").write_text(program)
        monkeypatch.syspath_prepend(str(tmp_path))

    return put


def test_the_child_gets_no_credentials(
    decoder: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that an attacker took over must not find the function's keys."""
    decoder("import os, sys; sys.stderr.write(repr(sorted(os.environ))); sys.exit(9)")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "x")
    with pytest.raises(PhotoUnreadable, match=r"decoder fail \(status 9\)") as caught:
        sandbox.rewrite(b"", "JPEG")
    told = str(caught.value.__cause__)
    assert "PYTHONPATH" in told
    assert "AWS_" not in told


@pytest.mark.parametrize(
    ("program", "what"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("print('{}')", "not the JPEG it should be"),
        ("print('hello')", "not the JPEG it should be"),
        ('print(\'{"error": "SettingInvalid", "message": "m"}\'); sys.exit(3)', "^m$"),
        ("print('{}'); sys.exit(3)", "not the JPEG it should be"),
    ],
)
def test_a_decoder_that_was_taken_over_can_say_nothing_worse_than_unreadable(
    decoder: Callable[[str], None], program: str, what: str
) -> None:
    decoder(f"import os, signal, sys; {program}")
    with pytest.raises(PhotoUnreadable, match=what):
        sandbox.rewrite(b"", "JPEG")


def test_memory_is_limited_in_the_child(decoder: Callable[[str], None]) -> None:
    """The real limits, around a decoder that wants more than any photo needs."""
    decoder(
        "import runpy\n"
        f"runpy.run_path({decode.__file__!r})['bind_by_limits']()\n"
        "grabbed = bytearray(2 * 1024 ** 3)\n"
    )
    with pytest.raises(PhotoUnreadable, match="decoder fail") as caught:
        sandbox.rewrite(b"", "JPEG")
    assert "MemoryError" in str(caught.value.__cause__)


def test_a_bit_flipped_anywhere_gives_a_photo_or_a_plain_refusal() -> None:
    random = np.random.default_rng(7)
    for data in (saved(photo(), "JPEG"), saved(photo(), "PNG"), heic(photo())):
        for _ in range(3):
            damaged = bytearray(data)
            for at in random.integers(0, len(data), 12):
                damaged[at] ^= 1 << int(random.integers(0, 8))
            try:
                clean = rewritten(bytes(damaged))
            except (PhotoUnreadable, PhotoTooManyPixels, PhotoTooSmall):
                continue
            assert Image.open(io.BytesIO(clean.jpeg)).size == (480, 320)
