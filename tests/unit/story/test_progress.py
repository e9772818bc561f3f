"""Where a story is, from its lines."""

from datetime import UTC, datetime, timedelta

import pytest

from story.progress import TYPICAL_SECONDS, locate

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOTAL = sum(TYPICAL_SECONDS.values())


def _line(state: str, *, ago: float = 1, ended: bool = False, **more: object) -> dict[str, object]:
    began = (NOW - timedelta(seconds=ago)).isoformat()
    return {"state": state, "began_at": began, **({"ended_at": began} if ended else {}), **more}


def test_nothing_begun_is_nothing_done() -> None:
    assert locate([], NOW) == (None, 0.0, round(TOTAL, 1))


def test_all_done_is_all() -> None:
    lines = [_line(state, ended=True) for state in TYPICAL_SECONDS]
    assert locate(lines, NOW) == (None, 1.0, 0.0)


def test_the_engines_own_fraction_outranks_the_clock() -> None:
    position = locate([_line("GenerateVideo", ago=1000, fraction=0.5)], NOW)
    assert position.stage == "GenerateVideo"
    assert position.fraction == pytest.approx(0.5 * TYPICAL_SECONDS["GenerateVideo"] / TOTAL)


def test_a_later_take_is_counted_from_its_own_beginning() -> None:
    first, second = (locate([_line("GenerateVideo", fraction=done)], NOW) for done in (0.25, 1.25))
    assert first == second


def test_a_state_that_takes_long_never_counts_as_done() -> None:
    position = locate([_line("LabelVideo", ago=1e6)], NOW)
    assert position.fraction == pytest.approx(0.95 * TYPICAL_SECONDS["LabelVideo"] / TOTAL)


def test_the_order_of_the_lines_does_not_matter() -> None:
    lines = [_line("InspectPhoto", ended=True), _line("ModeratePhoto", ago=0.1)]
    assert locate(lines, NOW) == locate(reversed(lines), NOW)


def test_progress_grows_with_every_state() -> None:
    states = list(TYPICAL_SECONDS)
    done = [
        locate([_line(state, ended=True) for state in states[:count]], NOW).fraction
        for count in range(len(states) + 1)
    ]
    assert done == sorted(set(done))
