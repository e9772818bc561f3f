"""One story is posted on the deployed stack, seen by others, and over in its second."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.local.deployment import PHOTO, Browser, Deployment, eventually


@dataclass(frozen=True)
class Posted:
    """A story that everyone may see, as its creator was answered."""

    story_id: str
    view: dict[str, Any]


def _ready(ana: Browser, **asked: Any) -> str:
    story_id = ana.start(PHOTO, prompt="kanarienvogel clouds drift", seconds=3, **asked)
    view = ana.wait(story_id)
    assert view["status"] == "READY", view["reasons"]
    return story_id


def _meta(deployment: Deployment, story_id: str, **fields: str) -> dict[str, Any]:
    """Set fields of a story's record past all rules, and return the record."""
    key = {"pk": {"S": f"STORY#{story_id}"}, "sk": {"S": "META"}}
    answer = deployment.client("dynamodb").update_item(
        TableName=deployment.outputs["StoriesTable"],
        Key=key,
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in fields),
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in fields.items()},
        ReturnValues="ALL_NEW",
    )
    item: dict[str, Any] = answer["Attributes"]
    return item


@pytest.fixture(scope="module")
def posted(ana: Browser) -> Posted:
    story_id = _ready(ana, caption="clouds over the bridge")
    answer = ana.request("POST", f"/stories/{story_id}/post", json={"visibility": "everyone"})
    assert answer.status_code == httpx.codes.OK, answer.text
    return Posted(story_id, answer.json())


def test_a_posted_story_is_in_the_feed_of_others_without_its_prompt(
    posted: Posted, bo: Browser
) -> None:
    answer = bo.request("GET", "/feed")
    assert answer.status_code == httpx.codes.OK
    (story,) = [each for each in answer.json()["stories"] if each["id"] == posted.story_id]
    assert story["caption"] == "clouds over the bridge"
    assert story["share_url"] == posted.view["share_url"]
    assert "kanarienvogel" not in answer.text
    assert httpx.get(story["video_url"]).status_code == httpx.codes.OK


def test_what_is_downloaded_is_what_was_signed_to_the_byte(
    deployment: Deployment, posted: Posted, ana: Browser
) -> None:
    kept = (
        deployment.client("s3")
        .get_object(Bucket=deployment.bucket("stories"), Key=f"{posted.story_id}/story.mp4")["Body"]
        .read()
    )
    by_link = httpx.get(ana.story(posted.story_id)["video_url"]).content
    by_page = httpx.get(f"{posted.view['share_url']}/story.mp4", follow_redirects=True).content
    assert by_link == by_page == kept
    assert hashlib.sha256(kept).hexdigest() == posted.view["video_sha256"]


def test_its_page_is_read_without_an_account(deployment: Deployment, posted: Posted) -> None:
    url = posted.view["share_url"]
    assert url == f"{deployment.api_url}/s/{posted.story_id}"
    answer = httpx.get(url, headers={"Accept-Language": "de"})
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["Content-Language"] == "de"
    assert "clouds over the bridge" in answer.text
    assert "kanarienvogel" not in answer.text
    assert posted.view["video_sha256"] in answer.text
    (image,) = re.findall(r'property="og:image" content="([^"]+)"', answer.text)
    poster = httpx.get(image, follow_redirects=True)
    assert (poster.status_code, poster.headers["Content-Type"]) == (200, "image/jpeg")
    kept = urlsplit(str(poster.url))
    assert f"{kept.scheme}://{kept.netloc}" in answer.headers["Content-Security-Policy"]


