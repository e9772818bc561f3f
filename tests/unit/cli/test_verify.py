"""`enliven verify` on real files: signed here with a local key, damaged, foreign, hostile."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import av
import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

from cli import checkout, verify
from cli.outcome import CommandFailed, Exit
from local import certificates
from provenance import __main__ as provenance_command
from provenance import verification
from sign_video import manifest
from story import labels
from story.generation import EngineName

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = EngineName(family="diffusion", name="wan-5b", version="2.2")
FTYP = struct.pack(">I4s", 24, b"ftyp") + b"isom\0\0\2\0isommp41"


@dataclass(frozen=True)
class Sample:
    """A signed MP4 and JPEG, the MP4 before that, and the root that vouches for both."""

    video: bytes
    picture: bytes
    unsigned: bytes
    root: bytes


def clip() -> bytes:
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 96, "yuv420p"
        for index in range(6):
            pixels = np.full((96, 64, 3), 20 * index, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return written.getvalue()


def jpeg() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (64, 96), (90, 20, 160)).save(written, "JPEG")
    return written.getvalue()


@pytest.fixture(scope="module")
def sample() -> Sample:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    chain = certificates.issue(public, datetime.now(UTC))

    def sign(media: bytes, media_type: str) -> bytes:
        story = manifest.Story(
            "xmp:iid:1",
            "2026-11-22T16:00:00Z",
            ENGINE,
            labels.for_engine(ENGINE),
            "en",
            "ISCC:EMDQ" + "A" * 51,
        )
        signed = io.BytesIO()
        with (
            c2pa.Context.from_dict(
                verification.settings(None) | {"builder": {"thumbnail": {"enabled": False}}}
            ) as context,
            c2pa.Builder(manifest.manifest(story) | {"format": media_type}, context) as builder,
            c2pa.Signer.from_callback(
                lambda message: key.sign(message, ec.ECDSA(hashes.SHA256())),
                c2pa.C2paSigningAlg.ES256,
                chain.chain,
            ) as signer,
        ):
            for name in (manifest.POSTER, manifest.INGREDIENT):
                builder.add_resource(name, io.BytesIO(jpeg()))
            builder.add_ingredient(manifest.ingredient(), "image/jpeg", io.BytesIO(jpeg()))
            builder.sign(signer, media_type, io.BytesIO(media), signed)
        return signed.getvalue()

    unsigned = clip()
    return Sample(
        video=sign(unsigned, "video/mp4"),
        picture=sign(jpeg(), "image/jpeg"),
        unsigned=unsigned,
        root=chain.root.encode(),
    )


def report(tmp_path: Path, body: bytes, anchors: bytes | None) -> verify.VerifyReport:
    path = tmp_path / "file"
    path.write_bytes(body)
    return verify.verify(path, anchors)


def refusal(tmp_path: Path, body: bytes) -> CommandFailed:
    with pytest.raises(CommandFailed) as caught:
        report(tmp_path, body, None)
    assert caught.value.status == Exit.USAGE
    return caught.value


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`verify` as a program, in a process of its own."""
    root = str(checkout.ROOT)
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from cli import main; sys.exit(main.main(sys.argv[1:]))",
            "verify",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((root, f"{root}/functions"))},
    )


def test_a_signed_video_is_trusted_by_those_who_trust_its_root(
    tmp_path: Path, sample: Sample
) -> None:
    found = report(tmp_path, sample.video, sample.root)
    assert (found.verdict, found.good, found.defects) == ("trusted", True, ())
    words = verify.render(found)
    for fact in (
        "Enliven on this computer, Enliven signer",
        "wan-5b 2.2",
        "put together with a trained generative model (AI)",
        "2026-11-22T16:00:00Z, as the signer says (no time stamp)",
        "photo.jpg (inputTo), shown in the credential",
        "c2pa.created, c2pa.edited",
        f"c2pa-python {c2pa.__version__}",
    ):
        assert fact in words


def test_a_signed_picture_is_read_as_well(tmp_path: Path, sample: Sample) -> None:
    found = report(tmp_path, sample.picture, sample.root)
    assert (found.verdict, found.media_type) == ("trusted", "image/jpeg")


