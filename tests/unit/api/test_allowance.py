"""What a user may ask for: stories a day, requests a minute, and who is told what is left."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from api import allowance
from api.problems import Refused
from cloud import quotas, stories
from local.golden_events import api_event
from story import identifiers, quota
from story.offer import Me
from story.view import Problem
from tests.unit.api.calling import OTHER, ask_to_create, call, create, get, listed, problem

pytestmark = pytest.mark.usefixtures("account")


@pytest.fixture
def two_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAILY_STORIES_PER_USER", "2")


def _me(creator: str = "creator") -> Me:
    answer = call(api_event("GET", "/me", creator=creator))
    assert answer["statusCode"] == 200, answer
    assert answer["headers"]["Cache-Control"] == "no-store"
    return Me.model_validate_json(answer["body"])


def _day() -> str:
    return quota.day_of(datetime.now(UTC))


@pytest.mark.usefixtures("account", "two_a_day")
def test_a_story_too_many_is_refused_until_midnight() -> None:
    create(), create()
    refused = ask_to_create()
    assert problem(refused) == (429, "quota_exhausted")
    told = Problem.model_validate_json(refused["body"])
    assert told.reset_at == quota.iso(quota.day_ends(_day()))
    left = quota.day_ends(_day()) - datetime.now(UTC)
    assert int(refused["headers"]["Retry-After"]) == pytest.approx(left.total_seconds(), abs=5)
    assert "2 stories a day" in told.detail
    assert create(OTHER).story.status == "AWAITING_PHOTO"


@pytest.mark.usefixtures("account", "two_a_day")
def test_the_same_request_again_takes_no_second_story() -> None:
    for _ in range(5):
        create(key="the-same")
    assert (_me().quota.held, _me().quota.left) == (1, 1)


@pytest.mark.usefixtures("account", "two_a_day")
def test_a_request_that_is_refused_takes_nothing() -> None:
    assert ask_to_create(prompt="")["statusCode"] == 422
    assert ask_to_create(seconds=11)["statusCode"] == 422
    assert _me().quota.held == 0


@pytest.mark.usefixtures("account", "two_a_day")
def test_a_story_that_could_not_be_written_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: dict[str, Any]) -> None:
        raise OSError("the table is gone")

    with monkeypatch.context() as patched:
        patched.setattr(stories, "create", broken)
        with pytest.raises(OSError, match="gone"):
            ask_to_create()
    assert _me().quota.held == 0


def test_what_is_held_already_is_not_given_back_by_who_asks_again() -> None:
    made = create()
    with pytest.raises(Refused), allowance.held("creator", made.story.id):
        raise Refused("story_not_found", "…")
    assert _me().quota.held == 1


def test_the_record_says_to_which_day_a_story_belongs() -> None:
    made = create()
    assert stories.get(made.story.id, "quota_day") == {"quota_day": _day()}


@pytest.mark.usefixtures("account", "one_write_at_a_time", "two_a_day")
def test_fifty_at_once_hold_as_many_as_there_are() -> None:
    _me()  # the client is made once, before all
    ready, held, refused = threading.Barrier(50), [], []

    def one(_: int) -> None:
        story_id = identifiers.new_story_id()
        ready.wait(60)
        try:
            with allowance.held("creator", story_id) as day:
                held.append((day, story_id))
        except Refused as problem:
            refused.append(problem.problem.code)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(50)))
    assert len(held) == 2
    assert refused == ["quota_exhausted"] * 48


def test_a_renewed_form_prolongs_its_hold() -> None:
    made = create()
    before = quotas.standing("creator", datetime.now(UTC))[made.story.id]
    path = f"/stories/{made.story.id}/upload"
    headers = {"idempotency-key": "renew"}
    renewed = call(
        api_event(
            "POST", path, route="/stories/{story_id}/upload", headers=headers, creator="creator"
        )
    )
    assert renewed["statusCode"] == 200, renewed
    after = quotas.standing("creator", datetime.now(UTC))[made.story.id]
    assert after["until"] > before["until"]
    assert after["photo_until"] > before["photo_until"]


def test_me_says_what_is_left_and_when_it_begins_anew() -> None:
    made = create()
    quotas.charge("creator", _day(), made.story.id)
    create()
    me = _me()
    assert (me.quota.limit, me.quota.used, me.quota.held, me.quota.left) == (20, 1, 1, 18)
    assert me.quota.reset_at == quota.iso(quota.day_ends(_day()))
    assert (me.id, me.groups, me.strikes) == ("creator", (), ())
    assert me.rate.limit == 120
    assert 0 < me.rate.left <= 119
    reset = datetime.fromisoformat(me.rate.reset_at) - datetime.now(UTC)
    assert timedelta(0) < reset <= timedelta(minutes=1)


def test_me_names_the_groups_of_a_reviewer() -> None:
    event = api_event("GET", "/me")
    event["requestContext"]["authorizer"]["jwt"]["claims"]["cognito:groups"] = "[reviewers]"
    assert Me.model_validate_json(call(event)["body"]).groups == ("reviewers",)


def test_me_shows_the_strikes_that_moderation_has_written() -> None:
    given = {"code": "removed_after_report", "message": "A posted story showed blood."}
    item = {"pk": "USER#creator", "sk": "STRIKE#1", "given_at": "2026-11-01T00:00:00.000Z", **given}
    boto3.resource("dynamodb").Table("stories").put_item(Item=item)
    (strike,) = _me().strikes
    assert (strike.code, strike.expires_at) == ("removed_after_report", None)
    assert _me(OTHER).strikes == ()


def test_requests_beyond_the_minutes_are_refused_whatever_they_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = create()
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "1")
    for answer in (
        listed(),
        get(made.story.id),
        ask_to_create(),
        call(api_event("GET", "/me", creator="creator")),
        call(api_event("POST", "/stories", body="{", creator="creator")),
    ):
        assert problem(answer) == (429, "rate_exceeded")
        told = Problem.model_validate_json(answer["body"])
        assert told.reset_at is not None
        assert 1 <= int(answer["headers"]["Retry-After"]) <= 60
    assert listed(OTHER)["statusCode"] == 200


def test_what_needs_no_token_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "1")
    for _ in range(3):
        event = api_event("GET", "/presets")
        del event["requestContext"]["authorizer"]
        assert call(event)["statusCode"] == 200


def test_a_stranger_is_not_counted_as_anybody() -> None:
    assert call(api_event("GET", "/stories", token_use="id"))["statusCode"] == 401
    items = boto3.client("dynamodb").scan(TableName="stories")["Items"]
    assert not [item for item in items if item["pk"]["S"].startswith("QUOTA#")]


def test_a_table_that_cannot_count_answers_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORIES_TABLE", "no-such-table")
    answer = call(api_event("GET", "/me"))
    assert problem(answer) == (503, "unavailable")
    assert "table" not in json.dumps(answer).lower()
