"""The page of a shared story, in a browser without an account."""

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.local.deployment import Browser

#: Plays a video; whether it came to its second fifth of a second within half a minute.
PLAYED = """video => new Promise((done) => {
  video.ontimeupdate = () => { if (video.currentTime > 0.2) done(true); };
  setTimeout(() => done(video.error ? video.error.message : "it does not play"), 30000);
  video.play().catch((error) => done(String(error)));
})"""


@pytest.fixture(scope="module")
def shared(ana: Browser) -> str:
    story_id = ana.start(seconds=3, caption="clouds over the bridge")
    assert ana.wait(story_id)["status"] == "READY"
    answer = ana.request("POST", f"/stories/{story_id}/post", json={"visibility": "link"})
    assert answer.status_code == httpx.codes.OK, answer.text
    return str(answer.json()["share_url"])


def test_the_video_is_labelled_quiet_and_plays_when_asked(
    window: BrowserContext, shared: str
) -> None:
    page = window.new_page()
    page.goto(shared)
    expect(page.get_by_role("heading", name="clouds over the bridge")).to_be_visible()
    expect(page.locator(".label")).to_contain_text("AI")
    video = page.locator("video")
    assert video.evaluate("video => [video.muted, video.paused]") == [True, True]
    assert video.evaluate(PLAYED) is True
    width, height = video.evaluate("video => [video.videoWidth, video.videoHeight]")
    assert (width, height) == (720, 1280)


def test_how_it_was_made_is_told_on_request(window: BrowserContext, shared: str) -> None:
    page = window.new_page()
    page.goto(shared)
    answer = page.get_by_text("Content Credentials").first
    expect(answer).not_to_be_visible()
    page.get_by_text("How was this made?").click()
    expect(answer).to_be_visible()


def test_nothing_is_wider_than_a_phone(window: BrowserContext, shared: str) -> None:
    page = window.new_page()
    page.goto(shared)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_link_that_was_cut_says_so_kindly(window: BrowserContext, shared: str) -> None:
    answer = httpx.get(shared[:-2])
    assert answer.status_code == httpx.codes.NOT_FOUND
    page = window.new_page()
    page.set_content(answer.text)
    expect(page.get_by_text("There is no such story")).to_be_visible()
