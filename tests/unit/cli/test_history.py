"""An execution's history: what is read of it, and what is not kept."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.history import History, Run, _Reader

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:GenerateVideo:3"


def event(kind: str, seconds: float, **details: Any) -> dict[str, Any]:
    name = {"TaskStateEntered": "stateEnteredEventDetails"}.get(
        kind, f"{kind[0].lower()}{kind[1:]}EventDetails"
    )
    return {"type": kind, "timestamp": NOON + timedelta(seconds=seconds), name: details}


def scheduled(seconds: float, **payload: Any) -> dict[str, Any]:
    parameters = json.dumps({"FunctionName": FUNCTION, "Payload": payload})
    return event("TaskScheduled", seconds, resource="invoke", parameters=parameters)


def read(*events: dict[str, Any]) -> tuple[Run, ...]:
    reader = _Reader()
    for each in events:
        reader.take_in(each)
    return tuple(reader.runs)


def test_a_tasks_token_is_not_kept() -> None:
    (run,) = read(
        event("TaskStateEntered", 0, name="GenerateVideo"), scheduled(0, take=1, token="a secret")
    )
    assert run.payload == {"take": 1}
    assert "a secret" not in repr(run)
    assert (run.function, run.take, run.ms) == (FUNCTION, 1, None)


def test_a_retry_is_a_run_of_its_own() -> None:
    runs = read(
        event("TaskStateEntered", 0, name="InspectVideo"),
        scheduled(0, take=1),
        event("TaskFailed", 1, error="DependencyThrottled", cause="{}"),
        scheduled(3, take=1),
        event("TaskSucceeded", 5, output=json.dumps({"StatusCode": 200, "Payload": {"a": 1}})),
    )
    assert [(run.error, run.output, run.ms) for run in runs] == [
        ("DependencyThrottled", None, 1000),
        (None, {"a": 1}, 2000),
    ]


def test_what_answers_a_token_is_the_whole_output() -> None:
    (run,) = read(
        event("TaskStateEntered", 0, name="GenerateVideo"),
        scheduled(0, take=1),
        event("TaskSucceeded", 5, output=json.dumps({"bucket": "b", "key": "results/1"})),
    )
    assert run.output == {"bucket": "b", "key": "results/1"}


def test_states_without_a_function_are_no_runs() -> None:
    assert not read(
        event("TaskStateEntered", 0, name="ClaimUpload"),
        scheduled(0, story_id="1"),
        event("TaskSucceeded", 1, output="{}"),
    )


def test_the_run_of_a_take_is_found_and_the_last_one_otherwise() -> None:
    runs = tuple(
        Run(state, NOON, payload)
        for state, payload in (
            ("DirectScene", {"take": 1}),
            ("DirectScene", {"take": 2}),
            ("LabelVideo", {"clip": {}}),
        )
    )
    history = History("SUCCEEDED", {}, NOON, None, runs)
    assert history.of("DirectScene", 1) is runs[0]
    assert history.of("DirectScene") is runs[1]
    assert history.of("LabelVideo", 1) is runs[2], "it is not told of takes"
    assert history.of("DirectScene", 3) is None
    assert history.of("SignVideo") is None
