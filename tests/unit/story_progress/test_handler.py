"""Progress events on a timeline, in any order."""

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


def _begin(outcome: str = "running") -> None:
    boto3.client("dynamodb").put_item(TableName="stories", Item={**KEY, "outcome": {"S": outcome}})


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


def test_progress_of_a_state_that_never_began_makes_no_line() -> None:
    _report(0.5)
    assert _line() == {}


def test_progress_of_no_story_of_ours_is_let_go() -> None:
    detail = {"inference_id": "nobody", "fraction": 0.5, "stage": "render"}
    assert handler({"detail": detail}, None) == {}  # type: ignore[arg-type]  # the same
