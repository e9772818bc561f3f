"""Presigned URLs and forms of S3 (Signature Version 4), checked before the local AWS sees them.

The local AWS checks the signatures of forms only with AUTH, and serves a request without any
signature. On a LAN the signature is all the protection that a photo or a video has.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl, quote

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import credentials
from local.lan.refusals import Refused
from local.lan.settings import Settings
from story import limits

_ALGORITHM = "AWS4-HMAC-SHA256"
_NEEDED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
#: The API signs for less; what claims to live longer was not signed by it.
_LONGEST_SECONDS = limits.UPLOAD_FORM_SECONDS
#: Signer and checker are one machine: its clock may be set, not differ from itself.
_SKEW = timedelta(seconds=60)


def check_url(settings: Settings, path: str, query: str, now: datetime | None = None) -> None:
    """Refuse a download that the API did not sign for this host, or not for this moment."""
    pairs = parse_qsl(query, keep_blank_values=True)
    fields = dict(pairs)
    if len({name.lower() for name, _ in pairs}) < len(pairs):
        raise _refused("signature_invalid", "a parameter is there twice")
    missing = [name for name in _NEEDED if not fields.get(name)]
    if missing:
        raise _refused("signature_missing", f"without {', '.join(missing)} it is not signed")
    if fields["X-Amz-Algorithm"] != _ALGORITHM or fields["X-Amz-SignedHeaders"] != "host":
        raise _refused("signature_invalid", f"it is not {_ALGORITHM} over the host")
    expires = fields["X-Amz-Expires"]
    if not re.fullmatch(r"[0-9]{1,6}", expires) or not 1 <= int(expires) <= _LONGEST_SECONDS:
        raise _refused("signature_invalid", "its lifetime is not one that the API gives")
    signed = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in pairs
        if name != "X-Amz-Signature"
    )
    auth, request = _signer(settings, fields["X-Amz-Credential"], fields["X-Amz-Date"])
    request.url = f"{settings.origin}{path}?{signed}"
    request.headers["host"] = settings.host
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    _compare(auth.signature(to_sign, request), fields["X-Amz-Signature"])
    began = _moment(fields["X-Amz-Date"])
    now = now or datetime.now(UTC)
    if now < began - _SKEW or now >= began + timedelta(seconds=int(expires)):
        raise _refused("link_expired", "it is not valid at this moment; ask the API for a new one")


def check_form(settings: Settings, fields: Mapping[str, str], now: datetime | None = None) -> None:
    """Refuse a form that the API did not sign, or that has expired.

    `fields` by lower-case name. What else its policy says (key, type, size), the local AWS holds
    every signed form to.
    """
    needed = ("policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
    missing = [name for name in needed if not fields.get(name)]
    if missing:
        raise _refused("signature_missing", f"without {', '.join(missing)} it is not signed")
    if fields["x-amz-algorithm"] != _ALGORITHM:
        raise _refused("signature_invalid", f"it is not {_ALGORITHM}")
    auth, request = _signer(settings, fields["x-amz-credential"], fields["x-amz-date"])
    _compare(auth.signature(fields["policy"], request), fields["x-amz-signature"])
    try:
        policy = json.loads(base64.b64decode(fields["policy"], validate=True))
        expires = datetime.fromisoformat(policy["expiration"])
        over = expires <= (now or datetime.now(UTC))
    except (ValueError, TypeError, KeyError) as error:
        raise _refused("signature_invalid", "its policy has no expiration") from error
    if over:
        raise _refused("form_expired", "its time is over; ask the API for a new one")


def _signer(settings: Settings, scope: str, moment: str) -> tuple[S3SigV4QueryAuth, AWSRequest]:
    """What signs as the key that is named would have, and the request to do it on."""
    _moment(moment)
    access_key = scope.partition("/")[0]
    secret = credentials.secret_of(settings.secret_key.get_secret_value(), access_key)
    if secret is None or scope != f"{access_key}/{moment[:8]}/{settings.region}/s3/aws4_request":
        raise _refused("signature_invalid", "it is not by a function of this stack")
    auth = S3SigV4QueryAuth(Credentials(access_key, secret), "s3", settings.region)
    request = AWSRequest(method="GET")
    request.context["timestamp"] = moment
    return auth, request


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise _refused("signature_invalid", "its date is not one") from error


def _compare(right: str, given: str) -> None:
    if not _SIGNATURE.fullmatch(given) or not hmac.compare_digest(right, given):
        raise _refused(
            "signature_invalid", "it does not fit; links and forms are to be sent as they are given"
        )


def _refused(code: str, reason: str) -> Refused:
    return Refused(
        HTTPStatus.FORBIDDEN,
        code,
        f"Uploads and downloads need what the API signed for them: {reason}.",
    )
