"""Progress events on a timeline, in any order."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import timeline
from local import golden_events
from story_progress.handler import handler

pytestmark = pytest.mark.usefixtures("account")
KEY = timeline.key(golden_events.STORY_ID, 1, "GenerateVideo")


def _report(fraction: float, take: int = 1) -> None:
    which = f"{golden_events.STORY_ID}-1-{take}"
    detail = {"inference_id": which, "fraction": fraction, "stage": "render"}
    handler({"detail": detail}, None)  # type: ignore[arg-type]  # it reads no context


def _begin(outcome: str = "running", **facts: str) -> None:
    line = {name: {"S": value} for name, value in {"outcome": outcome, **facts}.items()}
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


def test_progress_of_a_state_that_never_began_makes_no_line() -> None:
    _report(0.5)
    assert _line() == {}


def test_progress_of_no_story_of_ours_is_let_go() -> None:
    detail = {"inference_id": "nobody", "fraction": 0.5, "stage": "render"}
    assert handler({"detail": detail}, None) == {}  # type: ignore[arg-type]  # the same
