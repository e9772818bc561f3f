"""What counts of a day, what lapses, and what a story's end means for it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from story import limits, quota
from story.states import Status
from tests.contract.definition import TEXT

NOW = datetime(2026, 11, 26, 23, 59, 30, tzinfo=UTC)
FORM = timedelta(seconds=limits.UPLOAD_FORM_SECONDS)


def _story(status: str, expires_in: timedelta = FORM) -> dict[str, Any]:
    return {"status": status, "expires_at": quota.iso(NOW + expires_in)}


def test_a_day_and_a_minute_are_those_of_utc_wherever_the_clock_stands() -> None:
    east = NOW.astimezone(tz=datetime.fromisoformat("2026-11-27T05:00:00+05:00").tzinfo)
    assert quota.day_of(east) == "2026-11-26"
    assert quota.minute_of(east) == "2026-11-26T23:59Z"


def test_a_day_ends_at_midnight_and_a_minute_at_its_sixtieth_second() -> None:
    midnight = datetime(2026, 11, 27, tzinfo=UTC)
    assert quota.day_ends("2026-11-26") == midnight == quota.minute_ends(NOW)
    assert quota.day_ends(quota.day_of(midnight)) - midnight == timedelta(days=1)


def test_a_day_is_forgotten_only_when_nothing_of_it_can_be_held() -> None:
    last = datetime.fromisoformat(quota.hold(NOW)["until"])
    assert quota.forget_day(quota.day_of(NOW)) > last.timestamp()


def test_no_execution_outlasts_its_hold() -> None:
    assert json.loads(TEXT)["TimeoutSeconds"] < quota.AT_WORK_SECONDS


def test_what_is_charged_is_used_and_the_rest_is_held() -> None:
    holds = {"a": quota.hold(NOW), "b": {"state": quota.CHARGED}, "c": quota.hold(NOW)}
    assert quota.tally(holds) == (1, 2)
    assert quota.tally({}) == (0, 0)


def test_only_a_hold_whose_photo_can_no_longer_come_is_doubtful() -> None:
    holds = {"a": quota.hold(NOW), "b": {"state": quota.CHARGED}}
    assert list(quota.doubtful(holds, NOW + FORM - timedelta(seconds=1))) == []
    assert list(quota.doubtful(holds, NOW + FORM)) == ["a"]


@pytest.mark.parametrize("status", ["PROCESSING", "AWAITING_PROMPT", "UNDER_REVIEW", "READY"])
def test_a_story_at_work_keeps_its_hold_after_its_form(status: str) -> None:
    assert not quota.is_over(quota.hold(NOW), _story(status), NOW + FORM)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "EXPIRED"])
def test_the_hold_of_a_story_that_came_to_nothing_lapses_though_nobody_settled_it(
    status: str,
) -> None:
    assert quota.is_over(quota.hold(NOW), _story(status), NOW + FORM)


def test_a_form_that_nobody_used_gives_its_hold_back_and_a_renewed_one_does_not() -> None:
    assert quota.is_over(quota.hold(NOW), _story("AWAITING_PHOTO"), NOW + FORM)
    renewed = _story("AWAITING_PHOTO", 2 * FORM)
    assert not quota.is_over(quota.hold(NOW), renewed, NOW + FORM)


def test_a_hold_lapses_with_its_record_and_with_its_time() -> None:
    assert quota.is_over(quota.hold(NOW), None, NOW + FORM)
    end = datetime.fromisoformat(quota.hold(NOW)["until"])
    assert quota.is_over(quota.hold(NOW), _story("PROCESSING"), end)


@pytest.mark.parametrize(
    ("status", "gate", "expected"),
    [
        ("READY", None, quota.Fate.CHARGE),
        ("POSTED", None, quota.Fate.CHARGE),
        ("REMOVED", None, quota.Fate.CHARGE),
        ("REJECTED", "photo", quota.Fate.CHARGE),
        ("REJECTED", "words", quota.Fate.CHARGE),
        ("REJECTED", None, quota.Fate.CHARGE),
        ("REJECTED", "video", quota.Fate.GIVE_BACK),
        ("FAILED", None, quota.Fate.GIVE_BACK),
        ("CANCELLED", None, quota.Fate.GIVE_BACK),
        ("EXPIRED", None, quota.Fate.GIVE_BACK),
        ("UNDER_REVIEW", None, quota.Fate.KEEP),
        ("PROCESSING", None, quota.Fate.KEEP),
        ("AWAITING_PHOTO", None, quota.Fate.KEEP),
        ("AWAITING_PROMPT", None, quota.Fate.KEEP),
    ],
)
def test_an_end_decides_what_becomes_of_a_hold(
    status: str, gate: str | None, expected: quota.Fate
) -> None:
    assert quota.fate(Status(status), gate) is expected


def test_every_status_has_a_fate() -> None:
    assert {quota.fate(status) for status in Status} == set(quota.Fate)
