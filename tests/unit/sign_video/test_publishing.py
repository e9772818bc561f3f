"""Each of two verifiers can stop a story alone, and one that says yes to everything passes none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import c2pa
import encypher_c2pa
import pytest

from provenance import publishing, second_opinion, verification
from story.errors import CredentialInvalid

if TYPE_CHECKING:
    from conftest import Signed, Stack

MP4 = "video/mp4"
_verify = encypher_c2pa.verify
_json = c2pa.Reader.json


def ids(signed: Signed) -> tuple[str, str]:
    """The manifest's id and the instance's."""
    manifest_id: str = signed.output["credential"]["manifest_id"]
    instance_id: str = _verify(signed.video, MP4, telemetry=False, online=False)["manifest_report"][
        "manifests"
    ][manifest_id]["instance_id"]
    return manifest_id, instance_id


def ask(video: bytes, signed: Signed, *, stamped: bool = False) -> None:
    second_opinion.check(video, MP4, *ids(signed), signed.root, stamped=stamped)


def flipped(video: bytes, place: int) -> bytes:
    changed = bytearray(video)
    changed[place] ^= 1
    return bytes(changed)


def test_the_second_verifier_accepts_what_was_signed(signed: Signed) -> None:
    ask(signed.video, signed)


@pytest.mark.parametrize("box", [b"moov", b"mdat"])
def test_the_second_verifier_refuses_changed_media(signed: Signed, box: bytes) -> None:
    place = signed.video.rindex(box) + 40
    with pytest.raises(CredentialInvalid, match=r"hard binding mismatch.*bmffHash\.mismatch"):
        ask(flipped(signed.video, place), signed)


@pytest.mark.parametrize("words", [b"algorithmicMedia", b"notAllowed", b"io.iscc.v0"])
def test_the_second_verifier_refuses_a_changed_statement(signed: Signed, words: bytes) -> None:
    with pytest.raises(CredentialInvalid, match=r"encypher-c2pa [\d.]+ does not accept"):
        ask(flipped(signed.video, signed.video.rindex(words)), signed)


def test_the_second_verifier_refuses_a_signer_that_no_anchor_vouches_for(
    signed: Signed, stack: Stack
) -> None:
    with pytest.raises(CredentialInvalid, match=r"signingCredential\.untrusted"):
        second_opinion.check(signed.video, MP4, *ids(signed), stack.root, stamped=False)


def test_the_second_verifier_refuses_a_missing_time_stamp(signed: Signed) -> None:
    with pytest.raises(CredentialInvalid, match=r"trustedTimeStampMissing.*timeStamp\.validated"):
        ask(signed.video, signed, stamped=True)


@pytest.mark.parametrize("which", [0, 1])
def test_the_second_verifier_has_to_find_the_same_manifest(signed: Signed, which: int) -> None:
    asked = list(ids(signed))
    asked[which] = "urn:c2pa:another"
    with pytest.raises(CredentialInvalid, match=r"not .*urn:c2pa:another"):
        second_opinion.check(signed.video, MP4, asked[0], asked[1], signed.root, stamped=False)


@pytest.mark.parametrize("rubbish", [b"", b"this is no MP4"])
def test_the_second_verifier_refuses_what_it_cannot_read(signed: Signed, rubbish: bytes) -> None:
    with pytest.raises(CredentialInvalid, match="finds no credential"):
        ask(rubbish, signed)


def test_what_the_first_alone_refuses_is_not_published(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is asked the same of the same bytes, and is content."""

    def refuse(reader: c2pa.Reader) -> str:
        return _json(reader).replace('"Trusted"', '"Invalid"')

    monkeypatch.setattr(c2pa.Reader, "json", refuse)
    with pytest.raises(CredentialInvalid, match="reads back as Invalid"):
        stack.run()
    assert stack.published() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("integrity", "invalid"),
        ("signature", "unknown"),
        ("hard_binding", "mismatch"),
        ("trust", {"status": "not_valid_for_supplied_material"}),
        ("validation_results", {"success": [], "failure": []}),
        ("validation_results", {"success": [], "failure": [{"code": "general.error"}]}),
        ("manifest_report", None),
        ("manifest_report", {"active_manifest": "urn:c2pa:another", "manifests": {}}),
        ("integrity", "perhaps"),
    ],
)
def test_what_the_second_alone_refuses_is_not_published(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, field: str, value: Any
) -> None:
    def refuse(*asked: Any, **how: Any) -> dict[str, Any]:
        return {**_verify(*asked, **how), field: value}

    monkeypatch.setattr(encypher_c2pa, "verify", refuse)
    with pytest.raises(CredentialInvalid, match="encypher-c2pa"):
        stack.run()
    assert stack.published() == []


def test_a_second_verifier_that_fails_stops_the_story(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> dict[str, Any]:
        raise ValueError("as tested")

    monkeypatch.setattr(encypher_c2pa, "verify", fail)
    with pytest.raises(CredentialInvalid, match="cannot read the file: as tested"):
        stack.run()
    assert stack.published() == []


def test_a_first_verifier_that_says_yes_to_everything_passes_nothing(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers for every file what it answered for the first."""
    answers: dict[str, str] = {}

    def lie(reader: c2pa.Reader) -> str:
        # By manifest, since the first answer is with anchors and the others are without.
        truth = _json(reader)
        return answers.setdefault("all", truth.replace("assertion.bmffHash.mismatch", "x"))

    monkeypatch.setattr(c2pa.Reader, "json", lie)
    with pytest.raises(
        CredentialInvalid, match=r"c2pa-python [\d.]+ accepts the signed video with one bit"
    ):
        stack.run()
    assert stack.published() == []


def test_a_second_verifier_that_says_yes_to_everything_passes_nothing(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = []

    def lie(*asked: Any, **how: Any) -> Any:
        answers.append(_verify(*asked, **how))
        return answers[0]

    monkeypatch.setattr(encypher_c2pa, "verify", lie)
    with pytest.raises(
        CredentialInvalid, match=r"encypher-c2pa [\d.]+ accepts the signed video with one bit"
    ):
        stack.run()
    assert stack.published() == []


def test_the_second_verifier_calls_nobody(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has telemetry and can fetch what a file names; neither is wanted here."""
    asked: list[dict[str, Any]] = []

    def note(*what: Any, **how: Any) -> Any:
        asked.append(how)
        return _verify(*what, **how)

    monkeypatch.setattr(encypher_c2pa, "verify", note)
    stack.run()
    assert len(asked) == 2  # the video and its changed copy
    assert all(how["telemetry"] is False and how["online"] is False for how in asked)
    assert all(how["no_default_trust"] and how["strict_conformance"] for how in asked)


def test_a_video_without_media_has_nothing_to_change(signed: Signed) -> None:
    with pytest.raises(CredentialInvalid, match="no box of media"):
        publishing._changed(signed.video.replace(b"mdat", b"free"))


def test_the_changed_copy_differs_in_one_bit_of_the_media(signed: Signed) -> None:
    changed = publishing._changed(signed.video)
    (place,) = (
        at for at, pair in enumerate(zip(signed.video, changed, strict=True)) if pair[0] != pair[1]
    )
    assert signed.video[place] ^ changed[place] == 1
    assert place > signed.video.rindex(b"mdat")
    assert verification.accepts_bytes(signed.video, MP4)
    assert not verification.accepts_bytes(changed, MP4)
