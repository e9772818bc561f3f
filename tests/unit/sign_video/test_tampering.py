"""What a changed byte does, box by box."""

from __future__ import annotations

import io
import struct
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.clients import client
from local import certificates
from provenance import verification
from story.contracts import Credential
from story.errors import CredentialInvalid

if TYPE_CHECKING:
    from conftest import Signed, Stack

VIDEO = "0123456789abcdef0123456789abcdef/story.mp4"


def boxes(video: bytes) -> dict[str, tuple[int, int]]:
    """Where the payload of each top-level box begins and ends."""
    found, position = {}, 0
    while position < len(video):
        size, kind = struct.unpack_from(">I4s", video, position)
        found[kind.decode()] = (position + 8, position + size)
        position += size
    return found


def flipped(video: bytes, position: int) -> bytes:
    changed = bytearray(video)
    changed[position] ^= 0x01
    return bytes(changed)


def holds(video: bytes, anchors: str) -> bool:
    try:
        reading = verification.read(io.BytesIO(video), "video/mp4", anchors)
    except CredentialInvalid:
        return False
    return reading is not None and reading.state == "Trusted" and not reading.defects(anchored=True)


@pytest.mark.parametrize("box", ["moov", "mdat"])
def test_any_changed_byte_of_the_media_is_noticed(signed: Signed, box: str) -> None:
    assert holds(signed.video, signed.root)
    begin, end = boxes(signed.video)[box]
    places = range(begin, end, max(1, (end - begin) // 12))
    assert [place for place in places if holds(flipped(signed.video, place), signed.root)] == []


def test_the_brand_is_outside_the_hash_as_c2pa_has_it(signed: Signed) -> None:
    begin, _ = boxes(signed.video)["ftyp"]
    assert holds(flipped(signed.video, begin + 7), signed.root)


@pytest.mark.parametrize(
    "words", [b"algorithmicMedia", b"Enliven Motion", b"notAllowed", b"photo.jpg", b"story.mp4"]
)
def test_no_statement_of_the_credential_can_be_changed(signed: Signed, words: bytes) -> None:
    begin, end = boxes(signed.video)["uuid"]
    place = signed.video.index(words, begin, end)
    assert not holds(flipped(signed.video, place + 3), signed.root)


@pytest.mark.parametrize("picture", ["poster", "ingredient"])
def test_no_picture_of_the_credential_can_be_changed(signed: Signed, picture: str) -> None:
    place = signed.video.index(getattr(signed.sources, picture))
    assert not holds(flipped(signed.video, place + 100), signed.root)


def test_a_credential_does_not_fit_another_video(signed: Signed) -> None:
    begin, end = boxes(signed.video)["uuid"]
    credential = signed.video[begin - 8 : end]
    assert not holds(signed.sources.clip + credential, signed.root)


def test_check_names_what_failed(signed: Signed) -> None:
    reading = verification.read(io.BytesIO(signed.video), "video/mp4", None)
    assert reading is not None
    assert reading.instance_id is not None
    begin, _ = boxes(signed.video)["mdat"]
    with pytest.raises(CredentialInvalid, match=r"assertion\.bmffHash\.mismatch"):
        verification.check(
            flipped(signed.video, begin + 50),
            "video/mp4",
            reading.instance_id,
            signed.root,
            stamped=False,
        )


def test_check_refuses_a_video_without_a_credential(signed: Signed) -> None:
    with pytest.raises(CredentialInvalid, match="carries no credential"):
        verification.check(
            signed.sources.clip, "video/mp4", "xmp:iid:1", signed.root, stamped=False
        )


def test_check_refuses_the_credential_of_another_story(signed: Signed) -> None:
    with pytest.raises(CredentialInvalid, match="not of xmp:iid:other"):
        verification.check(signed.video, "video/mp4", "xmp:iid:other", signed.root, stamped=False)


def test_check_refuses_a_credential_without_the_time_stamp_it_should_have(signed: Signed) -> None:
    reading = verification.read(io.BytesIO(signed.video), "video/mp4", None)
    assert reading is not None
    assert reading.instance_id is not None
    with pytest.raises(
        CredentialInvalid, match=r"not passed: timeStamp\.trusted, timeStamp\.validated"
    ):
        verification.check(
            signed.video, "video/mp4", reading.instance_id, signed.root, stamped=True
        )


def test_a_published_video_is_found_good_again(signed: Signed) -> None:
    credential = Credential.model_validate(signed.output["credential"])
    verification.check_again(signed.video, "video/mp4", credential, signed.root)


def test_a_credential_that_took_the_place_of_another_is_noticed(signed: Signed) -> None:
    other = Credential.model_validate(signed.output["credential"] | {"manifest_id": "urn:c2pa:x"})
    with pytest.raises(CredentialInvalid, match="the story's is urn:c2pa:x"):
        verification.check_again(signed.video, "video/mp4", other, signed.root)


def test_without_a_time_stamp_a_credential_ends_with_its_certificate(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 4.0
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    monkeypatch.setattr(certificates, "LEAF_DAYS", seconds / 86_400)
    public_key = client("kms").get_public_key(KeyId=stack.key_id)["PublicKey"]
    made = certificates.issue(public_key, datetime.now(UTC))
    stack.set_parameter("/enliven/chain", made.chain)
    stack.set_parameter("/enliven/anchors", made.root)
    output = stack.run()
    video = stack.object(VIDEO)
    credential = Credential.model_validate(output["credential"])
    verification.check_again(video, "video/mp4", credential, made.root)
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()) + 1.0)
    with pytest.raises(CredentialInvalid, match=r"expired|insideValidity"):
        verification.check_again(video, "video/mp4", credential, made.root)
