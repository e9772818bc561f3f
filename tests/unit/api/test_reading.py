"""What a creator reads."""

import base64
import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from api import making
from cloud import stories, timeline
from story import quota
from story.view import StoryList, StoryView
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


def view(story_id: str, creator: str = "creator") -> StoryView:
    return StoryView.model_validate_json(get(story_id, creator)["body"])


def _set(story_id: str, **fields: object) -> None:
    """Write a record's fields as whoever has it would."""
    boto3.client("dynamodb").update_item(
        TableName="stories",
        Key=stories.to_item({"pk": f"STORY#{story_id}", "sk": "META"}),
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
        ExpressionAttributeNames={f"#{name}": name for name in fields},
        ExpressionAttributeValues=stories.to_item({f":{k}": v for k, v in fields.items()}),
    )


def _at_work(story_id: str, *, waits_since: str, **facts: object) -> None:
    """A story whose request waits for the engine."""
    _set(story_id, status="PROCESSING")
    line = {
        "began_at": waits_since,
        "outcome": "running",
        "take": 1,
        "waits_since": waits_since,
        "queued_for": "engine",
        **facts,
    }
    key = timeline.key(story_id, 1, "GenerateVideo")
    boto3.client("dynamodb").put_item(TableName="stories", Item={**key, **stories.to_item(line)})


def _ago(seconds: float) -> str:
    return quota.iso(datetime.now(UTC) - timedelta(seconds=seconds))


def test_a_story_that_waits_for_the_engine_is_told_its_place_whoever_is_before_it() -> None:
    first, second, third = (create(creator).story.id for creator in ("ana", "bo", "ana"))
    for ago, story_id in ((9, first), (6, second), (3, third)):
        _at_work(story_id, waits_since=_ago(ago))
    places = [view(story_id, who) for story_id, who in ((first, "ana"), (second, "bo"))]
    assert [each.queue_position for each in places] == [0, 1]
    assert view(third, "ana").queue_position == 2
    later = [places[1].eta_seconds, view(third, "ana").eta_seconds]
    assert later[0] is not None
    assert later[1] is not None
    assert later[0] < later[1]
    page = StoryList.model_validate_json(listed("ana")["body"])
    assert {each.queue_position for each in page.stories} == {0, 2}


def test_a_story_that_does_not_wait_has_no_place() -> None:
    made = create()
    assert made.story.queue_position is None
    _at_work(made.story.id, waits_since=_ago(3), queued_for=None)
    assert view(made.story.id).queue_position is None


def test_a_story_that_is_over_stays_where_it_stopped_and_has_no_time_left() -> None:
    made = create()
    line = {"reported_at": _ago(990), "take1_engine_at": _ago(999)}
    _at_work(made.story.id, waits_since=_ago(1000), queued_for=None, fraction=0.5, **line)
    before = view(made.story.id).progress
    _set(made.story.id, status="FAILED", updated_at=_ago(500))
    after = view(made.story.id)
    assert 0 < before == after.progress < 1
    assert (after.stage, after.eta_seconds, after.queue_position) == (None, None, None)


def test_an_expired_form_is_no_progress_and_nothing_is_to_come() -> None:
    made = create()
    _set(made.story.id, expires_at=_ago(1))
    expired = view(made.story.id)
    assert (expired.status, expired.progress, expired.eta_seconds) == ("EXPIRED", 0.0, None)


def test_the_progress_of_an_attempt_is_not_that_of_the_one_before() -> None:
    made = create()
    done = {"ended_at": _ago(1), "outcome": "done", "queued_for": None}
    _at_work(made.story.id, waits_since=_ago(9), **done)
    _set(made.story.id, attempt=2)
    assert view(made.story.id).progress == 0.0
