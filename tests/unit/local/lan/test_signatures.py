"""Downloads and uploads go through with what the API signed for this host and moment, or not."""

import base64
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local import credentials
from local.lan import signatures
from local.lan.front import MAX_UPLOAD_BYTES
from local.lan.refusals import Refused
from local.lan.settings import Settings
from tests.unit.local.lan.conftest import SECRET, VIDEO, Behind

KEY = "0f" * 16 + "/story.mp4"
SESSION_KEY = "ASIA0123456789ABCDEF"
Signer = Callable[..., Any]


def link(s3: Any, seconds: int = 300, bucket: str = "enliven-stories", **more: str) -> str:
    parameters = {"Bucket": bucket, "Key": KEY, **more}
    url: str = s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)
    return url


def form(s3: Any, seconds: int = 3600, bucket: str = "enliven-uploads") -> dict[str, Any]:
    made: dict[str, Any] = s3.generate_presigned_post(
        bucket, "uploads/1/photo", Fields={"Content-Type": "image/*"}, ExpiresIn=seconds
    )
    return made


def code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["code"])


# Downloads --------------------------------------------------------------------------------------


def test_a_link_of_the_api_brings_the_whole_video(
    phone: httpx.Client, behind: Behind, signed_by: Signer, front: Settings
) -> None:
    url = link(signed_by())
    answer = phone.get(url, headers={"Range": "bytes=0-", "Cookie": "a=b"})
    assert answer.content == VIDEO
    (seen,) = behind.seen
    assert front.origin + seen.target == url
    assert seen.headers["host"] == front.host
    assert seen.headers["range"] == "bytes=0-"
    assert "cookie" not in seen.headers


def test_a_link_of_a_functions_session_is_good_too(phone: httpx.Client, signed_by: Signer) -> None:
    secret = credentials.session_secret(SECRET, SESSION_KEY)
    session = signed_by(secret, SESSION_KEY, aws_session_token="token")
    assert phone.get(link(session)).status_code == 200
    assert phone.get(link(signed_by(SECRET, SESSION_KEY))).status_code == 403


def test_the_emulators_published_keys_sign_nothing(
    phone: httpx.Client, behind: Behind, signed_by: Signer
) -> None:
    for key in ("test", "123456789012", "AKIAIOSFODNN7EXAMPLE", credentials.ACCOUNT_ID):
        assert code(phone.get(link(signed_by("test", key)))) == "signature_invalid"
        made = form(signed_by("test", key))
        answer = phone.post(made["url"], data=made["fields"], files={"file": b"x"})
        assert code(answer) == "signature_invalid"
    assert code(phone.get(link(signed_by(SECRET, "test")))) == "signature_invalid"
    assert behind.seen == []


@pytest.mark.parametrize(
    ("what", "by", "refused"),
    [
        ("0f0f", "1f0f", "signature_invalid"),
        (r"X-Amz-Expires=300", "X-Amz-Expires=3000", "signature_invalid"),
        (r"X-Amz-Expires=300", "X-Amz-Expires=604800", "signature_invalid"),
        (r"X-Amz-Signature=\w+", "X-Amz-Signature=", "signature_missing"),
        (r"&X-Amz-Signature=\w+", "", "signature_missing"),
        (r"\?.*", "", "signature_missing"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "signature_invalid"),
        ("SignedHeaders=host", "SignedHeaders=", "signature_missing"),
        ("SignedHeaders=host", "SignedHeaders=range", "signature_invalid"),
        (r"X-Amz-Date=\d{8}", "X-Amz-Date=20200101", "signature_invalid"),
        (r"X-Amz-Date=\w+", "X-Amz-Date=yesterday", "signature_invalid"),
        (r"us-east-1", "eu-west-1", "signature_invalid"),
        (r"$", "&versionId=1", "signature_invalid"),
        (r"$", "&acl", "signature_invalid"),
        (r"$", "&x-amz-expires=1", "signature_invalid"),
        (r"$", "&X-Amz-Signature=0", "signature_invalid"),
    ],
)
def test_a_link_that_was_changed_brings_nothing(  # noqa: PLR0917 - fixtures and the case
    phone: httpx.Client, behind: Behind, signed_by: Signer, what: str, by: str, refused: str
) -> None:
    url, count = re.subn(what, by, link(signed_by()), count=1)
    assert count == 1
    answer = phone.get(url)
    assert (answer.status_code, code(answer)) == (403, refused)
    assert behind.seen == []


