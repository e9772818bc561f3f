"""The page that checks a clip, in a browser: what is sent, what is said first, and what went wrong.

Answers are prepared here, in the form of the API's contract; that the API gives them for such files
is proven in tests/local/test_story.py. The last test sends a file through the whole stack.
"""

import io
import re

import av
import numpy as np
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from api import verify_words
from story.checks import (
    Check,
    CheckCreated,
    CheckedStory,
    CredentialLamp,
    FingerprintLamp,
    MarkLamp,
)
from story.generation import EngineName
from story.labels import Language
from story.view import UploadForm
from tests.local.deployment import Deployment

ID = "0123456789abcdef0123456789abcdef"
FILE = {"name": "from a chat.mp4", "mimeType": "video/mp4", "buffer": b"some bytes of a clip"}
SENTENCE = (
    "Made with Enliven from a photo on 3 May 2026. Its metadata had been removed; the hidden mark"
    " survived."
)
RECOVERED = Check(
    id=ID,
    status="done",
    answer="recovered",
    sentence=SENTENCE,
    credential=CredentialLamp(
        state="absent", reason="absent", says="There are no Content Credentials in it."
    ),
    mark=MarkLamp(
        state="found", reason="found", says="Its pictures carry the hidden mark.", z=31.0
    ),
    fingerprint=FingerprintLamp(
        state="same", reason="same", says="It looks like the clip.", pdq_bits=4
    ),
    story=CheckedStory(
        engine=EngineName(family="procedural", name="Enliven Motion", version="1.0.0"),
        made_at="2026-05-03T10:00:00.000Z",
        label="AI",
        name="<img src=x onerror=alert(1)>",
    ),
    checked_at="2026-05-04T10:00:00.000Z",
)


class Prepared:
    """Stands where the API and the bucket are, and keeps what it is sent."""

    def __init__(self, page: Page, deployment: Deployment, *answers: Check) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []
        self.sent: list[Request] = []
        self.created = 201
        page.goto(f"{deployment.api_url}/verify")
        (self.bucket,) = re.findall(r"connect-src 'self' (\S+?);", page.evaluate(POLICY))
        page.route(f"{deployment.api_url}/verify", self._create)
        page.route(f"{deployment.api_url}/verify/{ID}", self._tell)
        page.route(f"{self.bucket}/checks", self._take)

    def _create(self, route: Route) -> None:
        self.asked.append(route.request)
        if self.created != 201:
            route.fulfill(status=self.created, headers={"Retry-After": "600"}, json={})
            return
        form = UploadForm(
            url=f"{self.bucket}/checks",
            fields={"key": "checks/file", "policy": "p"},
            max_bytes=100,
            expires_at="2026-05-04T10:10:00.000Z",
        )
        route.fulfill(status=201, json=CheckCreated(id=ID, upload=form).model_dump(mode="json"))

    def _take(self, route: Route) -> None:
        self.sent.append(route.request)
        route.fulfill(status=204, headers={"Access-Control-Allow-Origin": "*"})

    def _tell(self, route: Route) -> None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        route.fulfill(json=answer.model_dump(mode="json"))


POLICY = "fetch(location.href).then((it) => it.headers.get('Content-Security-Policy'))"
CHECKING = Check(id=ID, status="checking")


def choose(page: Page) -> None:
    page.get_by_label("Choose a video or picture").set_input_files(FILE)


