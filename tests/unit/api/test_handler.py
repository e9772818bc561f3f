"""The API on a real table: what each caller is told, and what nobody is told."""

import base64
import json
from typing import Any

import boto3
import pytest

from api import handler as api
from cloud import stories, switch
from local.golden_events import api_event
from story import limits
from story.errors import SettingInvalid
from story.view import Problem, StoryCreated, StoryList, StoryView
from tests.unit.cloud.account import SWITCH

pytestmark = pytest.mark.usefixtures("account")
WORDS = {"prompt": "make this photo come alive"}
OTHER = "somebody-else"


def call(event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = api.handler(event, None)  # type: ignore[arg-type]  # it reads no context
    return answer


def _problem(answer: dict[str, Any]) -> tuple[int, str]:
    problem = Problem.model_validate_json(answer["body"])
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert problem.status == answer["statusCode"]
    return problem.status, problem.code


def _create(creator: str = "creator", **words: Any) -> StoryCreated:
    body = json.dumps({**WORDS, **words})
    answer = call(api_event("POST", "/stories", body=body, creator=creator))
    assert answer["statusCode"] == 201, answer
    return StoryCreated.model_validate_json(answer["body"])


def _get(story_id: str, creator: str = "creator") -> dict[str, Any]:
    path = f"/stories/{story_id}"
    return call(api_event("GET", path, route="/stories/{story_id}", creator=creator))


def _list(cursor: str | None = None, creator: str = "creator") -> dict[str, Any]:
    query = None if cursor is None else {"cursor": cursor}
    return call(api_event("GET", "/stories", query=query, creator=creator))


def _cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def test_a_story_is_made_with_the_one_form_that_can_deliver_its_photo() -> None:
    made = _create(seed=7, fit="contain", loop=False, preset="subtle")
    assert made.story.status == "AWAITING_PHOTO"
    assert made.upload.fields["key"] == f"uploads/{made.story.id}/photo"
    assert made.upload.max_bytes == limits.MAX_UPLOAD_BYTES
    policy = json.loads(base64.b64decode(made.upload.fields["policy"]))
    assert ["content-length-range", 1, limits.MAX_UPLOAD_BYTES] in policy["conditions"]
    record = stories.get(made.story.id)
    assert (record["seed"], record["fit"], record["creator"]) == (7, "contain", "creator")
    assert (record["loop"], record["preset"]) == (False, "subtle")
    assert record["people_consent"] is False


def test_a_story_is_read_back_by_its_creator_and_kept_by_no_cache() -> None:
    made = _create()
    answer = _get(made.story.id)
    assert StoryView.model_validate_json(answer["body"]) == made.story
    assert answer["headers"]["Cache-Control"] == "no-store"


def test_anothers_story_is_as_absent_as_one_that_never_was() -> None:
    theirs, never = _create().story.id, "0" * 32
    answers = [_get(theirs, creator=OTHER), _get(never, creator=OTHER)]
    assert [_problem(answer) for answer in answers] == [(404, "story_not_found")] * 2
    said = [answer["body"].replace(theirs, "").replace(never, "") for answer in answers]
    assert said[0] == said[1]


@pytest.mark.parametrize("token_use", ["id", "refresh", ""])
def test_only_an_access_token_is_permission(token_use: str) -> None:
    for event in (
        api_event("GET", "/stories", token_use=token_use),
        api_event("POST", "/stories", body=json.dumps(WORDS), token_use=token_use),
        api_event("GET", "/stories/x", route="/stories/{story_id}", token_use=token_use),
    ):
        assert _problem(call(event)) == (401, "access_token_required")


def test_without_an_authorizer_nobody_is_anybody() -> None:
    event = api_event("GET", "/stories")
    del event["requestContext"]["authorizer"]
    assert _problem(call(event)) == (401, "access_token_required")


@pytest.mark.parametrize(
    "body",
    [
        "{}",
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
    assert _problem(call(api_event("POST", "/stories", body=body))) == (422, "body_invalid")


@pytest.mark.parametrize("body", [None, "", "{", "prompt=x", "[" * 100_000])
def test_a_body_that_is_no_json_is_refused(body: str | None) -> None:
    assert _problem(call(api_event("POST", "/stories", body=body))) == (400, "body_not_json")


def test_what_was_refused_is_not_quoted() -> None:
    words = "kanarienvogel" * 60
    answer = call(api_event("POST", "/stories", body=json.dumps({"prompt": words})))
    assert "kanarienvogel" not in answer["body"]


def test_pages_give_every_story_once_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_PAGE", 2)
    moments = (f"2026-11-22T12:00:0{second}.000Z" for second in range(5))
    made = []
    for moment in moments:
        monkeypatch.setattr(api, "_iso", lambda _, said=moment: said)
        made.append(_create().story.id)
        _create(creator=OTHER)
    found, cursor, pages = list[str](), None, 0
    while pages == 0 or cursor:
        page = StoryList.model_validate_json(_list(cursor)["body"])
        found += [story.id for story in page.stories]
        cursor, pages = page.next, pages + 1
    assert found == made[::-1]
    assert pages == 3


def test_a_cursor_of_another_creator_shows_nothing_of_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "_PAGE", 1)
    theirs = {_create(creator=OTHER).story.id for _ in range(3)}
    mine = {_create().story.id}
    cursor = StoryList.model_validate_json(_list(creator=OTHER)["body"]).next
    assert cursor is not None
    page = StoryList.model_validate_json(_list(cursor)["body"])
    assert not {story.id for story in page.stories} & theirs
    assert {story.id for story in page.stories} <= mine


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "=",
        "é",
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        *map(_cursor, (5, None, {}, [], ["a"], ["a", "b"], [1, 2], ["a", "b", "c"])),
        _cursor(["0" * 32, "now"]),
        _cursor([f"STORY#{'0' * 32}", "2026-11-22T12:00:00.000Z"]),
        "x" * 5_000,
    ],
)
def test_a_cursor_that_no_list_gave_is_refused(cursor: str) -> None:
    assert _problem(_list(cursor)) == (400, "cursor_invalid")


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("DELETE", "/stories"), ("GET", "/x")])
def test_a_route_that_is_not_there_is_a_problem_too(method: str, path: str) -> None:
    assert _problem(call(api_event(method, path))) == (404, "not_found")


