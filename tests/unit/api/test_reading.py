"""What a creator reads."""

import base64
import json

import pytest

from api import making
from cloud import stories
from story.view import StoryList
from tests.unit.api.calling import OTHER, create, get, listed, problem

pytestmark = pytest.mark.usefixtures("account")


def _cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def test_pages_give_every_story_once_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = (f"2026-11-22T12:00:0{second}.000Z" for second in range(5))
    made = []
    for moment in moments:
        monkeypatch.setattr(making, "_iso", lambda _, said=moment: said)
        made.append(create().story.id)
        create(creator=OTHER)
    found, cursor, pages = list[str](), None, 0
    while pages == 0 or cursor:
        page = StoryList.model_validate_json(
            listed(limit="2", **({"cursor": cursor} if cursor else {}))["body"]
        )
        found += [story.id for story in page.stories]
        cursor, pages = page.next, pages + 1
    assert found == made[::-1]
    assert pages == 3


def test_a_cursor_of_another_creator_shows_nothing_of_theirs() -> None:
    theirs = {create(creator=OTHER).story.id for _ in range(3)}
    mine = {create().story.id}
    cursor = StoryList.model_validate_json(listed(creator=OTHER, limit="1")["body"]).next
    assert cursor is not None
    page = StoryList.model_validate_json(listed(cursor=cursor, limit="1")["body"])
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
    assert problem(listed(cursor=cursor)) == (400, "cursor_invalid")


@pytest.mark.parametrize("limit", ["0", "51", "-1", "many", ""])
def test_a_page_has_from_one_to_fifty_stories(limit: str) -> None:
    assert problem(listed(limit=limit)) == (400, "query_invalid")


@pytest.mark.parametrize("story_id", ["x", "0" * 31, "A" * 32, "..", "%2e%2e"])
def test_an_id_that_no_story_can_have_is_not_found(story_id: str) -> None:
    assert problem(get(story_id)) == (404, "story_not_found")


def test_who_has_the_answer_already_is_not_sent_it_again() -> None:
    made = create().story.id
    first = get(made)
    tag = first["headers"]["ETag"]
    again = get(made, headers={"if-none-match": tag})
    assert (again["statusCode"], again["body"]) == (304, "")
    stories.annotate(made, updated_at="2026-11-22T12:00:00.000Z")
    changed = get(made, headers={"if-none-match": tag})
    assert changed["statusCode"] == 200
    assert changed["headers"]["ETag"] != tag


def test_a_deleted_story_is_gone_at_once() -> None:
    made = create().story.id
    stories.annotate(made, deleted_at="2026-11-22T12:00:00.000Z")
    assert problem(get(made)) == (404, "story_not_found")
    assert StoryList.model_validate_json(listed()["body"]).stories == ()
