"""Whatever ends a story early, it is closed with a reason, and nothing is left of it.

What closes it here is always the real rule on ended executions.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.local.container import STARTED
from tests.local.deployment import Browser, Deployment, eventually

#: The machine's time ends in a state that only waits: nothing runs on and writes meanwhile.
PAUSES = {
    "TimeoutSeconds": 4,
    "States.InspectPhoto.Next": "Pause",
    "States.Pause": {"Type": "Wait", "Seconds": 30, "Next": "ModeratePhoto"},
}


def codes(view: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in view["reasons"]]


def server_pid(deployment: Deployment) -> int:
    """The model server that runs now, as the process that started it said."""
    started = [
        line["pid"] for line in deployment.log_lines("model") if line.get("event") == STARTED
    ]
    return int(started[-1])


def test_a_model_server_that_dies_fails_its_story_and_not_the_next(
    deployment: Deployment, ana: Browser
) -> None:
    story_id = ana.start()
    ana.wait_for_generation(story_id)
    before = server_pid(deployment)
    os.kill(before, signal.SIGKILL)

    ended = ana.wait(story_id)
    assert (ended["status"], codes(ended)) == ("FAILED", ["generation_failed"])
    # A failed story keeps its clean photo for a day, for another try; nothing else.
    assert deployment.settled(story_id) == {"evidence": [f"{story_id}/photo.jpg"]}
    eventually("the server was started again", lambda: server_pid(deployment) != before)
    eventually("it is ready again", deployment.stack.model.is_healthy)


def test_a_cancelled_story_leaves_nothing_even_when_its_result_comes_late(
    deployment: Deployment, ana: Browser
) -> None:
    eventually("the model server is ready", deployment.stack.model.is_healthy)
    story_id = ana.start()
    ana.wait_for_generation(story_id)
    (execution,) = deployment.executions(story_id)
    deployment.client("stepfunctions").stop_execution(executionArn=execution["executionArn"])

    ended = ana.wait(story_id)
    assert (ended["status"], codes(ended)) == ("CANCELLED", ["cancelled"])
    assert deployment.items("GENERATION", story_id)[0]["state"] == {"S": "INVOKED"}

    def result_came() -> bool:
        return any(
            line["event"] == "invoked" and story_id in line["inference_id"]
            for line in deployment.log_lines("standins")
        )

    eventually("the engine finished the cancelled story", result_came)
    eventually("its result was found late", lambda: was_late(deployment, story_id))
    assert deployment.settled(story_id) == {}
    assert ana.story(story_id) == ended


def was_late(deployment: Deployment, story_id: str) -> bool:
    return any(
        "late_result_deleted" in line and story_id in line
        for line in deployment.function_logs().splitlines()
    )


@contextmanager
def workflow(deployment: Deployment, change: dict[str, Any]) -> Iterator[None]:
    """The deployed workflow with one thing changed: a path of names to its new value."""
    states = deployment.client("stepfunctions")
    arn = deployment.outputs["StoryWorkflow"]
    deployed = states.describe_state_machine(stateMachineArn=arn)["definition"]
    changed = json.loads(deployed)
    for path, value in change.items():
        *parents, name = path.split(".")
        place = changed
        for parent in parents:
            place = place[parent]
        place[name] = value
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(changed))
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=arn, definition=deployed)


@pytest.mark.parametrize(
    ("change", "how", "code"),
    [
        (PAUSES, "TIMED_OUT", "timed_out"),
        ({"States.InspectPhoto.Output": "{% $nothing.like.this() %}"}, "FAILED", "internal"),
        ({"States.ModeratePhoto.Next": "Nowhere"}, "FAILED", "internal"),
    ],
    ids=["time-out of the machine", "error in an expression", "a state that is not there"],
)
def test_what_no_catch_can_catch_is_settled_from_outside(
    deployment: Deployment, ana: Browser, change: dict[str, Any], how: str, code: str
) -> None:
    with workflow(deployment, change):
        story_id = ana.start()
        ended = ana.wait(story_id)
    (execution,) = deployment.executions(story_id)
    assert execution["status"] == how
    assert (ended["status"], codes(ended)) == ("FAILED", [code])
    left = deployment.settled(story_id)
    assert left in ({}, {"evidence": [f"{story_id}/photo.jpg"]})


def test_what_a_state_writes_after_its_story_was_closed_is_swept(
    deployment: Deployment, ana: Browser
) -> None:
    """A function that runs while its execution is ended still runs to its own end."""
    with workflow(deployment, PAUSES):
        story_id = ana.start()
        ana.wait(story_id)
    kept = deployment.settled(story_id)
    late = {"Bucket": deployment.bucket("work"), "Key": f"work/{story_id}/1/late.json"}
    deployment.client("s3").put_object(**late, Body=b"{}")
    assert story_id in deployment.sweep()
    assert deployment.left(story_id) == kept