def test_a_link_of_another_bucket_or_host_brings_nothing(
    phone: httpx.Client, behind: Behind, signed_by: Signer, front: Settings
) -> None:
    for bucket in ("enliven-work", "enliven-uploads"):
        assert code(phone.get(link(signed_by(), bucket=bucket))) == "not_found"
    elsewhere = link(signed_by(endpoint="http://127.0.0.1:9"))
    moved = elsewhere.replace("http://127.0.0.1:9", front.origin)
    assert code(phone.get(moved)) == "signature_invalid"
    assert behind.seen == []


def test_a_link_is_over_when_its_time_is(
    phone: httpx.Client, behind: Behind, signed_by: Signer, front: Settings
) -> None:
    url = link(signed_by(), seconds=1)
    path, _, query = url.removeprefix(front.origin).partition("?")
    signatures.check_url(front, path, query)
    now = datetime.now(UTC)
    for moment in (now + timedelta(seconds=2), now - timedelta(minutes=5)):
        with pytest.raises(Refused) as refused:
            signatures.check_url(front, path, query, moment)
        assert refused.value.code == "link_expired"
    time.sleep(2.1)
    assert code(phone.get(url)) == "link_expired"
    assert behind.seen == []


# Uploads ----------------------------------------------------------------------------------------


def test_a_form_of_the_api_brings_its_fields_and_the_file_as_they_are(
    phone: httpx.Client, behind: Behind, signed_by: Signer, front: Settings
) -> None:
    made = form(signed_by())
    photo = b"\r\n--boundary\r\n" + bytes(range(256)) * 4_000 + b"\r\n--"
    answer = phone.post(
        made["url"], data=made["fields"], files={"file": ("../../x.jpg", photo, "image/jpeg")}
    )
    assert answer.status_code == 200, answer.text
    (seen,) = behind.seen
    assert (seen.method, seen.target) == ("POST", "/enliven-uploads")
    assert seen.headers["host"] == front.host
    boundary = seen.headers["content-type"].partition("boundary=")[2].encode()
    first, *parts, last = seen.body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    told = {}
    for part in parts:
        head, _, value = part.partition(b"\r\n\r\n")
        told[head.partition(b'name="')[2].partition(b'"')[0].decode()] = value.removesuffix(b"\r\n")
    assert told.pop("file") == photo
    assert {name: value.decode() for name, value in told.items()} == {
        name.lower(): value for name, value in made["fields"].items()
    }
    assert b"x.jpg" not in seen.body


def test_a_checks_form_reaches_the_bucket_of_checks_and_may_be_larger(
    phone: httpx.Client, behind: Behind, signed_by: Signer
) -> None:
    made = form(signed_by(), bucket="enliven-checks")
    clip = bytes(MAX_UPLOAD_BYTES + 1)
    answer = phone.post(made["url"], data=made["fields"], files={"file": ("clip.mp4", clip)})
    assert answer.status_code == 200, answer.text
    (seen,) = behind.seen
    assert seen.target == "/enliven-checks"
    assert len(seen.body) > MAX_UPLOAD_BYTES
    changed = made["fields"] | {"x-amz-signature": "0" * 64}
    answer = phone.post(made["url"], data=changed, files={"file": b"x"})
    assert code(answer) == "signature_invalid"
    other = form(signed_by(), bucket="enliven-work")
    assert code(phone.post(other["url"], data=other["fields"], files={"file": b"x"})) == "not_found"
    assert len(behind.seen) == 1


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"x-amz-signature": "0" * 64}, "signature_invalid"),
        ({"x-amz-signature": "é"}, "signature_invalid"),
        ({"x-amz-signature": ""}, "signature_missing"),
        ({"policy": ""}, "signature_missing"),
        ({"policy": base64.b64encode(b"{}").decode()}, "signature_invalid"),
        ({"x-amz-algorithm": "AWS4-ECDSA-P256-SHA256"}, "signature_invalid"),
        ({"x-amz-credential": "test/20260101/us-east-1/s3/aws4_request"}, "signature_invalid"),
        ({"x-amz-date": "20200101T000000Z"}, "signature_invalid"),
    ],
)
def test_a_form_that_was_changed_brings_nothing(
    phone: httpx.Client, behind: Behind, signed_by: Signer, changed: dict[str, str], refused: str
) -> None:
    made = form(signed_by())
    answer = phone.post(made["url"], data=made["fields"] | changed, files={"file": b"x"})
    assert (answer.status_code, code(answer)) == (403, refused)
    assert behind.seen == []


