"""The public page: what it shows, to whom, and what it can never do."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api import markup, page
from cloud import posts, stories
from local.golden_events import api_event
from story import limits
from story.errors import DependencyUnavailable
from tests.unit.api import posted as made
from tests.unit.api.calling import call, problem
from tests.unit.cloud.account import PUBLIC_URL

pytestmark = pytest.mark.usefixtures("account")

DAY = timedelta(seconds=limits.POSTED_SECONDS)
HOSTILE = "\"><script>alert('1')</script>&lt; ${style} $style\n<img src=x onerror=alert(2)>"


@pytest.fixture(autouse=True)
def contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_CONTACT", "mailto:reports@stories.example")


def stranger(path: str, route: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """A request as it comes without any token."""
    event = api_event("GET", path, route=route, headers=headers)
    del event["requestContext"]["authorizer"]
    return call(event)


def opened(story_id: str, language: str | None = None) -> dict[str, Any]:
    headers = {"accept-language": language} if language else None
    return stranger(f"/s/{story_id}", "/s/{story_id}", headers)


def followed(story_id: str, name: str) -> dict[str, Any]:
    return stranger(f"/s/{story_id}/{name}", f"/s/{{story_id}}/{name}")


class Parsed(HTMLParser):
    """Tags with their attributes, and the words between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def meta(self) -> dict[str, str | None]:
        return {
            str(each.get("property") or each.get("name")): each["content"]
            for each in self.all("meta")
            if "content" in each
        }


# What it shows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["everyone", "link"])
def test_anybody_with_the_link_sees_a_posted_story(visibility: Any) -> None:
    story_id = made.posted(visibility=visibility)
    answer = opened(story_id)
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    shown = Parsed(answer["body"])
    (video,) = shown.all("video")
    assert {"controls", "muted", "playsinline", "loop"} <= video.keys()
    assert video["poster"] == f"{story_id}/poster.jpg"
    assert video["aria-label"] == "It seems to show sea."
    assert (video["width"], video["height"]) == ("720", "1280")
    assert shown.all("source")[0]["src"] == f"{story_id}/story.mp4"
    assert "AI-generated" in shown.words
    assert "a day at the sea" in shown.words


def test_it_never_plays_by_itself_whoever_asked_for_less_motion() -> None:
    (video,) = Parsed(opened(made.posted())["body"]).all("video")
    assert "autoplay" not in video
    assert video["preload"] == "none"


def test_nothing_of_its_maker_is_on_the_page() -> None:
    html = opened(made.posted())["body"]
    for hidden in (made.PROMPT, "kanarienvogel", f">{made.CREATOR}<", "USD", "arn:"):
        assert hidden not in html


def test_how_it_was_made_is_told() -> None:
    words = Parsed(opened(made.posted())["body"]).words
    credential = made.SIGNED.credential
    for told in (
        "How was this made?",
        "example 1",
        credential.digital_source_type.rpartition("/")[2],
        "No trained generative model made any pixel.",
        "checked by machine",
        f"Signed by {credential.issuer} on 2026-11-22 12:00 UTC",
        "Content Credentials",
        made.SIGNED.video.sha256,
    ):
        assert told in words


def test_a_model_that_invents_is_not_called_a_program() -> None:
    diffusion = {"family": "diffusion", "name": "wan", "version": "2"}
    story_id = made.ready(engine=json.dumps(diffusion))
    made.post(story_id)
    words = Parsed(opened(story_id)["body"]).words
    assert "a trained generative model" in words
    assert "No trained generative model" not in words


def test_a_preview_has_what_it_needs_by_addresses_that_last() -> None:
    story_id = made.posted()
    meta = Parsed(opened(story_id)["body"]).meta()
    base = f"{PUBLIC_URL}/s/{story_id}"
    assert meta["og:url"] == base
    assert meta["og:image"] == meta["twitter:image"] == f"{base}/poster.jpg"
    assert meta["og:video"] == f"{base}/story.mp4"
    assert meta["og:title"] == "a day at the sea"
    assert meta["og:image:alt"] == "It seems to show sea."
    assert (meta["og:image:width"], meta["og:image:height"]) == ("720", "1280")
    assert meta["twitter:card"] == "summary_large_image"
    # The label goes where the preview goes.
    assert str(meta["og:description"]).startswith("AI-generated")
    assert not [value for value in meta.values() if "X-Amz" in str(value)]


def test_a_long_caption_is_shown_whole_and_named_shortly() -> None:
    caption = "first line " * 12 + "\nsecond line"
    shown = Parsed(opened(made.posted(caption=caption))["body"])
    title = str(shown.meta()["og:title"])
    assert len(title) <= 70
    assert title.endswith("…")
    assert "second line" in shown.words


def test_words_of_a_caption_stay_words() -> None:
    answer = opened(made.posted(caption=HOSTILE))
    shown = Parsed(answer["body"])
    assert not shown.all("script")
    assert [each for each in shown.all("img") if each.get("src") == "x"] == []
    assert not [a for _, attributes in shown.tags for a in attributes if a.startswith("on")]
    assert HOSTILE in shown.words.replace("\r", "")
    assert answer["body"].count("<style>") == 1


