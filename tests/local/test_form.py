"""The upload form: what it allows is exactly one photo of one story, and S3 itself enforces it."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from story import limits
from story.identifiers import upload_key
from tests.local.deployment import PHOTO, Browser, Deployment, eventually, policy_of, upload


def refusal(answer: httpx.Response) -> str:
    """S3's name for why it refused."""
    assert answer.status_code in {400, 403}, answer.text
    code = ET.fromstring(answer.text).findtext("Code")  # noqa: S314 - the emulator's own
    assert code is not None
    return code


def rewritten(form: dict[str, Any], **changed: Any) -> str:
    """The form's policy with other contents, encoded as the form has it."""
    return base64.b64encode(json.dumps(policy_of(form) | changed).encode()).decode()


def test_the_form_is_signed_with_version_4_by_a_role(ana: Browser) -> None:
    fields = ana.create()["upload"]["fields"]
    assert fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    # Temporary credentials, so a role's: the account's own have no session.
    assert fields["x-amz-credential"].startswith("ASIA")
    assert fields["x-amz-security-token"]


def test_the_form_lives_as_long_as_the_story_waits(ana: Browser) -> None:
    created = ana.create()
    expires = datetime.fromisoformat(policy_of(created["upload"])["expiration"])
    waits = datetime.fromisoformat(created["story"]["expires_at"])
    assert abs(expires - waits) <= timedelta(seconds=2)
    made = datetime.fromisoformat(created["story"]["created_at"])
    assert waits - made == timedelta(seconds=limits.UPLOAD_FORM_SECONDS)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Content_Type": "text/html"}, "AccessDenied"),
        ({"Content_Type": "image/png,text/html"}, "AccessDenied"),
        ({"key": upload_key("0" * 32)}, "AccessDenied"),
        ({"key": "work/anything"}, "AccessDenied"),
        ({"acl": "public-read"}, "AccessDenied"),
        ({"x-amz-meta-note": "anything"}, "AccessDenied"),
        ({"x_amz_signature": "0" * 64}, "SignatureDoesNotMatch"),
        ({"x_amz_security_token": "0" * 64}, "InvalidToken"),
    ],
    ids=["type", "two types", "key", "elsewhere", "public", "metadata", "signature", "session"],
)
def test_a_form_with_another_field_is_refused(
    deployment: Deployment, ana: Browser, changed: dict[str, str], code: str
) -> None:
    created = ana.create()
    assert refusal(upload(created["upload"], PHOTO.read_bytes(), **changed)) == code
    assert deployment.left(created["story"]["id"]) == {}
    assert ana.story(created["story"]["id"])["status"] == "AWAITING_PHOTO"


@pytest.mark.parametrize(
    "changed",
    [
        {"expiration": "2099-01-01T00:00:00Z"},
        {"expiration": "2001-01-01T00:00:00Z"},
        {"conditions": []},
    ],
    ids=["longer", "expired", "anything"],
)
def test_a_policy_that_was_altered_does_not_fit_its_signature(
    deployment: Deployment, ana: Browser, changed: dict[str, Any]
) -> None:
    created = ana.create()
    policy = rewritten(created["upload"], **changed)
    answer = upload(created["upload"], PHOTO.read_bytes(), policy=policy)
    assert refusal(answer) == "SignatureDoesNotMatch"
    assert deployment.left(created["story"]["id"]) == {}


def test_an_unsigned_upload_is_refused(deployment: Deployment, ana: Browser) -> None:
    created = ana.create()
    fields = {"key": upload_key(created["story"]["id"]), "Content-Type": "image/jpeg"}
    answer = upload({"url": created["upload"]["url"], "fields": fields}, PHOTO.read_bytes())
    assert answer.status_code in {400, 403}, answer.text
    assert deployment.left(created["story"]["id"]) == {}


@pytest.mark.parametrize(
    ("count", "code"),
    [(0, "EntityTooSmall"), (limits.MAX_UPLOAD_BYTES + 1, "EntityTooLarge")],
)
def test_a_photo_of_the_wrong_size_is_refused_by_the_form(
    deployment: Deployment, ana: Browser, count: int, code: str
) -> None:
    created = ana.create()
    assert refusal(upload(created["upload"], bytes(count))) == code
    assert deployment.left(created["story"]["id"]) == {}


def test_a_photo_that_comes_too_late_is_nobodys_and_the_sweep_clears_it(
    deployment: Deployment, ana: Browser
) -> None:
    created = ana.create()
    story_id = created["story"]["id"]
    deployment.client("dynamodb").update_item(
        TableName=deployment.outputs["StoriesTable"],
        Key={"pk": {"S": f"STORY#{story_id}"}, "sk": {"S": "META"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"S": "2026-01-01T00:00:00.000Z"}},
    )
    upload(created["upload"], PHOTO.read_bytes())

    def refused() -> bool:
        return [each["status"] for each in deployment.executions(story_id)] == ["SUCCEEDED"]

    eventually("the execution found the form expired", refused)
    assert ana.story(story_id)["status"] == "EXPIRED"
    assert deployment.items("TIMELINE", story_id) == [], "no function has seen it"
    assert story_id in deployment.sweep()
    assert deployment.left(story_id) == {}


def test_links_to_a_story_that_is_not_ready_do_not_exist(ana: Browser) -> None:
    view = ana.create()["story"]
    assert (view["video_url"], view["poster_url"]) == (None, None)
    assert datetime.fromisoformat(view["created_at"]) <= datetime.now(UTC)
