"""GET /verify: the page on which anybody checks a clip, a client of the API in the browser.

One document: style and script stand in it and are allowed by their digests, nothing else runs. It
keeps nothing, and sends the chosen file where the check's form says, and nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api import media
from story import checks

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not

_FOLDER: Final = Path(__file__).with_name("verify_page")
#: No check's and no story's: a form and a link for it say where files go and posters are.
_NOBODY: Final = "0" * 32


class Page(NamedTuple):
    """The document, and the Content-Security-Policy that fits it."""

    html: str
    security_policy: str


@router.get(
    "/verify",
    summary="The page that checks a clip",
    tags=["checks"],
    responses={
        200: {
            "description": "A page that is a client of this API: it sends a file, waits, and shows"
            " the answer. It needs no account.",
            "content": {"text/html": {"schema": {"type": "string"}}},
        }
    },
    operation_id="showVerifyPage",
)
def show_verify_page() -> Any:
    """Choose a file, read one sentence, and then what each part of the answer can prove."""
    made = page()
    return Response(
        status_code=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=made.html,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": made.security_policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
    )


def page() -> Page:
    """The page of this deployment."""
    sent = media.check_form(_NOBODY, "", 1).url
    return _page(_origin(sent), _origin(media.link(_NOBODY, "poster")))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@cache
def _page(files_origin: str, posters_origin: str) -> Page:
    style, script = _read("style.css"), _read("script.js")
    settings = {"maxBytes": checks.MAX_FILE_BYTES, "answerSeconds": checks.ANSWER_SECONDS + 15}
    html = Template(_read("page.html")).substitute(
        style=style, script=script, settings=escape(json.dumps(settings))
    )
    policy = (
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        f"connect-src 'self' {files_origin}",
        f"img-src 'self' data: {posters_origin}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return Page(html, "; ".join(policy))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")
