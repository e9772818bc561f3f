"""The API on a real table: what each caller is told, and what nobody is told."""

import base64
import json

import boto3
import pytest

from cloud import stories, switch
from local.golden_events import api_event
from story import limits
from story.errors import SettingInvalid
from story.view import StoryView
from tests.unit.api.calling import OTHER, WORDS, call, create, get, listed, problem
from tests.unit.cloud.account import SWITCH

pytestmark = pytest.mark.usefixtures("account")


def test_a_story_is_made_with_the_one_form_that_can_deliver_its_photo() -> None:
    made = create(seed=7, fit="contain", loop=False, preset="subtle")
    assert made.story.status == "AWAITING_PHOTO"
    assert made.upload
    assert made.upload.fields["key"] == f"uploads/{made.story.id}/photo"
    assert made.upload.max_bytes == limits.MAX_UPLOAD_BYTES
    policy = json.loads(base64.b64decode(made.upload.fields["policy"]))
    assert ["content-length-range", 1, limits.MAX_UPLOAD_BYTES] in policy["conditions"]
    record = stories.get(made.story.id)
    assert (record["seed"], record["fit"], record["creator"]) == (7, "contain", "creator")
    assert (record["loop"], record["preset"]) == (False, "subtle")
    assert record["people_consent"] is False


def test_a_story_is_read_back_by_its_creator_and_kept_by_no_shared_cache() -> None:
    made = create()
    answer = get(made.story.id)
    assert StoryView.model_validate_json(answer["body"]) == made.story
    assert answer["headers"]["Cache-Control"] == "private, no-cache"


def test_anothers_story_is_as_absent_as_one_that_never_was() -> None:
    theirs, never = create().story.id, "0" * 32
    answers = [get(theirs, creator=OTHER), get(never, creator=OTHER)]
    assert [problem(answer) for answer in answers] == [(404, "story_not_found")] * 2
    said = [answer["body"].replace(theirs, "").replace(never, "") for answer in answers]
    assert said[0] == said[1]


@pytest.mark.parametrize("token_use", ["id", "refresh", ""])
def test_only_an_access_token_is_permission(token_use: str) -> None:
    for event in (
        api_event("GET", "/stories", token_use=token_use),
        api_event("POST", "/stories", body=json.dumps(WORDS), token_use=token_use),
        api_event("GET", "/stories/x", route="/stories/{story_id}", token_use=token_use),
    ):
        assert problem(call(event)) == (401, "access_token_required")


def test_without_an_authorizer_nobody_is_anybody() -> None:
    event = api_event("GET", "/stories")
    del event["requestContext"]["authorizer"]
    assert problem(call(event)) == (401, "access_token_required")


@pytest.mark.parametrize(
    "body",
    [
        "null",
        "[]",
        '"prompt"',
        '{"prompt": ""}',
        '{"prompt": "   "}',
        '{"prompt": 5}',
        '{"prompt": "\\ud800"}',
        '{"prompt": "x", "surplus": 1}',
        '{"prompt": "x", "seed": -1}',
        '{"prompt": "x", "seed": 4294967296}',
        '{"prompt": "x", "fit": "stretch"}',
        '{"prompt": "x", "seed": NaN}',
        json.dumps({"prompt": "x" * (limits.MAX_PROMPT_CHARACTERS + 1)}),
    ],
)
def test_a_body_that_is_no_story_is_refused_with_its_reason(body: str) -> None:
    assert problem(call(api_event("POST", "/stories", body=body))) == (422, "body_invalid")


@pytest.mark.parametrize("body", [None, ""])
def test_a_story_needs_a_body(body: str | None) -> None:
    assert problem(call(api_event("POST", "/stories", body=body))) == (422, "body_invalid")


@pytest.mark.parametrize("body", ["{", "prompt=x", "[" * 100_000])
def test_a_body_that_is_no_json_is_refused(body: str) -> None:
    assert problem(call(api_event("POST", "/stories", body=body))) == (400, "body_not_json")


def test_what_was_refused_is_not_quoted() -> None:
    words = "kanarienvogel" * 60
    answer = call(api_event("POST", "/stories", body=json.dumps({"prompt": words})))
    assert "kanarienvogel" not in answer["body"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("DELETE", "/stories"), ("GET", "/x")])
def test_a_route_that_is_not_there_is_a_problem_too(method: str, path: str) -> None:
    assert problem(call(api_event(method, path))) == (404, "not_found")


def test_a_service_that_fails_is_said_to_be_away_and_not_by_its_own_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORIES_TABLE", "no-such-table")
    answer = listed()
    assert problem(answer) == (503, "unavailable")
    assert "table" not in answer["body"].lower()


def test_what_nobody_expected_leaves_the_function_and_is_answered_by_the_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """API Gateway then says "Internal Server Error"; the error counts, its text stays inside."""
    monkeypatch.delenv("UPLOADS_BUCKET")
    with pytest.raises(SettingInvalid, match="UPLOADS_BUCKET"):
        call(api_event("POST", "/stories", body=json.dumps(WORDS)))


def test_a_paused_service_makes_no_story_and_shows_the_old_ones() -> None:
    made = create()
    _turn(switch.PAUSED)
    refused = call(api_event("POST", "/stories", body=json.dumps(WORDS)))
    assert problem(refused) == (503, "service_paused")
    assert int(refused["headers"]["Retry-After"]) > 0
    assert get(made.story.id)["statusCode"] == 200
    _turn(switch.OPEN)
    assert create().story.status == "AWAITING_PHOTO"


def _turn(value: str) -> None:
    boto3.client("ssm").put_parameter(Name=SWITCH, Value=value, Overwrite=True)
    switch.forget()


@pytest.mark.parametrize("value", ["Open", "opened", "closed", "true", "unset"])
def test_only_the_word_open_opens_the_service(value: str) -> None:
    _turn(value)
    refused = call(api_event("POST", "/stories", body=json.dumps(WORDS)))
    assert problem(refused) == (503, "service_paused")


def test_a_switch_that_is_gone_closes_the_service() -> None:
    boto3.client("ssm").delete_parameter(Name=SWITCH)
    refused = call(api_event("POST", "/stories", body=json.dumps(WORDS)))
    assert problem(refused) == (503, "service_paused")
