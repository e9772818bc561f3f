"""What becomes of the Content Credentials that a photo came with: a statement, or nothing."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

import c2pa
import pytest

from cli import verify
from cloud.clients import client
from provenance.reading import Action, Examined, Finding, Reading
from read_photo_credential import finding
from read_photo_credential.handler import handler
from story.errors import PhotoMissing, StoryMissing
from story.photo_credential import SOURCE_TYPES, PhotoCredential
from tests.unit.sign_video import photos

if TYPE_CHECKING:
    from conftest import Stack

STORY = "0123456789abcdef0123456789abcdef"


def look(photo: bytes, *, keep: bool | None) -> dict[str, Any]:
    """ReadPhotoCredential on a story whose photo this is, with its creator's word or without."""
    record: dict[str, Any] = {"pk": {"S": f"STORY#{STORY}"}, "sk": {"S": "META"}}
    if keep is not None:
        record["keep_photo_credentials"] = {"BOOL": keep}
    client("dynamodb").put_item(TableName="stories", Item=record)
    stored = client("s3").put_object(Bucket="work", Key="uploads/photo", Body=photo)
    upload = {
        "bucket": "work",
        "key": "uploads/photo",
        "version_id": "",
        "etag": stored["ETag"],
        "size": len(photo),
    }
    return handler({"story_id": STORY, "attempt": 1, "upload": upload}, None)  # type: ignore[arg-type]  # no Lambda around it


def said(stack: Stack) -> str | None:
    """What the signed video says of its ingredient."""
    stack.run()
    (ingredient,) = stack.reading().ingredients
    return ingredient.description


def manifest_id(photo: bytes) -> str:
    with c2pa.Reader("image/jpeg", io.BytesIO(photo)) as reader:
        active = reader.get_active_manifest()
    assert active is not None
    label: str = active["label"]
    return label


def test_a_valid_credential_is_named_if_its_creator_asked_for_it(stack: Stack) -> None:
    photo = photos.with_credential()
    assert look(photo, keep=True) == {"found": "held"}
    assert said(stack) == (
        "The photo had Content Credentials of its own, which held:"
        f" {manifest_id(photo)}, which calls it digitalCapture."
        " Who signed them was not checked; nothing else of them is kept."
    )


def test_without_being_asked_nothing_is_said_of_a_valid_credential(stack: Stack) -> None:
    assert look(photos.with_credential(), keep=None) == {"found": "unsaid"}
    assert said(stack) is None
    assert b"urn:c2pa" in stack.object(stack.published()[-1])  # the video's own


def test_a_tampered_photo_is_recorded_as_such_unasked(stack: Stack) -> None:
    assert look(photos.tampered(), keep=False) == {"found": "broken"}
    assert said(stack) == (
        "The photo had Content Credentials of its own, which did not hold"
        " (assertion.dataHash.mismatch)."
    )
    # The video itself is as good as any.
    assert stack.reading().state == "Trusted"


def test_a_credential_that_cannot_be_read_is_recorded_as_such(stack: Stack) -> None:
    assert look(photos.unparsable(), keep=True) == {"found": "unreadable"}
    assert said(stack) == "The photo had Content Credentials of its own, which could not be read."