def test_without_anchors_the_signer_is_said_to_be_unchecked(tmp_path: Path, sample: Sample) -> None:
    found = report(tmp_path, sample.video, None)
    assert (found.verdict, found.good) == ("valid", True)
    assert "who signed it was not checked" in verify.render(found)


def test_a_signer_who_is_not_among_the_anchors_is_not_good(tmp_path: Path, sample: Sample) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    other = certificates.issue(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), datetime.now(UTC)
    )
    found = report(tmp_path, sample.video, other.root.encode())
    assert (found.verdict, found.good) == ("untrusted", False)
    assert "intact" in verify.render(found)


def test_a_changed_video_is_invalid_and_says_which_check_failed(
    tmp_path: Path, sample: Sample
) -> None:
    place = sample.video.index(b"mdat") + 40
    changed = bytearray(sample.video)
    changed[place] ^= 1
    found = report(tmp_path, bytes(changed), sample.root)
    assert (found.verdict, found.good) == ("invalid", False)
    assert "assertion.bmffHash.mismatch" in verify.render(found)


@pytest.mark.parametrize("kept", [0.5, 0.9, 0.99])
def test_a_cut_video_is_never_good(tmp_path: Path, sample: Sample, kept: float) -> None:
    assert not report(tmp_path, sample.video[: int(len(sample.video) * kept)], sample.root).good


def test_a_video_without_credential_is_said_to_have_none(tmp_path: Path, sample: Sample) -> None:
    found = report(tmp_path, sample.unsigned, sample.root)
    assert (found.verdict, found.reading) == ("absent", None)


def test_a_credential_of_garbage_is_invalid(tmp_path: Path, sample: Sample) -> None:
    c2pa_uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    payload = c2pa_uuid + b"\0\0\0\0manifest\0" + b"\0" * 8 + b"garbage" * 40
    body = sample.unsigned + struct.pack(">I4s", 8 + len(payload), b"uuid") + payload
    found = report(tmp_path, body, sample.root)
    assert found.verdict == "invalid"
    assert "failed" in verify.render(found)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"just some words", "it begins with b'just som'"),
        (b"%PDF-1.7", "not as MP4"),
        (FTYP + struct.pack(">I4s", 8, b"free") * 40_000, "more than 2000 boxes"),
        (
            FTYP
            + struct.pack(">I4s", 8 + 8 * 40_000, b"moov")
            + struct.pack(">I4s", 8, b"free") * 40_000,
            "more than 2000 boxes",
        ),
        (
            FTYP + b"".join(struct.pack(">I4s", 8 * (9_000 - i), b"moov") for i in range(9_000)),
            "more than 2000 boxes",
        ),
    ],
    ids=["empty", "text", "pdf", "flat bomb", "bomb inside", "nested bomb"],
)
def test_what_is_no_media_file_or_a_bomb_is_unreadable(
    tmp_path: Path, body: bytes, why: str
) -> None:
    assert why in refusal(tmp_path, body).detail


def test_a_file_that_is_not_there_and_a_folder_are_unreadable(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "nothing", "no such file"), (tmp_path, "not a file")):
        with pytest.raises(CommandFailed, match=why):
            verify.verify(path, None)


def test_anchors_that_are_no_certificates_are_refused(tmp_path: Path, sample: Sample) -> None:
    with pytest.raises(CommandFailed, match="no PEM certificates"):
        report(tmp_path, sample.video, b"trust me")


def test_a_reader_that_takes_too_long_is_stopped(tmp_path: Path, sample: Sample) -> None:
    path = tmp_path / "file"
    path.write_bytes(sample.video)
    with pytest.raises(CommandFailed, match=r"took longer than 0\.001 s"):
        verify.verify(path, None, seconds=0.001)


def test_words_of_a_stranger_cannot_steer_the_terminal(tmp_path: Path, sample: Sample) -> None:
    found = report(tmp_path, sample.video, sample.root)
    assert found.reading is not None
    hostile = found.model_copy(
        update={"reading": found.reading.model_copy(update={"issuer": "\x1b[2J\x07you\nwin"})}
    )
    assert "\x1b" not in verify.render(hostile)
    assert len(verify.render(hostile).splitlines()) == len(verify.render(found).splitlines())