def test_a_story_that_is_not_posted_has_no_page_and_is_not_found_by_others(
    deployment: Deployment, ana: Browser, bo: Browser
) -> None:
    story_id = ana.create()["story"]["id"]
    base = f"{deployment.api_url}/s/{story_id}"
    assert httpx.get(base).status_code == httpx.codes.NOT_FOUND
    assert httpx.get(f"{base}/poster.jpg").status_code == httpx.codes.NOT_FOUND
    assert httpx.get(f"{base}/story.mp4").status_code == httpx.codes.NOT_FOUND
    refused = bo.request("POST", f"/stories/{story_id}/post", json={})
    assert (refused.status_code, refused.json()["code"]) == (404, "story_not_found")
    early = ana.request("POST", f"/stories/{story_id}/post", json={})
    assert (early.status_code, early.json()["code"]) == (409, "transition_not_allowed")


def test_a_caption_that_the_guardrail_blocks_leaves_the_story_ready(
    deployment: Deployment, ana: Browser
) -> None:
    story_id = _ready(ana)
    answer = ana.request(
        "POST",
        f"/stories/{story_id}/post",
        json={"caption": "I hate these people, they are vermin and should all be killed"},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "words_not_allowed"), answer.text
    assert ana.story(story_id)["status"] == "READY"
    # And with a byte changed where nobody but SignVideo may write, nothing is shown either.
    where = {"Bucket": deployment.bucket("stories"), "Key": f"{story_id}/story.mp4"}
    s3 = deployment.client("s3")
    video = bytearray(s3.get_object(**where)["Body"].read())
    video[len(video) // 2] ^= 1
    s3.put_object(**where, Body=bytes(video))
    answer = ana.request("POST", f"/stories/{story_id}/post", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "credential_invalid")
    assert ana.story(story_id)["status"] == "READY"


def test_a_story_is_over_in_its_second_and_its_media_with_the_next_sweep(
    deployment: Deployment, posted: Posted, ana: Browser, bo: Browser
) -> None:
    """The last of these tests: the story is over after it."""
    story_id, page = posted.story_id, posted.view["share_url"]
    ends = datetime.now(UTC) + timedelta(seconds=6)
    moved = ends.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    began = (ends - timedelta(days=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _meta(
        deployment,
        story_id,
        expires_at=moved,
        posted_at=began,
        feed_shard=f"{began[:10]}#0",
    )
    link = httpx.get(f"{page}/story.mp4").headers["Location"]
    assert httpx.get(link).status_code == httpx.codes.OK
    eventually("the page is over", lambda: httpx.get(page).status_code == httpx.codes.GONE)
    assert httpx.get(f"{page}/story.mp4").status_code == httpx.codes.GONE
    until = float(parse_qs(urlsplit(link).query)["X-Amz-Expires"][0])
    signed = datetime.strptime(parse_qs(urlsplit(link).query)["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
    assert signed + timedelta(seconds=until) <= ends
    eventually("the link is dead", lambda: httpx.get(link).status_code == httpx.codes.FORBIDDEN)
    assert story_id not in bo.request("GET", "/feed").text
    # In its last second nothing leads to a story any more; then its creator reads that it is over.
    assert ana.story(story_id)["video_url"] is None
    eventually("the story is over", lambda: ana.story(story_id)["status"] == "EXPIRED")

    assert story_id in deployment.sweep()
    assert deployment.keys("stories", story_id) == []
    view = ana.story(story_id)
    assert (view["status"], view["caption"]) == ("EXPIRED", "clouds over the bridge")
    assert httpx.get(page).status_code == httpx.codes.GONE
    again = ana.request("POST", f"/stories/{story_id}/post", json={"visibility": "everyone"})
    assert (again.status_code, again.json()["code"]) == (409, "transition_not_allowed")


def test_a_story_that_is_taken_back_is_gone_at_once(ana: Browser) -> None:
    story_id = _ready(ana)
    answer = ana.request("POST", f"/stories/{story_id}/post", json={"visibility": "link"})
    assert answer.status_code == httpx.codes.OK, answer.text
    page = answer.json()["share_url"]
    assert httpx.get(page).status_code == httpx.codes.OK
    ana.request("DELETE", f"/stories/{story_id}")
    assert httpx.get(page).status_code == httpx.codes.GONE
    assert httpx.get(f"{page}/poster.jpg").status_code == httpx.codes.GONE
