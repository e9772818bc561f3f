"""Progress events on a timeline, in any order."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from pydantic import ValidationError

from cloud import queue, timeline
from local import golden_events
from story_progress.handler import handler

pytestmark = pytest.mark.usefixtures("account")
KEY = timeline.key(golden_events.STORY_ID, 1, "GenerateVideo")


def _report(fraction: float, take: int = 1) -> None:
    which = f"{golden_events.STORY_ID}-1-{take}"
    detail = {"inference_id": which, "fraction": fraction, "stage": "render"}
    handler({"detail": detail}, None)  # type: ignore[arg-type]  # it reads no context


def _begin(outcome: str = "running", **facts: str | float) -> None:
    line = {
        name: {"S": value} if isinstance(value, str) else {"N": str(value)}
        for name, value in {"outcome": outcome, **facts}.items()
    }
    boto3.client("dynamodb").put_item(TableName="stories", Item={**KEY, **line})


def _line() -> dict[str, Any]:
    found = boto3.client("dynamodb").get_item(TableName="stories", Key=KEY)
    return dict(found.get("Item", {}))


def test_progress_goes_only_forward_whatever_the_order() -> None:
    _begin()
    for fraction in (0.25, 0.75, 0.5):
        _report(fraction)
    assert _line()["fraction"] == {"N": "0.750"}


def test_a_second_take_counts_as_further_than_all_of_the_first() -> None:
    _begin()
    for fraction, take in ((1.0, 1), (0.125, 2), (0.9, 1)):
        _report(fraction, take)
    assert _line()["fraction"] == {"N": "1.125"}


def test_a_state_that_has_ended_is_not_touched() -> None:
    _begin("done")
    _report(0.5)
    assert "fraction" not in _line()


def test_the_first_that_is_heard_of_a_take_says_how_long_it_waited(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _begin(waits_since=(datetime.now(UTC) - timedelta(seconds=90)).isoformat())
    _report(0.1)
    _report(0.5)
    (line,) = _waits(capsys)
    assert line["QueueSeconds"][0] == pytest.approx(90, abs=10)
    assert line["story_id"] == golden_events.STORY_ID
    _report(0.1, take=2)
    _report(0.2, take=2)
    assert len(_waits(capsys)) == 1, "a second take waits anew"


def test_an_engine_that_begins_before_its_request_is_noted_did_not_wait(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _begin()
    _report(0.1)
    assert [line["QueueSeconds"] for line in _waits(capsys)] == [[0.0]]


def _waits(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in lines if '"QueueSeconds"' in line and "_aws" in line]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ([(0.3, 1), (0.3, 1), (0.3, 1)], "0.300"),
        ([(0.3, 1), (0.1, 1), (0.0, 1)], "0.300"),
        ([(0.3, 1), (0.9, 2), (0.9, 9)], "0.300"),
        ([(1.0, 1), (1.0, 1)], "0.990"),
    ],
    ids=["repeated", "late", "of a take that is not made", "at its end"],
)
def test_what_is_repeated_late_or_forged_changes_nothing(
    sent: list[tuple[float, int]], kept: str
) -> None:
    _begin(take=1)
    for fraction, take in sent:
        _report(fraction, take)
    assert _line()["fraction"] == {"N": kept}


def test_late_news_of_the_first_take_says_nothing_of_the_second() -> None:
    _begin(take=1)
    _report(0.99)
    _begin(take=2, fraction=0.99)
    _report(1.0, take=1)
    assert _line()["fraction"] == {"N": "0.99"}
    _report(0.0, take=2)
    assert _line()["fraction"] == {"N": "1.000"}


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), float("inf"), "much"])
def test_no_fraction_is_no_progress(fraction: Any) -> None:
    _begin(take=1)
    with pytest.raises(ValidationError):
        _report(fraction)
    assert "fraction" not in _line()


def test_news_of_an_attempt_that_is_over_says_nothing_of_the_next() -> None:
    _begin(take=1)
    detail = {"inference_id": f"{golden_events.STORY_ID}-2-1", "fraction": 0.5, "stage": "render"}
    handler({"detail": detail}, None)  # type: ignore[arg-type]  # it reads no context
    assert "fraction" not in _line()


def test_the_first_news_ends_the_wait_in_the_queue() -> None:
    since = datetime.now(UTC) - timedelta(seconds=9)
    _begin(take=1, queued_for="engine", waits_since=_iso(since))
    other = _iso(datetime.now(UTC))
    assert queue.before(other, datetime.now(UTC)) == 1
    _report(0.0)
    assert queue.before(other, datetime.now(UTC)) == 0
    assert {"take1_engine_at", "reported_at"} <= _line().keys()


def test_the_engines_beginning_is_noted_once_a_take() -> None:
    _begin(take=1)
    _report(0.1)
    began = _line()["take1_engine_at"]
    _report(0.2)
    assert _line()["take1_engine_at"] == began
    assert _line()["reported_at"]["S"] >= began["S"]


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_progress_of_a_state_that_never_began_makes_no_line() -> None:
    _report(0.5)
    assert _line() == {}


def test_progress_of_no_story_of_ours_is_let_go() -> None:
    detail = {"inference_id": "nobody", "fraction": 0.5, "stage": "render"}
    assert handler({"detail": detail}, None) == {}  # type: ignore[arg-type]  # the same