def test_a_form_is_over_when_its_time_is(signed_by: Signer, front: Settings) -> None:
    fields = {name.lower(): value for name, value in form(signed_by(), 60)["fields"].items()}
    signatures.check_form(front, fields)
    with pytest.raises(Refused) as refused:
        signatures.check_form(front, fields, datetime.now(UTC) + timedelta(seconds=61))
    assert refused.value.code == "form_expired"


def test_a_policy_that_ends_never_is_none(signed_by: Signer, front: Settings) -> None:
    for policy in ({}, {"expiration": None}, {"expiration": "2099-01-01T00:00:00"}, []):
        encoded = base64.b64encode(json.dumps(policy).encode()).decode()
        fields = {name.lower(): value for name, value in form(signed_by())["fields"].items()}
        auth, request = signatures._signer(front, fields["x-amz-credential"], fields["x-amz-date"])
        fields |= {"policy": encoded, "x-amz-signature": auth.signature(encoded, request)}
        with pytest.raises(Refused) as refused:
            signatures.check_form(front, fields)
        assert refused.value.code == "signature_invalid"


def part(name: str, value: bytes, more: str = "") -> bytes:
    return (
        f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
        + value
        + b"\r\n"
    )


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("fields + photo + other", "nothing may follow the file"),
        ("fields + key + photo", "is there twice"),
        ("fields + KEY + photo", "is there twice"),
        ("fields", "there is no file"),
        ("photo", "without policy"),
        ("many + photo", "more than 40 fields"),
        ("large + photo", "more than 20,000 bytes"),
        ("fields + nameless + photo", "a part has no name"),
        ("fields + binary + photo", "a field is not UTF-8"),
        ("fields + photo without an end", "ends within the file"),
        ("no parts", "cannot be read"),
    ],
)
def test_a_form_of_another_shape_is_refused(
    phone: httpx.Client, behind: Behind, signed_by: Signer, shape: str, said: str
) -> None:
    fields = b"".join(part(n, v.encode()) for n, v in form(signed_by())["fields"].items())
    photo = part("file", b"a photo", '; filename="a.jpg"')
    body = {
        "fields + photo + other": fields + photo + part("other", b"x"),
        "fields + key + photo": fields + part("key", b"uploads/2/photo") + photo,
        "fields + KEY + photo": fields + part("KEY", b"uploads/2/photo") + photo,
        "fields": fields,
        "photo": photo,
        "many + photo": b"".join(part(f"x{i}", b"") for i in range(50)) + photo,
        "large + photo": part("x", b"x" * 300_000) + photo,
        "fields + nameless + photo": fields + b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n" + photo,
        "fields + binary + photo": fields + part("x", b"\xff") + photo,
        "fields + photo without an end": fields + photo,
        "no parts": b"what is this",
    }[shape]
    body += b"" if shape in {"fields + photo without an end", "no parts"} else b"--b--\r\n"
    answer = phone.post(
        "/enliven-uploads",
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert code(answer) in {"form_invalid", "signature_missing"}
    assert said in answer.json()["detail"]
    assert behind.seen == []


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/mixed; boundary=b", "multipart/form-data", "x; boundary="]
)
def test_a_body_that_is_no_form_is_refused(phone: httpx.Client, behind: Behind, kind: str) -> None:
    answer = phone.post("/enliven-uploads", content=b"x", headers={"Content-Type": kind})
    assert code(answer) == "form_invalid"
    assert behind.seen == []


def test_what_is_larger_than_any_photo_is_refused_before_it_is_read(
    behind: Behind, raw: Callable[[bytes], bytes], front: Settings
) -> None:
    head = (
        f"POST /enliven-uploads HTTP/1.1\r\nHost: {front.host}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {10**10}\r\n\r\n"
    )
    answer = raw(head.encode() + b"\0" * 200_000)
    assert b" 413 " in answer
    assert b'"code":"body_too_large"' in answer
    assert f"at most {MAX_UPLOAD_BYTES:,}".encode() in answer
    assert behind.seen == []
