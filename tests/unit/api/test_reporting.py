"""Reports: who counts, what hides a story, and what nobody learns."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import audit, reporters, reports, stories
from story import review
from tests.unit.api import posted as made
from tests.unit.api import reviewers
from tests.unit.api.calling import call, get, problem
from tests.unit.api.reviewers import keys, report, report_from_page, settle
from tests.unit.api.test_page import followed, opened

pytestmark = pytest.mark.usefixtures("reviewed")
reviewed = reviewers.reviewed


def test_enough_reports_hide_a_story_everywhere_at_once() -> None:
    story_id = reviewers.posted()
    for sub in ("u1", "u2"):
        assert report(story_id, sub)["statusCode"] == 202
        assert stories.get(story_id)["status"] == "POSTED"
    assert report(story_id, "u3")["statusCode"] == 202
    story = stories.get(story_id)
    assert (story["status"], story["review_queue"]) == ("UNDER_REVIEW", "2")
    assert "feed_shard" not in story
    feed = reviewers.ask("GET", "/feed", sub="u1", groups=None)
    assert json.loads(feed["body"])["stories"] == []
    page = opened(story_id)
    assert page["statusCode"] == 410
    assert "It was reported." in page["body"]
    for name in ("poster.jpg", "story.mp4"):
        assert problem(followed(story_id, name)) == (410, "story_gone")
    view = json.loads(get(story_id, made.CREATOR)["body"])
    assert (view["status"], view["video_url"], view["share_url"]) == ("UNDER_REVIEW", None, None)
    assert [each["code"] for each in view["reasons"]] == ["reported"]


def test_the_media_of_a_hidden_story_are_moved_so_that_links_given_before_lead_nowhere() -> None:
    story_id = reviewers.hidden()
    assert keys("stories") == []
    assert keys("evidence") == [f"{story_id}/poster.jpg", f"{story_id}/story.mp4"]
    assert stories.get(story_id)["evidence"] == ["poster.jpg", "story.mp4"]


def test_a_report_about_children_hides_at_once_whoever_sends_it() -> None:
    first, second = reviewers.posted(), reviewers.posted()
    report(first, "u1", "child_safety")
    report_from_page(second, reason="child_safety")
    for story_id in (first, second):
        story = stories.get(story_id)
        assert (story["status"], story["review_queue"]) == ("UNDER_REVIEW", "0")


def test_one_user_counts_once_however_often_and_with_whatever_reason() -> None:
    story_id = reviewers.posted()
    for reason in ("spam", "violence", "hate", "other"):
        assert report(story_id, "u1", reason)["statusCode"] == 202
    assert stories.get(story_id)["status"] == "POSTED"
    assert [each["reason"] for each in reports.of_story(story_id)] == ["spam"]


def test_a_report_without_an_account_counts_half() -> None:
    story_id = reviewers.posted()
    for number in range(5):
        assert report_from_page(story_id, f"198.51.100.{number}")["statusCode"] == 202
    assert stories.get(story_id)["status"] == "POSTED"
    report_from_page(story_id, "198.51.100.9")
    assert stories.get(story_id)["status"] == "UNDER_REVIEW"


def test_an_address_is_stored_nowhere_and_an_ipv6_subscriber_is_one() -> None:
    story_id = reviewers.posted()
    report_from_page(story_id, "2001:db8:1:2::7", text="see for yourself")
    report_from_page(story_id, "2001:db8:1:2:ffff::8")
    report_from_page(story_id, "2001:db8:1:3::7")
    assert len(reports.of_story(story_id)) == 2
    items = json.dumps(boto3.client("dynamodb").scan(TableName="stories")["Items"])
    assert "2001:db8" not in items
    (salt,) = [
        item
        for item in boto3.client("dynamodb").scan(TableName="stories")["Items"]
        if item["pk"]["S"] == "SALT"
    ]
    assert "ttl" in salt, "the key that could name addresses is forgotten"


def test_the_same_address_is_another_name_under_another_days_key() -> None:
    now = datetime.now(UTC)
    today = reporters.address("198.51.100.7", now)
    assert today == reporters.address("198.51.100.7", now)
    assert today != reporters.address("198.51.100.7", now + timedelta(days=1))
    assert re.fullmatch(r"address#[0-9a-f]{32}", today)


def test_too_many_reports_of_one_reporter_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTS_PER_HOUR", "2")
    for _ in range(2):
        assert report(reviewers.posted(), "u1")["statusCode"] == 202
        assert report_from_page(reviewers.posted())["statusCode"] == 202
    assert problem(report(reviewers.posted(), "u1")) == (429, "rate_exceeded")
    refused = report_from_page(reviewers.posted())
    assert refused["statusCode"] == 429
    assert "Too many reports" in refused["body"]


def test_a_reporter_is_told_the_same_whatever_follows() -> None:
    story_id = reviewers.posted()
    told = [report(story_id, f"u{number}")["body"] for number in range(5)]
    assert set(told) == {'{"received":true}'}
    pages = {report_from_page(story_id, f"198.51.100.{number}")["body"] for number in range(3)}
    assert len(pages) == 1


def test_what_was_never_posted_cannot_be_reported_and_what_is_over_is_gone() -> None:
    assert problem(report(made.ready(), "u1")) == (404, "story_not_found")
    assert report_from_page(made.ready())["statusCode"] == 404
    over = made.posted(ago=timedelta(days=2))
    assert problem(report(over, "u1")) == (410, "story_gone")
    assert report_from_page(over)["statusCode"] == 410
    assert report_from_page("nonsense")["statusCode"] == 404


@pytest.mark.parametrize(
    "fields", [{"reason": "boredom"}, {"text": "x" * 501}, {"who": "me"}, {"reason": ""}]
)
def test_a_form_that_is_not_filled_in_is_answered_by_a_page(fields: dict[str, str]) -> None:
    story_id = reviewers.posted()
    answer = report_from_page(story_id, **fields)
    assert answer["statusCode"] == 422
    assert "choose a reason" in answer["body"]
    assert reports.of_story(story_id) == []


def test_the_page_has_a_form_that_sends_what_is_taken_in_every_language() -> None:
    story_id = reviewers.posted()
    for language in ("en", "de", "fr", "es"):
        html = opened(story_id, language)["body"]
        assert f'action="{story_id}/report"' in html
        assert set(re.findall(r'<option value="(\w+)"', html)) == set(review.ReportReason)
    answer = report_from_page(story_id, language="de", text=" ")
    assert (answer["statusCode"], "Danke" in answer["body"]) == (202, True)
    assert "text" not in reports.of_story(story_id)[0]


def test_the_trail_says_who_reported_why_and_holds_no_words() -> None:
    story_id = reviewers.posted()
    report(story_id, "u1", "hate", text="kanarienvogel")
    settle(story_id)
    settle(story_id)
    (line,) = audit.trail(story_id)
    assert (line["what"], line["who"], line["reason"]) == ("reported", "user#u1", "hate")
    assert "kanarienvogel" not in json.dumps(line)


def test_a_graver_report_of_a_hidden_story_moves_it_forward() -> None:
    story_id = reviewers.hidden()
    report(story_id, "u4", "child_safety")
    assert stories.get(story_id)["review_queue"] == "0"
    report(story_id, "u5", "spam")
    assert stories.get(story_id)["review_queue"] == "0"


def test_a_body_of_json_is_no_form() -> None:
    event: dict[str, Any] = reviewers.api_event(
        "POST",
        f"/s/{reviewers.posted()}/report",
        route="/s/{story_id}/report",
        body=json.dumps({"reason": "spam"}),
    )
    assert call(event)["statusCode"] == 422
