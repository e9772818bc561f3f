"""A story is reported on its page and removed on the reviewers', by keyboard alone."""

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.local.deployment import Browser, Deployment, eventually

RITA = "rita"
#: How a picture or video of the evidence is shown: its CSS filter.
FILTER = "element => getComputedStyle(element).filter"


@pytest.fixture(scope="module")
def shared(ana: Browser) -> dict[str, str]:
    story_id = ana.start(seconds=3, caption="clouds over the bridge")
    assert ana.wait(story_id)["status"] == "READY"
    answer = ana.request("POST", f"/stories/{story_id}/post", json={"visibility": "link"})
    assert answer.status_code == httpx.codes.OK, answer.text
    return {"id": story_id, "url": str(answer.json()["share_url"])}


def _signed_in(page: Page, deployment: Deployment, name: str, password: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{deployment.api_url}/review")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible(timeout=30_000)


def test_a_story_is_reported_removed_appealed_and_restored_on_the_pages(
    window: BrowserContext,
    deployment: Deployment,
    ana: Browser,
    bo: Browser,
    shared: dict[str, str],
) -> None:
    page = window.new_page()
    page.goto(shared["url"])
    page.get_by_text("Report this story").first.click()
    page.get_by_label("What is wrong with it?").select_option("spam")
    page.get_by_role("button", name="Send report").click()
    expect(page.get_by_text("Thank you")).to_be_visible(timeout=30_000)
    path = f"/stories/{shared['id']}/report"
    told = bo.request("POST", path, json={"reason": "child_safety"})
    assert told.status_code == httpx.codes.ACCEPTED, told.text
    assert ana.story(shared["id"])["status"] == "UNDER_REVIEW"

    page = window.new_page()
    (rita,) = [each for each in deployment.people if each.username == RITA]
    _signed_in(page, deployment, rita.username, rita.password)
    row = page.get_by_role("option").first
    expect(row).to_contain_text("Reported")
    page.keyboard.press("Enter")
    expect(page.locator("#opened")).to_be_visible(timeout=30_000)
    evidence = page.locator("#strip img, #strip video").first
    assert "blur" in evidence.evaluate(FILTER)
    assert "grayscale" in evidence.evaluate(FILTER)
    page.keyboard.press("c")
    expect(page.locator("#lease")).to_contain_text("yours", timeout=30_000)
    shown = page.locator("#large > *").first
    page.keyboard.press("v")
    assert shown.evaluate(FILTER) == "none"
    page.keyboard.press("v")
    assert "blur" in shown.evaluate(FILTER)
    assert all(video.evaluate("video => video.muted") for video in page.locator("video").all())
    page.keyboard.press("1")
    page.locator("#categories input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_have_text("A reason is required.")
    page.keyboard.press("e")
    page.keyboard.type("what was reported is in the picture")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Decided: remove", timeout=30_000)
    eventually("the story is removed", lambda: ana.story(shared["id"])["status"] == "REMOVED")
    _appealed_and_restored(window, deployment, ana, shared)


def _appealed_and_restored(
    window: BrowserContext, deployment: Deployment, ana: Browser, shared: dict[str, str]
) -> None:
    """By its creator, who has no page for it, and by another reviewer, who has."""
    told = ana.request("POST", f"/stories/{shared['id']}/appeal", json={"text": "It is art."})
    assert told.status_code == httpx.codes.OK, told.text
    page = window.new_page()
    _signed_in(page, deployment, *deployment.another_reviewer())
    expect(page.get_by_role("option").first).to_contain_text("Appeal")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It is art.")).to_be_visible(timeout=30_000)
    page.keyboard.press("c")
    expect(page.locator("#lease")).to_contain_text("yours", timeout=30_000)
    page.locator("input[name=decision][value=overturn]").check()
    page.keyboard.press("e")
    page.keyboard.type("it is art indeed")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Decided: overturn", timeout=30_000)
    eventually("the story is restored", lambda: ana.story(shared["id"])["status"] == "POSTED")
    page.goto(shared["url"])
    expect(page.locator("video")).to_be_visible(timeout=30_000)


def test_who_is_no_reviewer_is_told_so(
    window: BrowserContext, deployment: Deployment, complaints: list[str]
) -> None:
    page = window.new_page()
    page.goto(f"{deployment.api_url}/review")
    someone = deployment.people[0]
    page.get_by_label("User name").fill(someone.username)
    page.get_by_label("Password").fill(someone.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("reviewer", timeout=30_000)
    assert [line for line in complaints if "403" not in line] == []
    complaints.clear()