def test_a_service_that_fails_is_said_to_be_away_and_not_by_its_own_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORIES_TABLE", "no-such-table")
    answer = _list()
    assert _problem(answer) == (503, "unavailable")
    assert "table" not in answer["body"].lower()


def test_what_nobody_expected_leaves_the_function_and_is_answered_by_the_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """API Gateway then says "Internal Server Error"; the error counts, its text stays inside."""
    monkeypatch.delenv("UPLOADS_BUCKET")
    with pytest.raises(SettingInvalid, match="UPLOADS_BUCKET"):
        call(api_event("POST", "/stories", body=json.dumps(WORDS)))


def test_a_paused_service_makes_no_story_and_shows_the_old_ones() -> None:
    made = _create()
    _turn(switch.PAUSED)
    refused = call(api_event("POST", "/stories", body=json.dumps(WORDS)))
    assert _problem(refused) == (503, "service_paused")
    assert int(refused["headers"]["Retry-After"]) > 0
    assert _get(made.story.id)["statusCode"] == 200
    _turn(switch.OPEN)
    assert _create().story.status == "AWAITING_PHOTO"


def _turn(value: str) -> None:
    boto3.client("ssm").put_parameter(Name=SWITCH, Value=value, Overwrite=True)
    switch.forget()


@pytest.mark.parametrize("value", ["Open", "opened", "closed", "true", "unset"])
def test_only_the_word_open_opens_the_service(value: str) -> None:
    _turn(value)
    refused = call(api_event("POST", "/stories", body=json.dumps(WORDS)))
    assert _problem(refused) == (503, "service_paused")


def test_a_switch_that_is_gone_closes_the_service() -> None:
    boto3.client("ssm").delete_parameter(Name=SWITCH)
    refused = call(api_event("POST", "/stories", body=json.dumps(WORDS)))
    assert _problem(refused) == (503, "service_paused")
