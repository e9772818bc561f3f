"""What FindMark sees in files of strangers: copies of ours, stills, and what was made to hurt."""

import functools
import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from confined import parent
from find_mark import looking, pictures
from find_mark.seen import Looked
from fingerprints import clip
from story.fingerprints import distances
from tests.provenance import ours
from tests.provenance.attacks import encoded, remuxed, stripped
from watermark.pattern import Key

OTHER = Key(7, b"another key that nothing is marked with")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def looked(folder: Path, body: bytes, limits: parent.Limits = looking.LIMITS) -> Looked:
    path = folder / "file"
    path.write_bytes(body)
    return looking.look_at(path, (OTHER, ours.KEY), limits=limits)


@functools.cache
def video() -> bytes:
    return ours.published().video


def turned(body: bytes) -> bytes:
    """The same packets, shown a quarter turn further: the matrix of ISO/IEC 14496-12, 8.3.2."""
    at = body.index(b"tkhd") + 4 + 40
    one = 0x10000
    matrix = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 0x40000000)
    return body[:at] + matrix + body[at + len(matrix) :]


def still(body: bytes, kind: str) -> bytes:
    with av.open(io.BytesIO(body)) as container:
        *_, frame = (each for each, _ in zip(container.decode(video=0), range(12), strict=False))
    out = io.BytesIO()
    frame.to_image().resize((720, 1280), Image.Resampling.LANCZOS).save(out, kind, quality=95)
    return out.getvalue()


def test_a_published_clip_shows_its_mark_and_its_fingerprints(folder: Path) -> None:
    found = looked(folder, video())
    assert found.kind == "video"
    assert found.mark is not None
    assert (found.mark.mark_id, found.mark.key_version) == (ours.MARK_ID, ours.KEY.version)
    assert found.mark.is_mark
    assert found.fingerprints == clip.of_clip(video())
    assert found.mirrored == clip.of_clip(video(), mirrored=True)


@pytest.mark.parametrize(
    "change",
    [
        stripped,
        remuxed,
        lambda body: encoded(body, crf=26),
        lambda body: encoded(body, (("hflip", ""),), crf=23),
    ],
    ids=["stripped", "as Matroska", "transcoded", "mirrored"],
)
def test_a_copy_is_known_by_mark_and_by_look(folder: Path, change: object) -> None:
    assert callable(change)
    found = looked(folder, change(video()))
    assert found.mark is not None
    assert (found.mark.mark_id, found.mark.is_mark) == (ours.MARK_ID, True)
    assert found.fingerprints is not None
    assert found.mirrored is not None
    known = clip.of_clip(video())
    assert distances(found.mirrored if found.mark.mirrored else found.fingerprints, known).alike


def test_a_clip_that_is_stored_on_its_side_is_looked_at_as_it_is_shown(folder: Path) -> None:
    lying = encoded(video(), (("transpose", "2"),), crf=20)
    assert looked(folder, lying).mark is not None
    upright = looked(folder, turned(lying))
    assert upright.mark is not None
    assert (upright.mark.mark_id, upright.mark.is_mark) == (ours.MARK_ID, True)
    assert upright.fingerprints is not None
    assert distances(upright.fingerprints, clip.of_clip(video())).alike


@pytest.mark.parametrize("kind", ["JPEG", "AVIF"])
def test_a_still_is_looked_at_for_a_mark_alone(folder: Path, kind: str) -> None:
    found = looked(folder, still(video(), kind))
    assert found.kind == "still"
    assert found.mark is not None
    assert found.fingerprints is None
    assert found.mark.z > 0


def test_another_clip_has_no_mark(folder: Path) -> None:
    rng = np.random.default_rng(5)
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        stream = target.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 240, "yuv420p"
        for _ in range(12):
            pixels = rng.integers(0, 255, (240, 160, 3), dtype=np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        target.mux(stream.encode(None))
    found = looked(folder, out.getvalue())
    assert found.mark is not None
    assert not found.mark.is_mark


def test_a_playlist_opens_nothing(folder: Path) -> None:
    (folder / "secret.mp4").write_bytes(video())
    playlist = f"#EXTM3U\n#EXTINF:2,\nfile://{folder / 'secret.mp4'}\n".encode()
    assert looked(folder, playlist).why_unread is not None
    hidden = video()[:24] + playlist
    assert looked(folder, hidden).mark is None


def flat(width: int, height: int, codec: str = "libx264") -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        stream = target.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"GIF89a and so on", "it begins with"),
        (video()[:4_000], "does not decode"),
        (flat(32, 64), "32×64 px"),
        (flat(4_096, 4_096), "at most 9,437,184 pixels"),
        (flat(64, 64, "mpeg2video"), "in a form that nothing here decodes"),
        (
            struct.pack(">I4s", 16, b"ftyp")
            + b"isom\0\0\0\0"
            + struct.pack(">I4s", 8, b"free") * 40_000,
            "boxes",
        ),
        (b"\xff\xd8\xff" + b"\0" * 100, "does not decode"),
    ],
    ids=["empty", "gif", "cut", "tiny", "huge", "old codec", "boxes", "no jpeg"],
)
def test_what_cannot_be_looked_at_says_why(folder: Path, body: bytes, why: str) -> None:
    found = looked(folder, body)
    assert found.mark is None
    assert why in str(found.why_unread)


def test_a_bomb_of_pixels_is_refused_by_what_it_claims(folder: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(out, "PNG")
    assert looked(folder, out.getvalue()).mark is None


def test_the_largest_pictures_fit_in_the_memory_that_there_is(folder: Path) -> None:
    found = looked(folder, flat(4_096, 2_304))
    assert found.why_unread is None
    out = io.BytesIO()
    Image.new("RGBA", (8_000, 5_000)).save(out, "PNG", compress_level=1)
    assert looked(folder, out.getvalue()).why_unread is None


def test_a_file_that_is_too_large_is_not_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MAX_FILE_BYTES", 1_000)
    assert "more than 1000 bytes" in str(looked(folder, video()).why_unread)


def test_a_decoder_that_takes_too_long_is_stopped(folder: Path) -> None:
    hasty = parent.Limits(0.01, looking.LIMITS.memory_bytes, looking.LIMITS.answer_bytes)
    assert "longer than 0.01 s" in str(looked(folder, video(), hasty).why_unread)


def test_no_watermark_key_reaches_the_process_that_reads_the_file() -> None:
    assert not hasattr(pictures, "pattern")
    assert not hasattr(pictures, "detection")