# Reports -----------------------------------------------------------------------------------------


def test_a_report_goes_where_the_operator_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    story_id = made.posted()
    links = [each["href"] for each in Parsed(opened(story_id)["body"]).all("a")]
    assert f"mailto:reports@stories.example?subject=Report%20of%20story%20{story_id}" in links
    monkeypatch.setenv("REPORT_CONTACT", "https://stories.example/report")
    links = [each["href"] for each in Parsed(opened(story_id)["body"]).all("a")]
    assert "https://stories.example/report" in links


def test_where_the_operator_reads_no_mail_there_is_the_form_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REPORT_CONTACT", "")
    story_id = made.posted()
    shown = Parsed(opened(story_id)["body"])
    (form,) = shown.all("form")
    assert (form["method"], form["action"]) == ("post", f"{story_id}/report")
    assert not [each for each in shown.all("a") if "report" in str(each["href"])]


@pytest.mark.parametrize("wrong", ["javascript:alert(1)", "mailto:a", "http://x", 'https://x/"'])
def test_a_contact_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="report_contact"):
        page.Settings(report_contact=wrong)


# Who sees nothing --------------------------------------------------------------------------------


def test_a_story_that_was_never_public_is_not_there() -> None:
    for story_id in (made.ready(), "0" * 32, "x", "A" * 32, "%3Cscript%3E"):
        answer = opened(story_id)
        assert answer["statusCode"] == 404
        assert "There is no such story" in answer["body"]
        assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
        for name in ("poster.jpg", "story.mp4"):
            assert problem(followed(story_id, name)) == (404, "story_not_found")


@pytest.mark.parametrize(
    "garbled", ["j\U0002b384\xab \xed\xb1\x10y\xe0", "%2e%2e", "<script>", "a b"]
)
def test_a_garbled_link_is_answered_by_a_page(garbled: str) -> None:
    answer = opened(garbled)
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"].startswith("text/html")
    assert "<script>" not in answer["body"]


def test_a_deleted_story_that_was_never_public_is_not_there() -> None:
    story_id = made.ready(deleted_at=made.AT)
    assert opened(story_id)["statusCode"] == 404


def _expired() -> str:
    return made.posted(ago=DAY)


def _settled() -> str:
    story_id = made.posted(ago=DAY)
    assert posts.expire(story_id, datetime.now(UTC))
    return story_id


def _deleted() -> str:
    story_id = made.posted()
    made.change(story_id, deleted_at=made.AT)
    return story_id


def _erased() -> str:
    story_id = made.posted()
    made.erase(story_id)
    return story_id


def _removed() -> str:
    story_id = made.posted()
    made.change(story_id, status="REMOVED")
    return story_id


def _hidden() -> str:
    story_id = made.posted()
    made.change(story_id, status="UNDER_REVIEW")
    return story_id


@pytest.mark.parametrize(
    ("make", "told"),
    [
        *[(make, "This story is over") for make in (_expired, _settled, _deleted, _erased)],
        (_removed, "This story was removed"),
        (_hidden, "This story is hidden"),
    ],
)
def test_a_story_that_is_not_shown_any_more_is_kindly_said_to_be_so(make: Any, told: str) -> None:
    story_id = make()
    answer = opened(story_id)
    assert answer["statusCode"] == 410
    shown = Parsed(answer["body"])
    assert told in shown.words
    assert not [name for name, _ in shown.tags if name in {"video", "img", "source", "a"}]
    assert "a day at the sea" not in shown.words
    for name in ("poster.jpg", "story.mp4"):
        assert problem(followed(story_id, name)) == (410, "story_gone")


def test_a_story_that_is_restricted_to_an_age_is_shown_to_no_stranger() -> None:
    story_id = made.posted(age_restriction=18)
    answer = opened(story_id)
    assert answer["statusCode"] == 403
    shown = Parsed(answer["body"])
    assert "This story is not for every age" in shown.words
    assert not [name for name, _ in shown.tags if name in {"video", "img", "source", "a"}]
    assert "a day at the sea" not in shown.words
    for name in ("poster.jpg", "story.mp4"):
        assert problem(followed(story_id, name)) == (403, "age_restricted")


def test_a_restricted_story_that_is_over_is_as_gone_as_any() -> None:
    assert opened(made.posted(age_restriction=18, ago=DAY))["statusCode"] == 410


