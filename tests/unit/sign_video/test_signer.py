from __future__ import annotations

import contextlib
import hashlib
import io
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import botocore.awsrequest
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from cloud.certificates import Identity, identity
from cloud.clients import client
from provenance import publishing, verification
from sign_video import manifest, signer
from story import labels
from story.contracts import Credential
from story.errors import (
    CredentialInvalid,
    DependencyThrottled,
    DependencyUnavailable,
    SettingInvalid,
    SigningFailed,
)
from story.generation import EngineName
from tests.unit.sign_video.samples import FINGERPRINTS
from tests.unit.sign_video.time_stamps import answering, authority, certificate_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Stack

ENGINE = EngineName(family="procedural", name="Enliven Motion", version="1.2.3")
STORY = manifest.Story(
    "xmp:iid:1",
    "2026-11-22T00:00:00Z",
    ENGINE,
    labels.for_engine(ENGINE),
    "en",
    FINGERPRINTS.iscc,
)


def sign(stack: Stack, who: Identity, *authorities: str, seconds: float = 15.0) -> bytes:
    pictures = signer.Pictures(stack.poster, stack.ingredient)
    return signer.sign(stack.clip, pictures, STORY, who, authorities=authorities, seconds=seconds)


def who_signs(stack: Stack) -> Identity:
    return identity(stack.key_id, "/enliven/chain", "/enliven/anchors")


@contextlib.contextmanager
def kms_answers(status: int, code: str) -> Iterator[None]:
    """Make the KMS client see this answer to Sign, whatever the backend would say."""

    class Raw:
        def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
            yield b'{"__type": "%s", "message": "as tested"}' % code.encode()

    def answer(**_: Any) -> botocore.awsrequest.AWSResponse:
        return botocore.awsrequest.AWSResponse("https://kms", status, {}, Raw())  # type: ignore[arg-type]  # urllib3's shape

    events = client("kms").meta.events
    events.register_first("before-send.kms.Sign", answer)
    try:
        yield
    finally:
        events.unregister("before-send.kms.Sign", answer)


@contextlib.contextmanager
def listening(sent: list[dict[str, Any]]) -> Iterator[None]:
    """Keep what the client sends to Sign."""

    def keep(params: dict[str, Any], **_: Any) -> None:
        sent.append(params)

    events = client("kms").meta.events
    events.register("provide-client-params.kms.Sign", keep)
    try:
        yield
    finally:
        events.unregister("provide-client-params.kms.Sign", keep)


def test_a_message_that_kms_hashes_itself_is_sent_as_it_is(stack: Stack) -> None:
    message = b"m" * signer.MAX_RAW_BYTES
    signature = signer.KmsSigner(stack.key_id)(message)
    key = serialization.load_der_public_key(
        client("kms").get_public_key(KeyId=stack.key_id)["PublicKey"]
    )
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, message, ec.ECDSA(hashes.SHA256()))


def test_of_a_longer_message_kms_gets_the_digest(stack: Stack) -> None:
    sent: list[dict[str, Any]] = []
    message = b"m" * (signer.MAX_RAW_BYTES + 1)
    with listening(sent):
        signer.KmsSigner(stack.key_id)(message)
    (request,) = sent
    assert request["MessageType"] == "DIGEST"
    assert request["Message"] == hashlib.sha256(message).digest()
    assert len(request["Message"]) == Prehashed(hashes.SHA256()).digest_size


def test_why_kms_refused_is_what_the_caller_sees(stack: Stack) -> None:
    who = who_signs(stack)
    with (
        kms_answers(400, "AccessDeniedException"),
        pytest.raises(SigningFailed, match=rf"key {stack.key_id}: .*AccessDeniedException"),
    ):
        sign(stack, who)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "ThrottlingException", DependencyThrottled),
        (500, "KMSInternalException", DependencyUnavailable),
    ],
)
def test_what_may_pass_is_tried_again(
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
    error: type[Exception],
) -> None:
    who = who_signs(stack)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)  # between its own retries
    with kms_answers(status, code), pytest.raises(error, match=code):
        sign(stack, who)


def test_a_clip_that_is_no_video_is_not_signed(stack: Stack) -> None:
    stack.clip = b"this is no MP4"
    with pytest.raises(SigningFailed, match="could not be made or embedded"):
        sign(stack, who_signs(stack))


@pytest.mark.parametrize(("status", "body"), [(500, b""), (200, b"not a time stamp"), (200, b"")])
def test_an_authority_that_gives_no_time_stamp_is_tried_again(
    stack: Stack, status: int, body: bytes
) -> None:
    with (
        answering(lambda _: (status, body)) as url,
        pytest.raises(DependencyUnavailable, match=url),
    ):
        sign(stack, who_signs(stack), url)


