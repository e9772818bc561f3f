"""Who waits before whom, and how fast this deployment is, on a real table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import paces, queue, timeline
from local import golden_events
from story import limits
from story.contracts import DirectSceneInput, GenerateVideoInput
from story.progress import USUAL, USUAL_PACE

pytestmark = pytest.mark.usefixtures("account")
NOW = datetime.now(UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _wait(story_id: str, ago: float) -> str:
    since = _iso(NOW - timedelta(seconds=ago))
    line = {"queued_for": {"S": "engine"}, "waits_since": {"S": since}}
    key = timeline.key(story_id, 1, "GenerateVideo")
    boto3.client("dynamodb").put_item(TableName="stories", Item={**key, **line})
    return since


def test_who_came_first_is_first_and_nobody_is_before_himself() -> None:
    since = [_wait(f"{index}" * 32, ago) for index, ago in enumerate((30, 20, 10))]
    assert [queue.before(each, NOW) for each in since] == [0, 1, 2]


def test_a_request_that_the_endpoint_has_dropped_is_before_nobody() -> None:
    _wait("a" * 32, limits.REQUEST_TTL_SECONDS + 1)
    assert queue.before(_wait("b" * 32, 1), NOW) == 0
    assert queue.before(_iso(NOW - timedelta(days=1)), NOW) == 0


def _line(story_id: str) -> dict[str, Any]:
    key = timeline.key(story_id, 1, "GenerateVideo")
    return dict(boto3.client("dynamodb").get_item(TableName="stories", Key=key)["Item"])


def _request(take: int = 1) -> GenerateVideoInput:
    given = golden_events.INPUTS["GenerateVideo"]
    assert isinstance(given, GenerateVideoInput)
    return given.model_copy(update={"take": take, "attempt": 1})


def test_a_request_waits_from_its_invocation_to_the_engines_first_word() -> None:
    request = _request()
    with timeline.record("GenerateVideo", request, finishes=False):
        assert "queued_for" not in _line(request.story_id)
    assert _line(request.story_id)["queued_for"] == {"S": "engine"}
    timeline.advance(request.story_id, 1, "GenerateVideo", 1, 0.0)
    assert "queued_for" not in _line(request.story_id)


@pytest.mark.parametrize("leave", ["end", "leave_queue", "fail", "again"])
def test_a_request_waits_no_more_when_it_is_answered_or_made_again(leave: str) -> None:
    request = _request()
    with timeline.record("GenerateVideo", request, finishes=False):
        pass
    if leave == "end":
        timeline.end(request.story_id, 1, "GenerateVideo", "done")
    elif leave == "leave_queue":
        timeline.leave_queue(request.story_id, 1, "GenerateVideo")
    elif leave == "fail":
        with (
            pytest.raises(OSError, match="no endpoint"),
            timeline.record("GenerateVideo", request, finishes=False),
        ):
            raise OSError("no endpoint")
    else:
        timeline._begin("GenerateVideo", _request(take=2))
    assert "queued_for" not in _line(request.story_id)


def test_a_line_that_is_gone_does_not_come_back_to_leave_the_queue() -> None:
    timeline.leave_queue("a" * 32, 1, "GenerateVideo")
    key = timeline.key("a" * 32, 1, "GenerateVideo")
    assert "Item" not in boto3.client("dynamodb").get_item(TableName="stories", Key=key)


def test_each_take_has_a_beginning_of_its_own() -> None:
    given = golden_events.INPUTS["DirectScene"]
    assert isinstance(given, DirectSceneInput)
    for take in (1, 1, 2):
        with timeline.record("DirectScene", given.model_copy(update={"take": take})):
            pass
    key = timeline.key(given.story_id, given.attempt, "DirectScene")
    line = boto3.client("dynamodb").get_item(TableName="stories", Key=key)["Item"]
    assert line["take"] == {"N": "2"}
    assert line["began_at"] == line["take1_began_at"]
    assert line["take2_began_at"]["S"] > line["take1_began_at"]["S"]


def test_without_stories_the_pace_is_the_usual() -> None:
    assert paces.read() == USUAL_PACE


def test_the_pace_is_that_of_the_last_stories() -> None:
    for factor in (9.0, *[2.0] * paces.KEPT):
        spans = {state: factor * usual.of(5.0) for state, usual in USUAL.items()}
        paces.add(spans, 5.0)
    pace = paces.read()
    assert pace.factors == pytest.approx(dict.fromkeys(USUAL, 2.0))
    assert pace.expects("LabelVideo", 10.0) == pytest.approx(2.0 * USUAL["LabelVideo"].of(10.0))


def test_a_story_that_says_nothing_of_a_state_changes_nothing_of_it() -> None:
    paces.add({"LabelVideo": 4.0}, 5.0)
    paces.add({}, 5.0)
    assert paces.read().factors.keys() == {"LabelVideo"}
