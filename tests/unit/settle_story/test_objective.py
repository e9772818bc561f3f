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
        {"status": "FAILED", "updated_at": "2026-11-26T12:00:00.000Z"},
    ],
    ids=["small photo", "no photo", "cancelled", "a person decides", "never claimed"],
)
def test_what_the_service_could_not_have_answered_does_not_count(story: dict[str, Any]) -> None:
    assert objective.is_met(story) is None


def test_the_time_is_from_the_photo_to_the_end() -> None:
    assert objective.took(_story("READY", 2)) == 120.0