def test_an_authority_that_never_answers_is_waited_for_only_so_long(stack: Stack) -> None:
    who, let = who_signs(stack), threading.Event()

    def wait(_: bytes) -> tuple[int, bytes]:
        let.wait()
        return 500, b""

    with answering(wait) as url:
        with pytest.raises(DependencyUnavailable, match=r"gave no answer within 0\.3 s"):
            sign(stack, who, url, seconds=0.3)
        let.set()


def test_an_authority_that_is_not_there_stops_the_story_before_it_is_published(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSA_URL", "http://127.0.0.1:9/")
    with pytest.raises(DependencyUnavailable, match=r"127\.0\.0\.1:9"):
        stack.run()
    assert stack.published() == []


def test_if_the_first_authority_fails_the_second_is_asked(
    stack: Stack, time_stamps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with authority(time_stamps) as second, answering(lambda _: (500, b"")) as first:
        stack.trust(certificate_of(time_stamps))
        monkeypatch.setenv("TSA_URL", first)
        monkeypatch.setenv("SECOND_TSA_URL", second)
        stack.run()
    reading = stack.reading()
    assert {verification.TIME_STAMPED, verification.TIME_TRUSTED}.issubset(reading.passed)


def test_if_the_first_authority_is_late_the_second_is_asked(
    stack: Stack, time_stamps: Path
) -> None:
    who, let = who_signs(stack), threading.Event()

    def wait(_: bytes) -> tuple[int, bytes]:
        let.wait()
        return 500, b""

    with authority(time_stamps) as second, answering(wait) as first:
        signed = sign(stack, who, first, second, seconds=2.0)
        let.set()
    reading = verification.read(io.BytesIO(signed), "video/mp4", None)
    assert reading is not None
    assert verification.TIME_STAMPED in reading.passed


def test_if_both_authorities_fail_both_are_named(stack: Stack) -> None:
    nobody = "http://127.0.0.1:9/"
    with (
        answering(lambda _: (200, b"not a time stamp")) as first,
        pytest.raises(DependencyUnavailable) as failed,
    ):
        sign(stack, who_signs(stack), first, nobody)
    assert f"{first} gave no usable time stamp" in str(failed.value)
    assert f"{nobody} gave no usable time stamp" in str(failed.value)


def test_while_the_first_authority_answers_the_second_is_not_asked(
    stack: Stack, time_stamps: Path
) -> None:
    asked: list[bytes] = []

    def note(query: bytes) -> tuple[int, bytes]:
        asked.append(query)
        return 500, b""

    with authority(time_stamps) as first, answering(note) as second:
        sign(stack, who_signs(stack), first, second)
    assert asked == []


def test_what_kms_refuses_no_second_authority_mends(stack: Stack) -> None:
    who = who_signs(stack)
    with (
        answering(lambda _: (500, b"")) as first,
        kms_answers(400, "AccessDeniedException"),
        pytest.raises(SigningFailed, match="AccessDeniedException"),
    ):
        sign(stack, who, first, first)


def test_a_second_authority_without_a_first_is_refused(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_TSA_URL", "https://second.example")
    with pytest.raises(SettingInvalid, match=r"SECOND_TSA_URL.*TSA_URL"):
        stack.run()


def test_an_authority_states_when_a_story_was_signed(
    stack: Stack, time_stamps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with authority(time_stamps) as url:
        stack.trust(certificate_of(time_stamps))
        monkeypatch.setenv("TSA_URL", url)
        credential = stack.run()["credential"]
    reading, kept = stack.reading(), Credential.model_validate(credential)
    assert {verification.TIME_STAMPED, verification.TIME_TRUSTED}.issubset(reading.passed)
    assert reading.time_stamp == credential["signed_at"]
    assert before <= datetime.fromisoformat(credential["signed_at"]) <= datetime.now(UTC)
    # Gate 3 asks both verifiers of today: an authority that leads nowhere any more is not trusted.
    (video_key,) = [key for key in stack.published() if key.endswith(".mp4")]
    video = stack.object(video_key)
    publishing.check_again(video, manifest.MEDIA_TYPE, kept, who_signs(stack).anchors)
    with pytest.raises(CredentialInvalid, match=r"encypher-c2pa .*timeStamp"):
        publishing.check_again(video, manifest.MEDIA_TYPE, kept, stack.root)


def test_an_authority_that_leads_to_no_anchor_stops_the_story(
    stack: Stack, time_stamps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with authority(time_stamps) as url:
        monkeypatch.setenv("TSA_URL", url)
        with pytest.raises(CredentialInvalid, match=r"not passed: timeStamp\.trusted.*anchors"):
            stack.run()
    assert stack.published() == []