def test_it_is_gone_at_that_second() -> None:
    story_id = made.posted()
    expires = datetime.fromisoformat(stories.get(story_id)["expires_at"])
    for moment, status in (
        (expires - timedelta(seconds=1), 200),
        (expires, 410),
        (expires + timedelta(days=3), 410),
    ):

        class At(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # noqa: ARG003 - the signature of datetime
                return moment  # noqa: B023 - used within this turn of the loop

        with pytest.MonkeyPatch.context() as clock:
            clock.setattr(page, "datetime", At)
            assert opened(story_id)["statusCode"] == status
            assert followed(story_id, "story.mp4")["statusCode"] == (302 if status == 200 else 410)


def test_who_comes_while_a_service_is_silent_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(_: str) -> None:
        raise DependencyUnavailable("DynamoDB did not answer")

    story_id = made.posted()
    monkeypatch.setattr(stories, "find", silent)
    answer = opened(story_id)
    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"]
    assert "come back in a moment" in answer["body"]
    assert problem(followed(story_id, "poster.jpg")) == (503, "unavailable")


# Media -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["poster.jpg", "story.mp4"])
@pytest.mark.parametrize("ago", [timedelta(), DAY - timedelta(seconds=30)])
def test_media_lead_to_a_link_of_the_moment_that_ends_with_the_story(
    name: str, ago: timedelta
) -> None:
    story_id = made.posted(ago=ago)
    answer = followed(story_id, name)
    assert (answer["statusCode"], answer["body"]) == (302, "")
    target = urlsplit(answer["headers"]["Location"])
    assert target.path.endswith(f"/{story_id}/{name}")
    lives = int(parse_qs(target.query)["X-Amz-Expires"][0])
    assert 1 <= lives <= min(limits.DOWNLOAD_URL_SECONDS, (DAY - ago).total_seconds())
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert answer["headers"]["Referrer-Policy"] == "no-referrer"


# Safety ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [made.posted, made.ready, _expired])
def test_every_page_forbids_what_it_does_not_need(make: Any) -> None:
    answer = opened(make())
    headers, html = answer["headers"], answer["body"]
    policy = dict(
        each.strip().split(" ", 1) for each in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'", "its one form reports the story"
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy["style-src"] == f"'sha256-{digest}'"
    assert not re.search(r"<script|style=|\son\w+=|javascript:", html)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "noindex" in headers["X-Robots-Tag"]


def test_pictures_and_video_may_come_from_where_they_are_kept_and_nowhere_else() -> None:
    story_id = made.posted()
    kept = urlsplit(followed(story_id, "story.mp4")["headers"]["Location"])
    policy = opened(story_id)["headers"]["Content-Security-Policy"]
    origin = f"{kept.scheme}://{kept.netloc}"
    assert f"img-src 'self' data: {origin};" in policy
    assert f"media-src 'self' {origin};" in policy
    assert "*" not in policy


def test_a_page_loads_nothing_from_others() -> None:
    shown = Parsed(opened(made.posted())["body"])
    loaded = [
        str(attributes[name])
        for tag, attributes in shown.tags
        for name in ("src", "poster", "href")
        if name in attributes and tag in {"img", "video", "source", "link", "script", "iframe"}
    ]
    assert loaded
    for each in loaded:
        assert each.startswith(("data:,", PUBLIC_URL)) or not urlsplit(each).scheme


# Languages and reading ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", markup.languages())
def test_every_language_says_everything(language: str) -> None:
    english, said = markup.words("en"), markup.words(language)
    assert said.keys() == english.keys()
    for key, text in said.items():
        assert text.strip()
        assert set(re.findall(r"\$\w+", text)) == set(re.findall(r"\$\w+", english[key]))
    story_id = made.posted()
    answer = opened(story_id, language)
    shown = Parsed(answer["body"])
    assert shown.all("html")[0]["lang"] == language == answer["headers"]["Content-Language"]
    assert answer["headers"]["Vary"] == "Accept-Language"
    assert said["how"] in shown.words
    assert "$" not in shown.words


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("de-CH, en;q=0.9", "de"),
        ("ja, fr;q=0.8, en;q=0.9", "en"),
        ("ja, fr;q=0.8, de;q=0.5", "fr"),
        ("ES-419", "es"),
        ("xx", "en"),
        ("de;q=0", "en"),
        ("de;q=much", "en"),
        ("../../etc/passwd", "en"),
        (",,;;q=,=", "en"),
    ],
)
def test_the_language_is_the_readers_best_of_those_there_are(
    accepted: str | None, language: str
) -> None:
    assert markup.choose_language(accepted) == language


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("which", [0, 1], ids=["light", "dark"])
def test_every_text_can_be_read(which: int) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text of any size."""
    roots = re.findall(r":root \{([^}]*)\}", markup.style())
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", roots[which]))
    for text, ground in (
        ("ink", "paper"),
        ("quiet", "paper"),
        ("link", "paper"),
        ("on-label", "label"),
    ):
        assert _contrast(colours[text], colours[ground]) >= 4.5, text


def test_every_picture_has_words_and_every_page_a_heading() -> None:
    shown = Parsed(opened(made.posted())["body"])
    assert all(each["alt"] for each in shown.all("img"))
    assert len(shown.all("h1")) == len(shown.all("main")) == 1
    assert len(Parsed(opened("x")["body"]).all("h1")) == 1
