"""What is no photo for us: told by the command line with its code, and gone from everywhere."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.local.deployment import PHOTO, Browser, Deployment

MEBIBYTE = 1024 * 1024


def _text() -> bytes:
    return b"Dear reader, this is a letter and not a photo.\n" * 50


def _truncated() -> bytes:
    whole = PHOTO.read_bytes()
    return whole[: len(whole) // 2]


def _one_pixel() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1, 1), "teal").save(out, "JPEG")
    return out.getvalue()


def _bomb(width: int = 20_000, height: int = 10_000) -> bytes:
    """200 megapixels of nothing in a PNG of some 25 kB."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checked = kind + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    row = bytes(1 + width // 8)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * height, 9))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_text, "photo_unreadable"),
        (_truncated, "photo_unreadable"),
        (_one_pixel, "photo_too_small"),
        (_bomb, "photo_too_many_pixels"),
    ],
)
def test_a_photo_that_cannot_be_used_fails_its_story_by_name(
    deployment: Deployment, ana: Browser, tmp_path: Path, make: Callable[[], bytes], code: str
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(make())
    assert photo.stat().st_size < MEBIBYTE
    told = deployment.enliven("create", str(photo), "--out", str(tmp_path / "story.mp4"), "--plain")
    assert told.returncode == 2, told
    assert f"{code}: " in told.stderr
    assert "Traceback" not in told.stdout + told.stderr
    assert not (tmp_path / "story.mp4").exists()

    newest = ana.request("GET", "/stories").json()["stories"][0]
    assert newest["status"] == "FAILED"
    assert [reason["code"] for reason in newest["reasons"]] == [code]
    assert deployment.settled(newest["id"]) == {}, "not even evidence: there is no clean photo"
    assert deployment.items("GENERATION", newest["id"]) == []


def test_an_empty_file_is_told_before_anything_is_made(
    deployment: Deployment, ana: Browser, tmp_path: Path
) -> None:
    before = _ids(ana)
    photo = tmp_path / "empty.jpg"
    photo.touch()
    told = deployment.enliven("create", str(photo), "--out", str(tmp_path / "story.mp4"))
    assert told.returncode == 2, told
    assert "photo_unreadable: " in told.stderr
    assert "Traceback" not in told.stdout + told.stderr
    assert _ids(ana) == before


def _ids(browser: Browser) -> list[str]:
    return [story["id"] for story in browser.request("GET", "/stories").json()["stories"]]


def test_sixty_megabytes_are_refused_by_the_upload_form_itself(
    deployment: Deployment, ana: Browser, tmp_path: Path
) -> None:
    photo = tmp_path / "large.jpg"
    with photo.open("wb") as file:
        file.write(PHOTO.read_bytes())
        file.truncate(60 * MEBIBYTE)
    told = deployment.enliven("create", str(photo), "--out", str(tmp_path / "story.mp4"), "--json")
    assert told.returncode == 2, told
    assert "photo_too_large" in told.stderr + told.stdout
    assert "Traceback" not in told.stdout + told.stderr
    newest = ana.request("GET", "/stories").json()["stories"][0]
    assert newest["status"] == "AWAITING_PHOTO"
    assert deployment.left(newest["id"]) == {}
    assert deployment.executions(newest["id"]) == []
    assert json.dumps(newest["reasons"]) == "[]"