def run(*arguments: str) -> Exit:
    parser = ArgumentParser()
    verify.arguments(parser)
    return verify.run(parser.parse_args([*arguments, "--alone"]))


def test_the_exit_status_and_json_say_the_same(
    tmp_path: Path, sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    root, video, plain = tmp_path / "root.pem", tmp_path / "a.mp4", tmp_path / "b.mp4"
    root.write_bytes(sample.root)
    video.write_bytes(sample.video)
    plain.write_bytes(sample.unsigned)
    expected: dict[Path, Any] = {video: (Exit.OK, "trusted"), plain: (Exit.REJECTED, "absent")}
    for path, (status, verdict) in expected.items():
        assert run(str(path), "--anchors", str(root), "--json") == status
        said = json.loads(capsys.readouterr().out)
        assert said["verdict"] == verdict
        assert said["answer"] == ("verified" if verdict == "trusted" else "unknown")
        assert said["check"] is None


def test_the_credential_alone_gives_an_answer_as_json(
    tmp_path: Path, sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = bytearray(sample.video)
    changed[sample.video.index(b"mdat") + 20] ^= 1
    file, root = tmp_path / "file", tmp_path / "root.pem"
    root.write_bytes(sample.root)
    for body, anchors, status, answer in (
        (sample.video, ["--anchors", str(root)], 0, "verified"),
        (sample.video, [], 3, "unknown"),
        (bytes(changed), ["--anchors", str(root)], 3, "invalid"),
        (sample.unsigned, ["--anchors", str(root)], 3, "unknown"),
        (b"just some words", [], 2, "unknown"),
    ):
        file.write_bytes(body)
        assert provenance_command.main(["verify", str(file), *anchors]) == status
        said = json.loads(capsys.readouterr().out)
        assert said["answer"] == answer
        assert said["sentence"]
    assert provenance_command.main(["verify", str(file), "--anchors", str(tmp_path / "gone")]) == 2


def test_without_a_stack_the_credential_alone_is_told_and_that_is_said(
    tmp_path: Path,
    sample: Sample,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    video, given = tmp_path / "a.mp4", tmp_path / checkout.STATE_FOLDER / "profile.json"
    video.write_bytes(sample.unsigned)
    given.parent.mkdir()
    # Nothing listens at port 9 of the loopback.
    given.write_text(
        json.dumps(
            {
                "api_url": "http://127.0.0.1:9",
                "client_id": "x",
                "region": "us-east-1",
                "username": "x",
                "password": "x",
            }
        )
    )
    parser = ArgumentParser()
    verify.arguments(parser)
    assert verify.run(parser.parse_args([str(video)])) == Exit.REJECTED
    said = capsys.readouterr()
    assert said.err.startswith("! no stack was asked: cannot connect to http://127.0.0.1:9")
    assert said.out.startswith("✗ no Content Credentials in this file")
    with pytest.raises(CommandFailed, match="server_unreachable"):
        verify.run(parser.parse_args([str(video), "--profile", "local"]))


def test_missing_anchors_are_named(tmp_path: Path, sample: Sample) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(sample.video)
    with pytest.raises(CommandFailed, match=r"gone\.pem"):
        run(str(video), "--anchors", str(tmp_path / "gone.pem"))


def test_no_input_ends_in_a_traceback(tmp_path: Path, sample: Sample) -> None:
    bodies = {
        "signed.mp4": (sample.video, Exit.OK),
        "plain.mp4": (sample.unsigned, Exit.REJECTED),
        "words.mp4": (b"just some words", Exit.USAGE),
    }
    (tmp_path / "root.pem").write_bytes(sample.root)
    for name, (body, status) in bodies.items():
        (tmp_path / name).write_bytes(body)
        done = command(str(tmp_path / name), "--anchors", str(tmp_path / "root.pem"), "--alone")
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert done.stderr.count("\n") == (status == Exit.USAGE)
