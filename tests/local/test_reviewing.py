"""Reports, reviews and appeals on the deployed stack, whose every role is enforced."""

import json
import re
import uuid
from typing import Any

import httpx
import pytest

from tests.local.deployment import PHOTO, Browser, Deployment, eventually
from tests.local.test_posting import _ready

HATE = "I hate these people, they are vermin and should all be killed"
RITA = "rita"


@pytest.fixture(scope="module")
def rita(deployment: Deployment) -> Browser:
    """A reviewer, also for the command line, as the profile of her name."""
    (user,) = [each for each in deployment.people if each.username == RITA]
    folder = deployment.home / ".config" / "enliven"
    (given,) = folder.glob("*.json")
    known = json.loads(given.read_text())
    mine = known | {"username": user.username, "password": user.password}
    (folder / f"{RITA}.json").write_text(json.dumps(mine))
    return deployment.browser(user)


def _posted(ana: Browser) -> dict[str, Any]:
    story_id = _ready(ana)
    answer = ana.request("POST", f"/stories/{story_id}/post", json={"visibility": "everyone"})
    assert answer.status_code == httpx.codes.OK, answer.text
    view: dict[str, Any] = answer.json()
    return view


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
    view = _posted(ana)
    story_id, page = view["id"], view["share_url"]
    link = ana.story(story_id)["video_url"]
    # From the page, by a form, without account or token; then with an account.
    form = httpx.post(f"{page}/report", data={"reason": "spam", "text": ""}, timeout=60)
    assert (form.status_code, "Thank you" in form.text) == (202, True), form.text
    told = bo.request("POST", f"/stories/{story_id}/report", json={"reason": "child_safety"})
    assert (told.status_code, told.json()) == (202, {"received": True})
    assert ana.story(story_id)["status"] == "UNDER_REVIEW"
    assert httpx.get(page).status_code == httpx.codes.GONE
    assert bo.request("GET", "/feed").text.count(story_id) == 0
    eventually("the old link leads nowhere", lambda: httpx.get(link).status_code != 200)
    # The reviewer finds it at the top, and sees what was kept.
    (first, *_) = rita.request("GET", "/reviews").json()["reviews"]
    assert (first["id"], first["severity"], first["reports"]) == (story_id, 0, 2)
    seen = rita.request("GET", f"/reviews/{story_id}").json()
    video = next(each for each in seen["evidence"] if each["kind"] == "video")
    assert httpx.get(video["url"]).content[4:8] == b"ftyp"
    for act, body in (
        ("claim", None),
        ("decide", {"decision": "remove", "reason": "as reported", "categories": ["spam"]}),
    ):
        answer = rita.request("POST", f"/reviews/{story_id}/{act}", json=body)
        assert answer.status_code == httpx.codes.OK, answer.text
    removed = _status(ana, story_id, "REMOVED")
    assert removed["reasons"][0]["code"] == "removed"
    eventually("the strike is given", lambda: bool(ana.request("GET", "/me").json()["strikes"]))
    # Its creator appeals; who has decided does not hear it.
    appeal = ana.request("POST", f"/stories/{story_id}/appeal", json={"text": "It is art."})
    assert appeal.status_code == httpx.codes.OK, appeal.text
    refused = rita.request("POST", f"/reviews/{story_id}/claim")
    assert (refused.status_code, refused.json()["code"]) == (403, "review_conflict")
    other = _another_reviewer(deployment)
    for act, body in (
        ("claim", None),
        ("decide", {"decision": "overturn", "reason": "it is art"}),
    ):
        answer = other.request("POST", f"/reviews/{story_id}/{act}", json=body)
        assert answer.status_code == httpx.codes.OK, answer.text
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


def _another_reviewer(deployment: Deployment) -> Browser:
    """A newcomer whom the operator made a reviewer; the group is in the next token."""
    cognito, pool = deployment.client("cognito-idp"), deployment.outputs["UserPoolId"]
    name, password = f"sam-{uuid.uuid4().hex[:8]}", f"Aa1-{uuid.uuid4().hex}"
    cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=name, Password=password, Permanent=True
    )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName="reviewers")
    answer = deployment.cognito(
        "InitiateAuth",
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    return Browser(deployment, answer.json()["AuthenticationResult"]["AccessToken"])


def test_a_rejected_story_whose_appeal_is_overturned_on_the_command_line_is_made(
    deployment: Deployment, ana: Browser, rita: Browser
) -> None:
    del rita  # her profile is what is needed
    story_id = ana.start(PHOTO, prompt=HATE, seconds=3)
    assert ana.wait(story_id)["status"] == "REJECTED"
    kept = eventually("the photo is kept", lambda: deployment.settled(story_id).get("evidence"))
    assert kept == [f"{story_id}/photo.jpg"]

    def appealed() -> bool:
        answer = ana.request("POST", f"/stories/{story_id}/appeal", json={"text": "Song lyrics."})
        return answer.status_code == httpx.codes.OK

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
