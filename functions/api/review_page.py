"""GET /review: the reviewers' page, a client of the API in the browser.

One document: style and script stand in it and are allowed by their digests, nothing else runs. It
holds no data: whoever opens it signs in at Cognito, and it asks the API as any other client does.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field

from api import media
from cloud.clients import client
from cloud.environment import Environment, load
from story import review

_FOLDER: Final = Path(__file__).with_name("reviewer_page")
#: No story's: a link for it says where evidence is fetched from.
_NO_STORY: Final = "0" * 32


class Settings(Environment):
    """As which application reviewers sign in."""

    user_pool_client_id: str = Field(min_length=1)


class Page(NamedTuple):
    """The document, and the Content-Security-Policy that fits it."""

    html: str
    security_policy: str


def page() -> Page:
    """The page of this deployment."""
    kept = urlsplit(media.evidence_link(_NO_STORY, "photo.jpg"))
    return _page(
        # Where botocore would ask for it: the browser asks there itself.
        client("cognito-idp").meta.endpoint_url,
        load(Settings).user_pool_client_id,
        f"{kept.scheme}://{kept.netloc}",
    )


@cache
def _page(sign_in_url: str, client_id: str, evidence_origin: str) -> Page:
    style, script = _read("style.css"), _read("script.js")
    settings = {
        "signInUrl": sign_in_url,
        "clientId": client_id,
        "removeFor": [each.value for each in review.ReportReason],
    }
    html = Template(_read("page.html")).substitute(
        style=style, script=script, settings=escape(json.dumps(settings))
    )
    sign_in = urlsplit(sign_in_url)
    return Page(
        html, _policy(style, script, f"{sign_in.scheme}://{sign_in.netloc}", evidence_origin)
    )


def _policy(style: str, script: str, sign_in_origin: str, evidence_origin: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            f"connect-src 'self' {sign_in_origin}",
            f"img-src data: {evidence_origin}",
            f"media-src {evidence_origin}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")
