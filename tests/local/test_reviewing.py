"""Reports, reviews and appeals on the deployed stack, whose every role is enforced."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.local.deployment import PHOTO, PROFILE, Browser, Deployment, eventually
from tests.local.test_posting import _ready

HATE = "I hate these people, they are vermin and should all be killed"
RITA, BO = "rita", "bo"


@pytest.fixture(scope="module")
def rita(deployment: Deployment) -> Browser:
    """A reviewer, also for the command line, as the profile of her name; as is bo."""
    for user in deployment.people:
        _profile(deployment, user.username, user.password)
    (user,) = [each for each in deployment.people if each.username == RITA]
    return deployment.browser(user)


def _profile(deployment: Deployment, name: str, password: str) -> None:
    """Let the command line sign in as somebody, by the profile of that name."""
    folder = deployment.home / ".config" / "enliven"
    known = json.loads((folder / f"{PROFILE}.json").read_text())
    mine = known | {"username": name, "password": password}
    (folder / f"{name}.json").write_text(json.dumps(mine))


def _said(deployment: Deployment, profile: str, *act: str) -> str:
    """What a command that has to succeed prints."""
    done = deployment.enliven(*act, profile=profile)
    assert done.returncode == 0, (act, done.stderr)
    return done.stdout


def _status(browser: Browser, story_id: str, status: str) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        view = browser.story(story_id)
        return view if view["status"] == status else None

    return eventually(f"story {story_id} is {status}", reached)


def _trail(deployment: Deployment, story_id: str) -> list[str]:
    return [item["what"]["S"] for item in deployment.items("AUDIT", story_id)]


def test_a_reported_story_is_hidden_reviewed_removed_appealed_and_seen_again(
    deployment: Deployment, ana: Browser, bo: Browser, rita: Browser
) -> None:
    """On the command line, but for the form of the page and what the reviewer's client fetches."""
    story_id = _ready(ana)
    assert "✓ posted until " in _said(deployment, PROFILE, "post", story_id)
    view = ana.story(story_id)
    page, link = view["share_url"], view["video_url"]
    # From the page, by a form, without account or token; then with an account.
    form = httpx.post(f"{page}/report", data={"reason": "spam", "text": ""}, timeout=60)
    assert (form.status_code, "Thank you" in form.text) == (202, True), form.text
    told = _said(deployment, BO, "report", story_id, "--reason", "child_safety", "--text", "look")
    assert told.startswith("✓ the report has come")
    assert ana.story(story_id)["status"] == "UNDER_REVIEW"
    assert httpx.get(page).status_code == httpx.codes.GONE
    assert bo.request("GET", "/feed").text.count(story_id) == 0
    eventually("the old link leads nowhere", lambda: httpx.get(link).status_code != 200)
    # The reviewer finds it at the top, and sees what was kept.
    first, *_ = _said(deployment, RITA, "review", "list").splitlines()
    assert first.split()[:5] == [story_id, "urgent", "reported", "since", first.split()[4]]
    assert "2 reports" in first
    seen = rita.request("GET", f"/reviews/{story_id}").json()
    video = next(each for each in seen["evidence"] if each["kind"] == "video")
    assert httpx.get(video["url"]).content[4:8] == b"ftyp"
    _said(deployment, RITA, "review", "claim", story_id)
    remove = ("remove", "--reason", "as reported", "--category", "spam")
    assert "REMOVED" in _said(deployment, RITA, "review", "decide", story_id, *remove)
    removed = _status(ana, story_id, "REMOVED")
    assert removed["reasons"][0]["code"] == "removed"
    eventually("the strike is given", lambda: bool(ana.request("GET", "/me").json()["strikes"]))
    # Its creator appeals; who has decided does not hear it.
    told = _said(deployment, PROFILE, "appeal", story_id, "--text", "It is art.")
    assert told.strip() == "✓ appealed; the story is REMOVED, the appeal pending"
    refused = deployment.enliven("review", "claim", story_id, profile=RITA)
    assert (refused.returncode, "review_conflict" in refused.stderr) == (4, True)
    sam = _another_reviewer(deployment)
    _said(deployment, sam, "review", "claim", story_id)
    _said(deployment, sam, "review", "decide", story_id, "overturn", "--reason", "it is art")
    restored = _status(ana, story_id, "POSTED")
    assert httpx.get(restored["video_url"]).status_code == httpx.codes.OK
    assert httpx.get(page).status_code == httpx.codes.OK
    eventually("the strike is taken back", lambda: not ana.request("GET", "/me").json()["strikes"])
    assert {
        "reported",
        "hidden",
        "claimed",
        "decided remove",
        "strike given",
        "appealed",
        "decided overturn",
        "strike taken back",
    } <= set(_trail(deployment, story_id))


def _another_reviewer(deployment: Deployment) -> str:
    """The profile of a newcomer whom the operator made a reviewer."""
    name, password = deployment.another_reviewer()
    _profile(deployment, name, password)
    return name


def test_a_rejected_story_whose_appeal_is_overturned_on_the_command_line_is_made(
    deployment: Deployment, ana: Browser, rita: Browser
) -> None:
    del rita  # her profile is what is needed
    story_id = ana.start(PHOTO, prompt=HATE, seconds=3)
    assert ana.wait(story_id)["status"] == "REJECTED"
    kept = eventually("the photo is kept", lambda: deployment.settled(story_id).get("evidence"))
    assert kept == [f"{story_id}/photo.jpg"]

    def appealed() -> bool:
        return deployment.enliven("appeal", story_id, "--text", "Song lyrics.").returncode == 0

    eventually("the appeal is taken", appealed)
    listed = deployment.enliven("review", "list", profile=RITA)
    assert (listed.returncode, story_id in listed.stdout) == (0, True), listed.stderr
    shown = deployment.enliven("review", "show", story_id, profile=RITA)
    assert "appealed" in shown.stdout
    assert "→" in shown.stdout
    photo = re.search(r"photo photo\.jpg: (\S+)", shown.stdout)
    assert photo
    assert httpx.get(photo[1]).content[:2] == b"\xff\xd8"
    reason = ("--reason", "these are the words of a song")
    early = deployment.enliven("review", "decide", story_id, "overturn", *reason, profile=RITA)
    assert (early.returncode, "review_not_claimed" in early.stderr) == (4, True)
    assert deployment.enliven("review", "claim", story_id, profile=RITA).returncode == 0
    done = deployment.enliven("review", "decide", story_id, "overturn", *reason, profile=RITA)
    assert (done.returncode, "PROCESSING" in done.stdout) == (0, True), done.stderr
    view = _status(ana, story_id, "READY")
    assert (view["attempt"], view["appeal"]) == (2, "overturned")
    words = next(each for each in view["verdicts"] if each["gate"] == "words")
    assert words["verdict"] == "allow"
    posted = ana.request("POST", f"/stories/{story_id}/post", json={"visibility": "link"})
    assert posted.status_code == httpx.codes.OK, posted.text


def test_the_page_lets_nothing_in_but_its_own_script(deployment: Deployment) -> None:
    answer = httpx.get(f"{deployment.api_url}/review")
    assert answer.status_code == httpx.codes.OK
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert deployment.outputs["UserPoolClientId"] in answer.text


def test_whoever_is_no_reviewer_is_refused_everywhere(bo: Browser, ana: Browser) -> None:
    story_id = ana.create()["story"]["id"]
    for method, path in (
        ("GET", "/reviews"),
        ("GET", f"/reviews/{story_id}"),
        ("POST", f"/reviews/{story_id}/claim"),
    ):
        answer = bo.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "reviewers_only")
