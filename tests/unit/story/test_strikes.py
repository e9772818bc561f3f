"""Strikes, how long they count, and what follows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from story import strikes
from story.review import DECISIONS, WEIGHTS, ReportReason, points, weigh

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def _given(days_ago: float, decision: str = "remove") -> dict[str, Any]:
    given = NOW - timedelta(days=days_ago)
    expires = strikes.expires(decision, given)
    assert expires is not None
    return {"given_at": given.isoformat(), "expires_at": expires.isoformat()}


def test_two_strikes_keep_nobody_from_posting_and_three_do_for_a_week() -> None:
    found = [_given(2), _given(1)]
    assert strikes.suspended_until(found, NOW) is None
    found.append(_given(0.5))
    assert strikes.suspended_until(found, NOW) == NOW + timedelta(days=6.5)


def test_five_strikes_keep_one_from_posting_for_a_month() -> None:
    found = [_given(day) for day in (50, 40, 30, 20, 10)]
    assert strikes.suspended_until(found, NOW) == NOW + timedelta(days=20)


def test_a_suspension_counts_from_the_latest_strike_and_ends() -> None:
    found = [_given(30), _given(20), _given(7.1)]
    assert strikes.suspended_until(found, NOW) is None


def test_a_strike_counts_for_ninety_days() -> None:
    found = [_given(91), _given(2), _given(1)]
    assert strikes.suspended_until(found, NOW) is None
    assert len(strikes.counting(found, NOW)) == 2


@pytest.mark.parametrize("decision", ["allow", "restore", "overturn", "uphold"])
def test_what_is_not_against_the_creator_gives_no_strike(decision: str) -> None:
    assert strikes.expires(decision, NOW) is None


def test_strikes_are_given_for_decisions_that_there_are() -> None:
    known = set().union(*DECISIONS.values())
    assert strikes.policy().counts_days.keys() <= known


def test_levels_rise() -> None:
    levels = strikes.policy().standing
    assert [each.strikes for each in levels] == sorted({each.strikes for each in levels})
    assert [each.days for each in levels] == sorted({each.days for each in levels})


def test_every_reason_has_a_weight_and_half_of_it_is_whole() -> None:
    assert WEIGHTS.keys() == set(ReportReason)
    for reason in ReportReason:
        signed, anonymous = (points(reason, anonymous=each, threshold=12) for each in (False, True))
        assert anonymous == (12 if WEIGHTS[reason].points is None else signed / 2)


def test_reports_from_before_a_decision_weigh_nothing() -> None:
    report = {"reason": "spam", "anonymous": False, "reported_at": "2026-11-26T12:00:00.000Z"}
    assert weigh([report], since=None, threshold=12) == 4
    assert weigh([report], since="2026-11-26T12:00:00.000Z", threshold=12) == 0
