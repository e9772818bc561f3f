"""Files of strangers: good ones, broken ones, changed ones; each gets the answer that is true."""

import struct
from pathlib import Path

import pytest

from confined import parent
from provenance import sandbox
from provenance.reading import Examined
from tests.provenance import boxes, corpus, ours
from tests.provenance.attacks import encoded, remuxed, stripped
from tests.provenance.mutation import LONG, flipped

UUID_BOX = boxes.C2PA + b"\0\0\0\0manifest\0" + b"\0" * 8


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def examined(folder: Path, body: bytes, root: str | None = None) -> Examined:
    path = folder / "file"
    path.write_bytes(body)
    return sandbox.read(path, root)


def video() -> bytes:
    return ours.published().video


def without(name: str) -> bytes:
    """Our clip with one box cut out, which moves all that follows."""
    cut = boxes.named(video(), name)
    return video()[: cut.begin] + video()[cut.end :]


def renamed(name: str, kind: bytes) -> bytes:
    """Our clip with one box called otherwise, and all in its place."""
    found = boxes.named(video(), name)
    return video()[: found.begin + 4] + kind + video()[found.begin + 8 :]


def tagged() -> bytes:
    """As an editor of metadata does it: another title in the container."""
    return video() + box(b"udta", box(b"name", b"another title"))


def transplanted() -> bytes:
    """Our credential in another clip."""
    credential = boxes.named(video(), "manifest")
    other = ours.label(corpus.tiny(frames=24), 7)
    return other + video()[credential.begin : credential.end]


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (video(), "trusted"),
        (ours.published("mountain_clouds").video, "untrusted"),
        (stripped(video()), "absent"),
        (remuxed(video()), "absent"),
        (encoded(video(), crf=28), "absent"),
        (ours.published().labelled, "absent"),
        (renamed("manifest", b"free"), "absent"),
        (tagged(), "invalid"),
        (transplanted(), "invalid"),
        (without("XMP"), "invalid"),
        (video() + b"more", "invalid"),
        (video()[:-500], "invalid"),
        (ours.published().labelled + box(b"uuid", UUID_BOX + b"garbage" * 40), "invalid"),
        (ours.published().labelled + b"more" * 9, "unreadable"),
        (video()[:40], "unreadable"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "unreadable"),
        (b"just some words", "unreadable"),
        (b"", "unreadable"),
    ],
    ids=[
        "ours", "somebody else's", "stripped", "as Matroska", "transcoded", "not yet signed",
        "hidden", "tagged", "transplanted", "without XMP", "appended to", "cut", "garbage",
        "plain, appended to", "a beginning", "no PNG", "words", "empty",
    ],
)  # fmt: skip
def test_each_file_gets_the_verdict_that_is_true(tmp_path: Path, body: bytes, verdict: str) -> None:
    assert examined(tmp_path, body, ours.published().root).verdict == verdict


@pytest.mark.parametrize("name", [each for each in corpus.samples() if each.startswith("signed")])
def test_a_credential_is_read_in_every_kind_of_file_that_has_one(tmp_path: Path, name: str) -> None:
    assert examined(tmp_path, corpus.samples()[name]).verdict == "valid"


def test_a_file_that_hangs_or_hoards_is_unreadable_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(video())
    hasty = parent.Limits(0.01, sandbox.LIMITS.memory_bytes, sandbox.LIMITS.answer_bytes)
    assert sandbox.read(path, None, limits=hasty).unreadable == "reading it took longer than 0.01 s"
    wordy = parent.Limits(sandbox.LIMITS.seconds, sandbox.LIMITS.memory_bytes, 100)
    assert "more than 100 bytes" in str(sandbox.read(path, None, limits=wordy).unreadable)


@pytest.mark.parametrize("head", LONG)
@pytest.mark.parametrize("length", [20_000, 2**29, 2**32 - 1])
def test_a_credential_that_claims_to_be_long_is_broken(
    tmp_path: Path, head: int, length: int
) -> None:
    # Before it finds the file too short, the parser takes as much memory as the length says.
    body = corpus.samples()["signed JPEG"]
    at = body.index(b"jnotAllowed")
    claimed = body[:at] + struct.pack(">BI", head, length) + body[at + 5 :]
    found = examined(tmp_path, claimed)
    assert found.verdict == "invalid"
    assert "credential" in str(found.broken)


def test_a_changed_byte_says_which_check_failed(tmp_path: Path) -> None:
    place = boxes.named(video(), "mdat").payload[500]
    found = examined(tmp_path, flipped(video(), place), ours.published().root)
    assert [each.code for each in found.defects] == ["assertion.bmffHash.mismatch"]
