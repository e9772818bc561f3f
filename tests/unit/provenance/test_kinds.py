"""What a file is by its first bytes, and how many boxes it has."""

import struct
import time

import pytest

from provenance import kinds
from tests.provenance import corpus

FTYP = struct.pack(">I4s", 24, b"ftyp") + b"isom\0\0\2\0isommp41"
FREE = struct.pack(">I4s", 8, b"free")


def test_every_kind_is_known_by_its_bytes() -> None:
    found = {name: kinds.of_bytes(body) for name, body in corpus.samples().items()}
    assert found == {
        "signed MP4": "video/mp4",
        "signed MOV": "video/quicktime",
        "signed JPEG": "image/jpeg",
        "signed PNG": "image/png",
        "signed WebP": "image/webp",
        "signed AVIF": "image/avif",
        "plain MP4": "video/mp4",
        "MJPEG in MP4": "video/mp4",
        "Matroska": "video/x-matroska",
        "WebM": "video/x-matroska",
        "HEIC": "image/heic",
        "JPEG": "image/jpeg",
    }


def test_boxes_are_counted_through_containers_and_64_bit_sizes() -> None:
    inside = struct.pack(">I4sQ", 1, b"moov", 16 + 3 * 8) + FREE * 3
    meta = struct.pack(">I4s", 8 + 4 + 8, b"meta") + b"\0\0\0\0" + FREE
    to_the_end = struct.pack(">I4s", 0, b"mdat") + FREE * 5
    assert kinds.count_boxes(FTYP + inside + meta + to_the_end) == 1 + 4 + 2 + 1


@pytest.mark.parametrize(
    "body",
    [
        FTYP + FREE * 40_000,
        FTYP + struct.pack(">I4s", 8 + 8 * 40_000, b"moov") + FREE * 40_000,
        FTYP + b"".join(struct.pack(">I4s", 8 * (9_000 - i), b"moov") for i in range(9_000)),
    ],
    ids=["flat", "inside", "nested"],
)
def test_a_bomb_of_boxes_is_refused_at_once(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(kinds.NotReadable, match="more than 2000 boxes"):
        kinds.of_bytes(body)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("body", [b"", b"ftyp", b"#EXTM3U\n", b"%PDF-1.7", b"RIFF\0\0\0\0AVI "])
def test_anything_else_is_not_read(body: bytes) -> None:
    with pytest.raises(kinds.NotReadable, match="not as MP4"):
        kinds.of_bytes(body)
