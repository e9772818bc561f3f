"""The reviewers' page in a real browser: a reported story is decided about by keyboard alone."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local import chromium
from tests.local.deployment import Browser, Deployment
from tests.local.test_reviewing import _posted, _status

pytestmark = pytest.mark.skipif(
    chromium.BINARY is None, reason="needs Chromium (Debian: apt-get install chromium)"
)
SIGNED_IN = "!document.getElementById('work').hidden"
OPENED = "!document.getElementById('opened').hidden"
SAID = "document.getElementById('said').textContent"


def _veil(page: chromium.Page) -> Any:
    """The filter that lies over what is shown large."""
    return page.ask("getComputedStyle(document.querySelector('#large > *')).filter")


def test_a_reported_story_is_seen_and_removed_by_keyboard_alone(
    deployment: Deployment, ana: Browser, bo: Browser, tmp_path: Path
) -> None:
    story_id = _posted(ana)["id"]
    bo.request("POST", f"/stories/{story_id}/report", json={"reason": "child_safety"})
    (rita,) = [each for each in deployment.people if each.username == "rita"]
    with chromium.browsing(tmp_path) as page:
        page.open(f"{deployment.api_url}/review")
        assert page.ask("document.activeElement.id") == "user"
        page.write(rita.username)
        page.press("Tab")
        page.write(rita.password)
        page.press("Enter")
        page.until(SIGNED_IN)
        page.until("document.querySelectorAll('#list li').length > 0")
        # The most urgent is selected; nothing of it is shown clearly before the reviewer asks.
        page.press("Enter")
        page.until(OPENED)
        assert story_id in page.ask("document.getElementById('story-title').textContent")
        page.until("document.querySelectorAll('#strip figure').length === 2")
        assert "blur" in _veil(page)
        assert "grayscale" in _veil(page)
        page.until("document.querySelector('#large img').naturalWidth > 0")
        page.press("v")
        assert _veil(page) == "none"
        page.press("v")
        assert "blur" in _veil(page)
        assert page.ask("[...document.querySelectorAll('video')].every((each) => each.muted)")
        # Claim, choose `remove`, say why, send.
        page.press("c")
        page.until(f"{SAID}.startsWith('Claimed')")
        page.press("1")
        assert page.ask("document.querySelector('input[name=decision]:checked').value") == "remove"
        page.press("Enter", control=True)
        page.until(f"{SAID} === 'A reason is required.'")
        page.press("e")
        page.write("It is what the report says.")
        page.press("Enter", control=True)
        page.until(f"{SAID}.startsWith('Decided: remove')")
        assert page.complaints == []
    removed = _status(ana, story_id, "REMOVED")
    assert removed["reasons"][0]["code"] == "removed"
    assert "endangers children" in removed["reasons"][0]["message"], "as it was reported"


def test_whoever_is_no_reviewer_signs_in_and_sees_nothing(
    deployment: Deployment, tmp_path: Path
) -> None:
    bo = deployment.people[1]
    with chromium.browsing(tmp_path) as page:
        page.open(f"{deployment.api_url}/review")
        page.write(bo.username)
        page.press("Tab")
        page.write(bo.password)
        page.press("Enter")
        page.until(f"{SAID}.includes('reviewers')")
        assert page.ask("document.querySelectorAll('#list li').length") == 0


def test_a_viewer_reports_a_story_from_its_page_without_script(
    ana: Browser, tmp_path: Path
) -> None:
    view = _posted(ana)
    with chromium.browsing(tmp_path) as page:
        page.open(view["share_url"])
        page.ask("document.querySelector('form').closest('details').open = true")
        page.ask("document.querySelector('select').value = 'child_safety'")
        page.ask("document.querySelector('form button').focus()")
        page.press("Enter")
        page.until("document.title === 'Thank you'")
        assert page.complaints == []
    assert ana.story(view["id"])["status"] == "UNDER_REVIEW"
    assert httpx.get(view["share_url"]).status_code == httpx.codes.GONE