def test_a_photo_without_a_credential_is_read_by_no_library(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.sandbox.read", None)
    assert look(photos.jpeg(), keep=True) == {"found": "absent"}
    assert said(stack) is None


def test_neither_place_nor_name_nor_picture_of_the_photo_travels(stack: Stack) -> None:
    photo = photos.with_credential()
    for private in (photos.LATITUDE.encode(), photos.OWNER.encode(), photos.thumbnail()):
        assert private in photo
    look(photo, keep=True)
    stack.run()
    video = stack.object(stack.published()[-1])
    for private in (photos.LATITUDE.encode(), photos.OWNER.encode(), photos.thumbnail()[200:]):
        assert private not in video


def test_a_later_attempt_says_what_the_first_has_found(stack: Stack) -> None:
    """It has no upload to look at."""
    look(photos.tampered(), keep=False)
    event = stack.event() | {"attempt": 2}
    stack.event = lambda *_: event  # type: ignore[method-assign]  # of a retry
    assert "did not hold" in (said(stack) or "")


@pytest.mark.usefixtures("stack")
def test_a_box_bomb_is_unreadable_and_soon() -> None:
    """40,000 empty boxes, for which the parser would need 17 s."""
    head = (24).to_bytes(4, "big") + b"ftypavif\0\0\0\0avifmif1"
    bomb = head + ((8).to_bytes(4, "big") + b"free") * 40_000 + (12).to_bytes(4) + b"jumdxxxx"
    began = time.perf_counter()
    assert look(bomb, keep=True) == {"found": "unreadable"}
    assert time.perf_counter() - began < 5


@pytest.mark.usefixtures("stack")
def test_an_upload_that_was_exchanged_is_not_read() -> None:
    look(photos.jpeg(), keep=True)
    upload = {"bucket": "work", "key": "uploads/photo", "version_id": "", "etag": "x", "size": 5}
    with pytest.raises(PhotoMissing):
        handler({"story_id": STORY, "attempt": 1, "upload": upload}, None)  # type: ignore[arg-type]  # no Lambda


@pytest.mark.usefixtures("stack")
def test_a_deleted_story_is_not_looked_at() -> None:
    upload = {"bucket": "work", "key": "uploads/photo", "version_id": "", "etag": "x", "size": 5}
    with pytest.raises(StoryMissing):
        handler({"story_id": STORY, "attempt": 1, "upload": upload}, None)  # type: ignore[arg-type]  # no Lambda


def reading(**differing: Any) -> Reading:
    made = Action(
        action="c2pa.created",
        when=None,
        agent=None,
        digital_source_type=differing.pop("source_type", f"{photos.IPTC}digitalCapture"),
        description=None,
    )
    return Reading(
        **{
            "manifest_id": "urn:c2pa:00000000-1111-4222-8333-555555555555",
            "instance_id": None,
            "state": "Valid",
            "issuer": None,
            "common_name": None,
            "generators": (),
            "time_stamp": None,
            "actions": (made,),
            "ingredients": (),
            "passed": ("claimSignature.validated", "assertion.dataHash.match"),
            "failed": (),
            **differing,
        }
    )


def concluded(read: Reading) -> PhotoCredential:
    examined = Examined(media_type="image/jpeg", anchored=False, reading=read)
    return finding.conclude(examined, wanted=True)


@pytest.mark.parametrize(
    "words", ["urn:c2pa:buy-my-pills.example", "BUY NOW", "urn:c2pa:" + "a" * 200]
)
def test_no_words_of_a_stranger_get_into_what_we_sign(words: str) -> None:
    found = concluded(reading(manifest_id=words, source_type=f"{photos.IPTC}buyMyPills"))
    assert found == PhotoCredential(found="held")
    failed = (Finding(where="credential", code=words, explanation=words),)
    assert concluded(reading(failed=failed)) == PhotoCredential(found="broken")


@pytest.mark.parametrize(
    "passed", [(), ("claimSignature.validated",), ("assertion.dataHash.match",)]
)
def test_a_credential_that_is_not_signed_and_bound_to_the_photo_does_not_hold(
    passed: tuple[str, ...],
) -> None:
    assert concluded(reading(passed=passed)).found == "broken"


def test_a_tampered_ingredient_of_the_photo_makes_it_broken_though_its_state_is_valid() -> None:
    code = "assertion.dataHash.mismatch"
    found = concluded(reading(failed=(Finding(where="other.jpg", code=code, explanation=""),)))
    assert found == PhotoCredential(found="broken", failures=(code,))


def test_the_terms_that_may_be_said_are_those_that_verify_explains() -> None:
    assert set(SOURCE_TYPES) == verify.SOURCE_TYPES.keys()