def test_one_sentence_comes_first_and_then_three_lamps(
    window: BrowserContext, deployment: Deployment
) -> None:
    page = window.new_page()
    stand_in = Prepared(page, deployment, CHECKING, RECOVERED)
    expect(page.get_by_text("deleted within 60 seconds")).to_be_visible()
    choose(page)
    sentence = page.get_by_role("heading", name=SENTENCE)
    expect(sentence).to_be_focused()
    assert sentence.bounding_box()["y"] < 200  # type: ignore[index]  # it is visible
    lamps = page.get_by_role("listitem")
    assert [each.get_attribute("data-state") for each in lamps.all()] == ["absent", "found", "same"]
    expect(lamps.nth(1)).to_contain_text("Its pictures carry the hidden mark.")
    # What its maker called it is text, whatever it is.
    expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    (sent,) = stand_in.sent
    body = sent.post_data_buffer or b""
    assert body.index(b'name="policy"') < body.index(b'name="file"') < body.index(FILE["buffer"])
    assert re.fullmatch(r"[0-9a-f-]{36}", stand_in.asked[0].headers["idempotency-key"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Check another file").click()
    expect(page.get_by_text("deleted within 60 seconds")).to_be_visible()


def test_it_is_used_by_keyboard_alone(window: BrowserContext, deployment: Deployment) -> None:
    page = window.new_page()
    Prepared(page, deployment, RECOVERED)
    page.keyboard.press("Tab")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(FILE)
    expect(page.get_by_role("heading", name=SENTENCE)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Choose a video or picture")).to_be_focused()


def test_what_went_wrong_is_said_in_words(
    window: BrowserContext, deployment: Deployment, complaints: list[str]
) -> None:
    page = window.new_page()
    failed = Check(id=ID, status="failed", detail="It has more than 2000 boxes.")
    stand_in = Prepared(page, deployment, failed)
    choose(page)
    expect(page.get_by_role("status")).to_have_text("It has more than 2000 boxes.")
    stand_in.created = 429
    choose(page)
    expect(page.get_by_role("status")).to_contain_text("try again in 10 min")
    page.get_by_label("Choose a video or picture").set_input_files(FILE | {"buffer": b""})
    expect(page.get_by_role("status")).to_have_text("This file is empty.")
    assert [line for line in complaints if "429" not in line] == []
    complaints.clear()


def test_it_can_be_cancelled(window: BrowserContext, deployment: Deployment) -> None:
    page = window.new_page()
    Prepared(page, deployment, CHECKING)
    choose(page)
    expect(page.get_by_role("status")).to_have_text("Looking at it …")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_have_text("Cancelled.")
    expect(page.get_by_text("Choose a video or picture")).to_be_visible()


#: In French it is long, in Arabic it runs the other way.
@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("fr", "ltr")])
def test_it_speaks_the_readers_language_on_a_narrow_phone(
    chromium: Chromium, deployment: Deployment, language: Language, direction: str
) -> None:
    said = verify_words.words(language)
    context = chromium.new_context(viewport={"width": 320, "height": 640}, locale=language)
    try:
        page = context.new_page()
        claimed = CredentialLamp(
            state="untrusted", reason="untrusted", says="…", signed_by="Enliven", signed_at=None
        )
        Prepared(page, deployment, RECOVERED.model_copy(update={"credential": claimed}))
        html = page.locator("html")
        assert [html.get_attribute(name) for name in ("lang", "dir")] == [language, direction]
        expect(page.get_by_role("heading", name=said["title"])).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.locator("#file").set_input_files(FILE)
        lamps = page.get_by_role("listitem")
        expect(lamps.nth(1)).to_contain_text(said["mark_found"])
        expect(lamps.nth(0)).to_contain_text(said["credential_untrusted"])
        # What nobody vouches for is told as a claim.
        expect(lamps.nth(0)).to_contain_text(said["claims"].partition("$")[0].strip())
        expect(page.locator("#story")).to_contain_text(said["row_engine"])
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    finally:
        context.close()


@pytest.fixture(scope="module")
def foreign() -> bytes:
    """A clip that nobody made here."""
    out = io.BytesIO()
    rng = np.random.default_rng(8)
    with av.open(out, "w", format="mp4") as target:
        stream = target.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 240, "yuv420p"
        for _ in range(12):
            pixels = rng.integers(0, 255, (240, 160, 3), dtype=np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        target.mux(stream.encode(None))
    return out.getvalue()


def test_a_strangers_clip_goes_through_the_stack_and_nothing_is_claimed_of_it(
    window: BrowserContext, deployment: Deployment, foreign: bytes
) -> None:
    page = window.new_page()
    page.goto(f"{deployment.api_url}/verify")
    page.get_by_label("Choose a video or picture").set_input_files(FILE | {"buffer": foreign})
    expect(page.locator("#sentence")).to_contain_text("Nothing in this file", timeout=90_000)
    assert page.locator("#result").get_attribute("data-answer") == "unknown"
