"""Where a story is, from its lines: a bar that never falls, a sentence that knows its limits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from story import progress
from story.progress import ENGINE, PUBLISHED, TAKEN, USUAL, Pace, locate

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATES = [state for state in USUAL if state != PUBLISHED]
WEIGHTS = {state: usual.of(5.0) for state, usual in USUAL.items()}
TOTAL = sum(WEIGHTS.values())


def _ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


def _line(
    state: str, *, ago: float = 1, ended: bool = False, take: int = 1, **more: Any
) -> dict[str, Any]:
    began = _ago(ago)
    line = {"state": state, "began_at": began, "take": take, f"take{take}_began_at": began}
    return (
        line | ({"ended_at": began, "outcome": "done"} if ended else {"outcome": "running"}) | more
    )


def _engine(fraction: float, *, began: float, reported: float = 0, take: int = 1) -> dict[str, Any]:
    """A line of an engine that began and reported so many seconds ago."""
    return _line(
        ENGINE,
        ago=began,
        take=take,
        fraction=take - 1 + fraction,
        reported_at=_ago(reported),
        **{f"take{take}_engine_at": _ago(began)},
    )


def _up_to(state: str, *, take: int = 1) -> list[dict[str, Any]]:
    """Everything before a state, done."""
    before = STATES[: STATES.index(state)]
    return [_line(s, ended=True, take=take if s in TAKEN else 1) for s in before]


def _eta(lines: list[dict[str, Any]], **more: Any) -> float:
    found = locate(lines, NOW, **more).eta_seconds
    assert found is not None
    return found


# The bar ---------------------------------------------------------------------------------------


def test_nothing_begun_is_nothing_done() -> None:
    assert locate([], NOW)[:2] == (None, 0.0)


def test_only_the_storys_own_record_says_that_all_is_done() -> None:
    lines = [_line(state, ended=True) for state in STATES]
    assert locate(lines, NOW).fraction == pytest.approx(1 - WEIGHTS[PUBLISHED] / TOTAL)


def test_the_engines_fraction_is_its_own_and_not_the_clocks() -> None:
    lines = [*_up_to(ENGINE), _engine(0.5, began=1000)]
    before = sum(WEIGHTS[line["state"]] for line in lines[:-1])
    position = locate(lines, NOW)
    assert position.stage == ENGINE
    assert position.fraction == pytest.approx((before + 0.5 * WEIGHTS[ENGINE]) / TOTAL)


def test_a_request_that_waits_is_no_progress() -> None:
    fractions = [
        locate([*_up_to(ENGINE), _line(ENGINE, ago=ago, waits_since=_ago(ago))], NOW).fraction
        for ago in (0, 10, 1000)
    ]
    assert len(set(fractions)) == 1


def test_a_state_that_takes_long_never_counts_as_done() -> None:
    late = locate([*_up_to("LabelVideo"), _line("LabelVideo", ago=1e6)], NOW).fraction
    assert late < locate(_up_to("SignVideo"), NOW).fraction


def test_the_order_of_the_lines_does_not_matter() -> None:
    lines = [_line("InspectPhoto", ended=True), _line("ModeratePhoto", ago=0.1)]
    assert locate(lines, NOW) == locate(reversed(lines), NOW)


def test_progress_grows_with_every_state() -> None:
    done = [
        locate([_line(state, ended=True) for state in STATES[:count]], NOW).fraction
        for count in range(len(STATES) + 1)
    ]
    assert done == sorted(set(done))


def _two_takes() -> list[list[dict[str, Any]]]:
    """What a client sees of a story whose first clip is refused, moment by moment."""
    before = _up_to("DirectScene")
    first = [_line("DirectScene", ended=True), _line(ENGINE, ended=True)]
    refused = _line("InspectVideo", ago=2, ended_at=_ago(0), outcome="VideoDefective")
    again = [
        *before,
        _line("DirectScene", ended=True, take=2),
    ]
    return [
        [*before, first[0], _engine(0.4, began=4)],
        [*before, first[0], _engine(0.99, began=9)],
        [*before, *first, _line("InspectVideo", ago=0.1)],
        [*before, *first, _line("InspectVideo", ago=1e3)],
        [*before, *first, refused],
        [*before, _line("DirectScene", ago=0.01, take=2), first[1], refused],
        [*before, _line("DirectScene", ago=0.2, take=2), first[1], refused],
        [*again, _line(ENGINE, take=2, fraction=0.99), refused],
        [*again, _engine(0.0, began=0, take=2), refused],
        [*again, _engine(0.6, began=5, take=2), refused],
        [*again, _line(ENGINE, ended=True, take=2), refused],
        [*again, _line(ENGINE, ended=True, take=2), _line("InspectVideo", ago=1, take=2)],
        [*_up_to("ModerateVideo", take=2)],
        [*_up_to("LabelVideo", take=2), _line("LabelVideo", ago=1)],
        [*_up_to("SignVideo", take=2)],
    ]


def test_progress_never_falls_when_a_clip_is_made_again() -> None:
    seen = [locate(lines, NOW).fraction for lines in _two_takes()]
    assert seen == sorted(seen)
    assert seen[-1] < 1.0


def test_progress_never_falls_when_a_state_is_tried_again() -> None:
    before = _up_to("ModerateVideo")
    tries: list[dict[str, Any]] = [
        _line("ModerateVideo", ago=0.3),
        _line("ModerateVideo", ago=0.4, ended_at=_ago(0), outcome="DependencyThrottled"),
        _line("ModerateVideo", ago=0.5),
    ]
    seen = [locate([*before, line], NOW).fraction for line in tries]
    assert seen == sorted(seen)
    assert locate([*before, tries[1]], NOW).fraction < locate(_up_to("LabelVideo"), NOW).fraction


def test_a_retry_that_needs_no_inspection_is_as_far_as_one_that_did() -> None:
    lines = _up_to("DirectScene")
    assert locate(lines[1:], NOW).fraction == locate(lines, NOW).fraction


def test_a_third_take_would_not_fall_either() -> None:
    second = locate([*_up_to(ENGINE, take=2), _engine(0.99, began=5, take=2)], NOW).fraction
    third = locate([*_up_to(ENGINE, take=3), _engine(0.0, began=0, take=3)], NOW).fraction
    assert second < third < 1.0


# The sentence ----------------------------------------------------------------------------------


def test_a_longer_clip_takes_longer() -> None:
    etas = [_eta([], clip_seconds=seconds) for seconds in (3.0, 5.0, 10.0)]
    assert etas == sorted(set(etas))


def test_time_goes_by() -> None:
    etas = [_eta([_line("LabelVideo", ago=ago)]) for ago in (0, 0.5, 1)]
    assert etas == sorted(etas, reverse=True)
    assert etas[0] - etas[-1] == pytest.approx(1.0, abs=0.1)


def test_a_slow_engine_is_believed_the_more_the_further_it_is() -> None:
    rest = sum(WEIGHTS[state] for state in STATES[STATES.index("InspectVideo") :])
    usual = _eta([*_up_to(ENGINE), _engine(0.5, began=0.5 * WEIGHTS[ENGINE])])
    slow = _eta([*_up_to(ENGINE), _engine(0.9, began=90)])
    assert usual == pytest.approx(0.5 * WEIGHTS[ENGINE] + rest, rel=0.3)
    assert slow > rest + 8.0


def test_between_two_reports_the_clock_goes_on() -> None:
    then, later = (
        _eta([*_up_to(ENGINE), _engine(0.5, began=10 + after, reported=after)]) for after in (0, 2)
    )
    assert then - later == pytest.approx(2.0, abs=0.2)


def test_a_deployments_own_pace_outranks_the_usual() -> None:
    assert _eta([], pace=Pace({ENGINE: 30.0})) - _eta([]) == pytest.approx(
        29 * WEIGHTS[ENGINE], 0.01
    )


def test_a_slow_story_is_expected_to_stay_slow() -> None:
    slow = [{**line, "ended_at": _ago(0), "began_at": _ago(3), "take1_began_at": _ago(3)}
            for line in _up_to("LabelVideo")]  # fmt: skip
    assert _eta(slow) > 1.5 * _eta(_up_to("LabelVideo"))


def test_who_waits_is_told_of_those_before_him() -> None:
    line = _line(ENGINE, ago=5, waits_since=_ago(5), queued_for="engine")
    etas = [_eta([*_up_to(ENGINE), line], before=before) for before in (0, 1, 4)]
    assert etas[2] - etas[1] == pytest.approx(3 * WEIGHTS[ENGINE], rel=0.3)
    assert etas == sorted(set(etas))


def test_nobody_knows_how_long_an_engine_takes_to_start() -> None:
    line = _line(ENGINE, ago=600, waits_since=_ago(600), queued_for="engine")
    assert locate([*_up_to(ENGINE), line], NOW, before=0).eta_seconds is None
    assert locate([*_up_to(ENGINE), line], NOW, before=3).eta_seconds is not None


def test_where_an_instance_has_to_start_the_wait_for_it_is_told_until_nobody_can_know() -> None:
    wakes = Pace({}).beginning_with(4.0, 310.0)

    def told(waited: float) -> float | None:
        line = _line(ENGINE, ago=waited, waits_since=_ago(waited), queued_for="engine")
        return locate([*_up_to(ENGINE), line], NOW, before=0, pace=wakes).eta_seconds

    soon, later, late = told(60), told(200), told(400)
    assert soon is not None
    assert later is not None
    assert late is not None
    assert soon - later == pytest.approx(140, rel=0.1)
    assert soon > 250 > later > late > 4
    assert told(2 * 310 + 60) is None, "twice its usual: there may be no instance to be had"


def test_a_trained_engines_clip_is_expected_to_take_its_own_time_until_stories_say_better() -> None:
    begun = _up_to(ENGINE)
    assert _eta(begun, pace=Pace({}).beginning_with(717.0, 0.0)) > 717
    learned = Pace({ENGINE: 2.0}).beginning_with(717.0, 0.0)
    assert learned.expects(ENGINE, 5.0) == pytest.approx(2 * WEIGHTS[ENGINE])


def test_only_a_request_that_waits_says_since_when() -> None:
    waiting = _line(ENGINE, waits_since="then", queued_for="engine")
    assert progress.waits([waiting]) == "then"
    assert progress.waits([_line(ENGINE, waits_since="then")]) is None
    assert progress.waits(_up_to("LabelVideo")) is None


def test_an_eta_is_never_negative() -> None:
    for lines in _two_takes():
        for ago in (0, 1e6):
            assert (locate(lines, NOW + timedelta(seconds=ago)).eta_seconds or 0) >= 0


# What a story teaches --------------------------------------------------------------------------


def _story() -> list[dict[str, Any]]:
    """A whole story: each state a second after the one before, and a second long."""
    lines = []
    for index, state in enumerate(STATES):
        begin = 100.0 - 2 * index
        line = _line(state, ago=begin, ended_at=_ago(begin - 1), outcome="done")
        if state == ENGINE:
            line["take1_engine_at"] = _ago(begin - 0.25)
        lines.append(line)
    return lines


def test_a_state_is_measured_from_the_end_of_the_one_before() -> None:
    lines = _story()
    ready = (datetime.fromisoformat(lines[-1]["ended_at"]) + timedelta(seconds=0.5)).isoformat()
    found = progress.spans(lines, ready)
    assert found.keys() == USUAL.keys()
    assert found["ModeratePhoto"] == pytest.approx(2.0)
    assert found[ENGINE] == pytest.approx(0.75)
    assert found[PUBLISHED] == pytest.approx(0.5)


def test_a_wait_for_a_person_is_nobodys_measure() -> None:
    lines = _story()
    for line in lines[3:]:
        for name in ("began_at", "ended_at", "take1_began_at", "take1_engine_at"):
            if name in line:
                moved = datetime.fromisoformat(line[name]) + timedelta(minutes=20)
                line[name] = moved.isoformat()
    found = progress.spans(lines, lines[-1]["ended_at"])
    assert found["DirectScene"] <= 3.0


def test_a_story_of_two_takes_teaches_nothing() -> None:
    lines = _story()
    lines[3]["take"] = 2
    assert progress.spans(lines, lines[-1]["ended_at"]) == {}


def test_the_pace_is_a_median_that_one_odd_story_does_not_move() -> None:
    pace = progress.factors({ENGINE: [1.0, 1.1, 60.0], "Unknown": [5.0]})
    assert pace.expects(ENGINE, 5.0) == pytest.approx(1.1 * WEIGHTS[ENGINE])
    assert pace.expects("LabelVideo", 5.0) == WEIGHTS["LabelVideo"]
    assert pace.factors.keys() == {ENGINE}


def test_what_comes_late_moves_no_bar_of_a_story_that_is_over() -> None:
    then = NOW - timedelta(seconds=3)
    before = [*_up_to(ENGINE), _line(ENGINE, ago=5)]
    late = [*_up_to(ENGINE), _engine(0.9, began=5, reported=1)]
    ended = [*_up_to(ENGINE), _line(ENGINE, ago=5, ended_at=_ago(1), outcome="late")]
    for line in (*before, *late, *ended):
        if line["state"] != ENGINE:
            line["ended_at"] = _ago(6)
    bars = {locate(progress.stopped(lines, then), then).fraction for lines in (before, late, ended)}
    assert len(bars) == 1
    assert 0.0 < bars.pop() < 1.0
