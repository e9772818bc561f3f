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
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api import media, verify_words
from story import checks, labels

if TYPE_CHECKING:
    from story.labels import Language

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not

_FOLDER: Final = Path(__file__).with_name("verify_page")
#: No check's and no story's: a form and a link for it say where files go and posters are.
_NOBODY: Final = "0" * 32
#: How the names of texts begin that the script says.
_IN_SCRIPT: Final = (
    "lamp_", "credential_", "mark_", "fingerprint_", "row_", "signed_by", "claims", "failed",
    "checked", "sending", "looking", "cancelled", "one_file", "empty", "too_large", "not_",
    "unreachable", "often", "trouble", "unread", "late",
)  # fmt: skip
Accepted = Annotated[
    str | None,
    Header(alias="Accept-Language", description="The languages that the reader likes best."),
]


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
def show_verify_page(accept_language: Accepted = None) -> Any:
    """Choose a file, read one sentence, and then what each part of the answer can prove."""
    language = verify_words.choose_language(accept_language)
    made = page(language)
    return Response(
        status_code=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=made.html,
        headers={
            "Cache-Control": "no-store",
            "Content-Language": language,
            "Content-Security-Policy": made.security_policy,
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept-Language",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
    )


def page(language: Language = labels.DEFAULT_LANGUAGE) -> Page:
    """The page of this deployment, in one of the languages."""
    sent = media.check_form(_NOBODY, "", 1).url
    return _page(language, _origin(sent), _origin(media.link(_NOBODY, "poster")))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@cache
def _page(language: Language, files_origin: str, posters_origin: str) -> Page:
    style, script, said = _read("style.css"), _read("script.js"), verify_words.words(language)
    spoken = {name: text for name, text in said.items() if name.startswith(_IN_SCRIPT)}
    settings = {
        "maxBytes": checks.MAX_FILE_BYTES,
        "answerSeconds": checks.ANSWER_SECONDS + 15,
        "language": language,
        "words": spoken,
    }
    kept = verify_words.say(language, "kept", file_seconds=str(checks.FILE_SECONDS))
    texts = {name: escape(text) for name, text in {**said, "lang": language, "kept": kept}.items()}
    html = Template(_read("page.html")).substitute(
        texts, style=style, script=script, settings=escape(json.dumps(settings, ensure_ascii=False))
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
