"""Allowances on a real table: atomic, forgetful, and never more than there is."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import quotas, stories, users
from story import limits, quota

pytestmark = pytest.mark.usefixtures("account")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = "2026-11-26"
FORM = timedelta(seconds=limits.UPLOAD_FORM_SECONDS)


def _take(story_id: str, limit: int = 2, now: datetime = NOW) -> bool:
    return quotas.take("ana", story_id, limit=limit, now=now)


def _tally(now: datetime = NOW) -> quota.Tally:
    return quota.tally(quotas.standing("ana", now))


def _record(story_id: str, status: str, **fields: Any) -> None:
    expires = quota.iso(NOW + FORM)
    stories.create({"story_id": story_id, "status": status, "expires_at": expires, **fields})


def test_a_day_has_so_many_stories_and_no_more() -> None:
    assert _take("a")
    assert _take("b")
    with pytest.raises(quotas.Exhausted) as refused:
        _take("c")
    assert refused.value.tally == (0, 2)
    assert _tally() == (0, 2)


def test_a_day_of_none_has_none() -> None:
    with pytest.raises(quotas.Exhausted):
        _take("a", limit=0)


def test_a_story_is_held_once_however_often_it_is_asked() -> None:
    assert _take("a", limit=1)
    assert not _take("a", limit=1)
    assert _tally() == (0, 1)


def test_a_day_begins_at_midnight_with_nothing_used_and_an_old_hold_stays_in_its_own() -> None:
    late, early = datetime(2026, 11, 26, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 27, tzinfo=UTC)
    assert _take("a", limit=1, now=late)
    with pytest.raises(quotas.Exhausted):
        _take("b", limit=1, now=late)
    assert _take("b", limit=1, now=early)
    quotas.charge("ana", DAY, "a")
    assert quota.tally(quotas.standing("ana", late)) == (1, 0)
    assert quota.tally(quotas.standing("ana", early)) == (0, 1)


def test_each_user_has_a_day_of_his_own() -> None:
    _take("a", limit=1)
    assert quotas.take("bo", "b", limit=1, now=NOW)


def test_what_is_given_back_can_be_taken_again_and_what_is_charged_cannot_be_given_back() -> None:
    _take("a", limit=1)
    for _ in range(2):
        quotas.give_back("ana", DAY, "a")
    assert _take("b", limit=1)
    for _ in range(2):
        quotas.charge("ana", DAY, "b")
    quotas.give_back("ana", DAY, "b")
    assert _tally() == (1, 0)


def test_a_story_that_was_made_after_all_is_charged_though_its_hold_has_lapsed() -> None:
    quotas.charge("ana", DAY, "a")
    assert _tally() == (1, 0)


def test_giving_back_what_nobody_holds_changes_nothing() -> None:
    quotas.give_back("ana", DAY, "a")
    assert _tally() == (0, 0)


def test_a_form_that_nobody_used_makes_room_when_room_is_needed() -> None:
    _take("a", limit=1)
    _record("a", "AWAITING_PHOTO")
    with pytest.raises(quotas.Exhausted):
        _take("b", limit=1, now=NOW + FORM - timedelta(seconds=1))
    assert _take("b", limit=1, now=NOW + FORM)
    assert quotas.standing("ana", NOW + FORM).keys() == {"b"}


def test_a_story_at_work_makes_no_room_until_its_time_is_over() -> None:
    _take("a", limit=1)
    _record("a", "PROCESSING")
    with pytest.raises(quotas.Exhausted):
        _take("b", limit=1, now=NOW + 2 * FORM)
    over = NOW + FORM + timedelta(seconds=quota.AT_WORK_SECONDS)
    assert _take("b", limit=1, now=over)


def test_a_renewed_form_holds_as_long_as_it_lives() -> None:
    _take("a", limit=1)
    _record("a", "AWAITING_PHOTO")
    half = NOW + FORM / 2
    quotas.prolong("ana", DAY, "a", now=half)
    stories.annotate("a", expires_at=quota.iso(half + FORM))
    with pytest.raises(quotas.Exhausted):
        _take("b", limit=1, now=NOW + FORM)
    assert _take("b", limit=1, now=half + FORM)


def test_a_form_that_is_renewed_while_its_hold_is_looked_at_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _take("a", limit=1)
    _record("a", "AWAITING_PHOTO")
    look = stories.find

    def renewed_meanwhile(*asked: str) -> dict[str, Any] | None:
        found = look(*asked)
        quotas.prolong("ana", DAY, "a", now=NOW + FORM)
        return found

    monkeypatch.setattr(stories, "find", renewed_meanwhile)
    with pytest.raises(quotas.Exhausted):
        _take("b", limit=1, now=NOW + FORM)


def test_a_story_under_review_is_held_for_the_rest_of_its_day() -> None:
    _take("a", limit=1)
    _record("a", "UNDER_REVIEW")
    quotas.keep("ana", DAY, "a")
    with pytest.raises(quotas.Exhausted):
        _take("b", limit=1, now=NOW + timedelta(hours=11, minutes=59))


@pytest.mark.usefixtures("account", "one_write_at_a_time")
def test_fifty_at_once_never_take_more_than_there_is() -> None:
    quotas.standing("ana", NOW)  # the client is made once, before all
    ready, taken, refused = threading.Barrier(50), [], []

    def one(_: int) -> None:
        story_id = uuid.uuid4().hex
        ready.wait(60)
        try:
            assert _take(story_id, limit=20)
            taken.append(story_id)
        except quotas.Exhausted:
            refused.append(story_id)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(50)))
    assert (len(taken), len(refused)) == (20, 30)
    assert quotas.standing("ana", NOW).keys() == set(taken)


def test_requests_are_counted_a_minute_and_what_is_refused_is_not() -> None:
    counted = [quotas.count_request("ana", limit=3, now=NOW) for _ in range(5)]
    assert counted == [True, True, True, False, False]
    assert quotas.requests("ana", NOW) == 3
    assert quotas.requests("bo", NOW) == 0
    assert quotas.count_request("ana", limit=3, now=NOW + timedelta(minutes=1))


def test_what_is_counted_is_forgotten() -> None:
    _take("a")
    quotas.count_request("ana", limit=3, now=NOW)
    items = boto3.client("dynamodb").scan(TableName="stories")["Items"]
    for item in items:
        assert NOW.timestamp() < int(item["ttl"]["N"]) < (NOW + timedelta(days=7)).timestamp()


def test_strikes_are_those_of_the_user_in_their_order() -> None:
    table = boto3.resource("dynamodb").Table("stories")
    for sub, given in (("ana", "2026-11-02"), ("ana", "2026-11-01"), ("bo", "2026-11-03")):
        key = {"pk": f"USER#{sub}", "sk": f"STRIKE#{given}"}
        table.put_item(Item={**key, "code": "removed", "message": "…", "given_at": given})
    table.put_item(Item={"pk": "USER#ana", "sk": "OTHER"})
    assert [each["given_at"] for each in users.strikes("ana")] == ["2026-11-01", "2026-11-02"]
    assert users.strikes("rita") == []
