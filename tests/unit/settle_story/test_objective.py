"""Which stories the objective counts, and which it counts as answered in time."""

from typing import Any

import pytest

from settle_story import objective


def _story(status: str, minutes: int, *codes: str) -> dict[str, Any]:
    return {
        "status": status,
        "claimed_at": "2026-11-26T12:00:00.000Z",
        "updated_at": f"2026-11-26T12:{minutes:02d}:00.000Z",
        "reasons": [{"code": code, "message": "…"} for code in codes],
    }


@pytest.mark.parametrize("status", ["READY", "REJECTED"])
def test_an_answer_within_five_minutes_meets_it(status: str) -> None:
    assert objective.is_met(_story(status, 5)) is True
    assert objective.is_met(_story(status, 6)) is False


@pytest.mark.parametrize("code", ["generation_failed", "internal", "timed_out", "service_paused"])
def test_a_story_that_failed_on_our_side_misses_it_however_soon(code: str) -> None:
    assert objective.is_met(_story("FAILED", 1, code)) is False


@pytest.mark.parametrize(
    "story",
    [
        _story("FAILED", 1, "photo_too_small"),
        _story("FAILED", 9, "photo_unreadable"),
        _story("CANCELLED", 1, "cancelled"),
        _story("UNDER_REVIEW", 1),
        _story("EXPIRED", 31, "prompt_expired"),
        {"status": "FAILED", "updated_at": "2026-11-26T12:00:00.000Z"},
    ],
    ids=["small photo", "no photo", "cancelled", "a person decides", "no prompt", "never claimed"],
)
def test_what_the_service_could_not_have_answered_does_not_count(story: dict[str, Any]) -> None:
    assert objective.is_met(story) is None


def test_the_time_is_from_the_photo_to_the_end() -> None:
    assert objective.took(_story("READY", 2)) == 120.0


def test_the_time_that_a_draft_waits_for_its_creator_is_not_the_services() -> None:
    drafted = {**_story("READY", 20), "prompted_at": "2026-11-26T12:18:00.000Z"}
    assert objective.took(drafted) == 120.0
    assert objective.is_met(drafted) is True


def test_a_retry_is_timed_from_its_own_beginning() -> None:
    retried = {**_story("READY", 2), "prompted_at": "2026-11-26T11:00:00.000Z"}
    assert objective.took(retried) == 120.0


def test_that_a_story_was_posted_later_is_no_part_of_its_time() -> None:
    posted = _story("POSTED", 59) | {"ready_at": "2026-11-26T12:02:00.000Z"}
    assert objective.took(posted) == 120.0
    assert objective.is_met(posted) is True
