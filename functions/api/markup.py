"""The public page of a story as HTML: pure. Its words are data beside it, a file a language.

There is no script. The style stands in the page and is allowed by its digest; pictures and video
come from the page's own paths, which lead on to where they are kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlsplit

from story import review

if TYPE_CHECKING:
    from collections.abc import Collection

    from story.view import PostedStory

_FOLDER: Final = Path(__file__).with_name("public_page")
#: What is spoken where nobody asks for a language that there is.
DEFAULT_LANGUAGE: Final = "en"
#: Of a caption, what a title has room for.
_TITLE_CHARACTERS: Final = 70
_MAX_LANGUAGES_ASKED: Final = 20


class Page(NamedTuple):
    """A page, and the language that it is in."""

    html: str
    language: str


@cache
def languages() -> tuple[str, ...]:
    """The languages that the page is written in, by their two letters."""
    return tuple(sorted(path.stem for path in (_FOLDER / "words").glob("*.json")))


@cache
def words(language: str) -> dict[str, str]:
    """What the page says in one of the languages."""
    found: dict[str, str] = json.loads((_FOLDER / "words" / f"{language}.json").read_text("utf-8"))
    return found


@cache
def _template(name: str) -> Template:
    return Template((_FOLDER / f"{name}.html").read_text("utf-8"))


@cache
def style() -> str:
    """The stylesheet."""
    return (_FOLDER / "style.css").read_text("utf-8")


def choose_language(accepted: str | None, spoken: Collection[str] | None = None) -> str:
    """The language that an Accept-Language header (RFC 9110, 12.5.4) likes best of those spoken.

    spoken: else the languages of the public page; DEFAULT_LANGUAGE is one of them.
    What cannot be read counts for nothing; the first of equals wins.
    """
    known = languages() if spoken is None else spoken
    best = (0.0, DEFAULT_LANGUAGE)
    for part in (accepted or "").split(",")[:_MAX_LANGUAGES_ASKED]:
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if language in known and quality > best[0]:
            best = (quality, language)
    return best[1]


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not parameter.strip():
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0


def security_policy(media_url: str | None) -> str:
    """The Content-Security-Policy of a page: no script, our style, media from where it is kept.

    Its one form goes to the page's own origin.
    """
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    parts = urlsplit(media_url) if media_url else None
    kept = f" {parts.scheme}://{parts.netloc}" if parts else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{digest}'",
            f"img-src 'self' data:{kept}",
            f"media-src 'self'{kept}",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def story_page(story: PostedStory, *, report_contact: str, language: str) -> Page:
    """The page of a story that is shown."""
    said = words(language)
    credential = story.credential
    first_line = (story.caption or "").strip().partition("\n")[0]
    title = _shortened(first_line) if first_line else said["title"]
    values = {
        "title": title,
        # The label travels with the preview, whatever the caption says.
        "description": f"{said['preview']} {story.alt_text}",
        "heading": story.caption or said["title"],
        "heading_class": "caption" if story.caption else "plain",
        "share_url": story.share_url,
        "story_id": story.id,
        "alt_text": story.alt_text,
        "width": str(story.width),
        "height": str(story.height),
        "label": story.label,
        "made": said[f"made_{story.engine.family}"],
        "engine": f"{story.engine.name} {story.engine.version}",
        "source_type": credential.digital_source_type,
        "source_type_name": credential.digital_source_type.rpartition("/")[2],
        "signed": Template(said["signed"]).substitute(
            issuer=credential.issuer, when=_readable(credential.signed_at)
        ),
        "video_sha256": story.video_sha256,
    }
    marked = {
        "style": style(),
        "times": Template(escape(said["times"])).substitute(
            posted=_time(story.posted_at), expires=_time(story.expires_at)
        ),
        "report_form": _report_form(story.id, said),
        "report_contact": _report_contact(report_contact, story.id, said),
    }
    return _filled("story", language, values, marked)


def notice(which: str, *, language: str) -> Page:
    """A page that says why there is no story: "gone", "missing" or "later"."""
    said = words(language)
    values = {"title": said[f"{which}_title"], "text": said[f"{which}_text"]}
    return _filled("notice", language, values, {"style": style()})


def _filled(name: str, language: str, values: dict[str, str], marked: dict[str, str]) -> Page:
    """A template with `values`, which are text, and `marked`, which is HTML of our own."""
    texts = words(language) | {"lang": language} | values
    escaped = {key: escape(text) for key, text in texts.items()}
    return Page(_template(name).substitute(escaped | marked), language)


def _report_form(story_id: str, said: dict[str, str]) -> str:
    """Without script: the browser sends it, and shows what is answered."""
    options = "".join(
        f'<option value="{each.value}">{escape(said[f"reason_{each.value}"])}</option>'
        for each in review.ReportReason
    )
    return (
        f"<details><summary>{escape(said['report'])}</summary>"
        f'<form method="post" action="{escape(story_id)}/report">'
        f"<label>{escape(said['report_reason'])}"
        f'<select name="reason" required><option value=""></option>{options}</select></label>'
        f"<label>{escape(said['report_words'])}"
        f'<textarea name="text" rows="3" maxlength="{review.MAX_REPORT_CHARACTERS}"></textarea>'
        f"</label><button>{escape(said['report_send'])}</button>"
        f'<p class="quiet">{escape(said["report_private"])}</p></form></details>'
    )


def _report_contact(contact: str, story_id: str, said: dict[str, str]) -> str:
    if not contact:
        return ""
    subject = Template(said["report_subject"]).substitute(story_id=story_id)
    address = f"{contact}?subject={quote(subject)}" if contact.startswith("mailto:") else contact
    named = escape(said["report_contact"])
    return f'<p><a href="{escape(address)}" rel="noreferrer noopener">{named}</a></p>'


def _shortened(line: str) -> str:
    return line if len(line) <= _TITLE_CHARACTERS else f"{line[: _TITLE_CHARACTERS - 1]}…"


def _time(moment: str) -> str:
    return f'<time datetime="{escape(moment)}">{escape(_readable(moment))}</time>'


def _readable(moment: str) -> str:
    """To the minute, in UTC: a page without script does not know where its reader is."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
