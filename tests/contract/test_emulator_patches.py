"""Each patch of local/emulator, shown on a running emulator."""

import base64
import io
import json
import time
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.emulator import __main__ as emulator
from local.emulator import workers
from local.stack import LocalStack
from tests.contract.emulator_process import ended, eventually, started

ROLE = "arn:aws:iam::000000000000:role/test"

HANDLERS = """
import os
import time


class PhotoUnreadable(Exception):
    pass


def fail(event, context):
    raise PhotoUnreadable("no JPEG in " + event["key"])


def silent(event, context):
    return os.getpid()


def talkative(event, context):
    print("first line")
    print("last line")


def slow(event, context):
    time.sleep(0.2)
    return os.getpid()
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with started(tmp_path_factory.mktemp("emulator"), strict_auth=False) as emulator_alone:
        yield emulator_alone


@pytest.fixture(scope="module")
def states(running: LocalStack) -> Any:
    return running.client("stepfunctions")


def make_function(running: LocalStack, handler: str) -> str:
    """One of the HANDLERS as a function; returns its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as code:
        code.writestr("handlers.py", HANDLERS)
    arn: str = running.client("lambda").create_function(
        FunctionName=f"{handler}-{uuid.uuid4().hex[:8]}",
        Runtime="python3.13",
        Role=ROLE,
        Handler=f"handlers.{handler}",
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]
    return arn


@pytest.fixture(scope="module")
def failing_function(running: LocalStack) -> str:
    return make_function(running, "fail")


def make_machine(states: Any, definition: dict[str, Any]) -> str:
    made = states.create_state_machine(
        name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=ROLE
    )
    arn: str = made["stateMachineArn"]
    return arn


def run(states: Any, definition: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Run a machine to its end."""
    started = states.start_execution(
        stateMachineArn=make_machine(states, definition), input=json.dumps(data)
    )
    return ended(states, started["executionArn"])


def task(resource: str, arguments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A machine of one JSONata task; what it catches becomes its output."""
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Only",
        "States": {
            "Only": {
                "Type": "Task",
                "Resource": f"arn:aws:states:::{resource}",
                "Arguments": arguments,
                "End": True,
                **fields,
            },
            "Caught": {"Type": "Succeed", "Output": "{% $states.input %}"},
        },
    }


def caught(*names: str) -> list[dict[str, Any]]:
    return [
        {"ErrorEquals": list(names), "Output": "{% $states.errorOutput %}", "Next": "Caught"},
    ]


def invoke(function: str) -> dict[str, Any]:
    return {"FunctionName": function, "Payload": {"key": "{% $states.input.key %}"}}


def test_a_history_says_what_a_task_was_given(states: Any, failing_function: str) -> None:
    machine = task("lambda:invoke", invoke(failing_function), Catch=caught("States.ALL"))
    execution = run(states, machine, {"key": "uploads/1"})
    events = states.get_execution_history(executionArn=execution["executionArn"])["events"]
    (scheduled,) = (
        event["taskScheduledEventDetails"] for event in events if event["type"] == "TaskScheduled"
    )
    assert json.loads(scheduled["parameters"]) == {
        "FunctionName": failing_function,
        "Payload": {"key": "uploads/1"},
    }


def test_a_failing_handler_is_caught_by_the_name_of_its_exception(
    states: Any, failing_function: str
) -> None:
    machine = task("lambda:invoke", invoke(failing_function), Catch=caught("PhotoUnreadable"))
    execution = run(states, machine, {"key": "uploads/1"})
    assert execution["status"] == "SUCCEEDED"
    output = json.loads(execution["output"])
    assert output["Error"] == "PhotoUnreadable"
    cause = json.loads(output["Cause"])
    assert cause["errorType"] == "PhotoUnreadable"
    assert cause["errorMessage"] == "no JPEG in uploads/1"


def test_a_function_that_fails_before_it_took_the_token_fails_the_waiting_task(
    states: Any, failing_function: str
) -> None:
    machine = task(
        "lambda:invoke.waitForTaskToken", invoke(failing_function), Catch=caught("PhotoUnreadable")
    )
    execution = run(states, machine, {"key": "uploads/1"})
    assert json.loads(execution["output"])["Error"] == "PhotoUnreadable"


def test_a_retrier_waits_no_longer_than_its_longest_delay(
    states: Any, failing_function: str
) -> None:
    # Without MaxDelaySeconds the second retry would come after the test's patience.
    retry = {
        "ErrorEquals": ["PhotoUnreadable"],
        "IntervalSeconds": 1,
        "BackoffRate": 40,
        "MaxDelaySeconds": 1,
        "MaxAttempts": 2,
    }
    execution = run(
        states, task("lambda:invoke", invoke(failing_function), Retry=[retry]), {"key": "1"}
    )
    assert execution["status"] == "FAILED"
    assert execution["error"] == "PhotoUnreadable"
    history = states.get_execution_history(executionArn=execution["executionArn"])["events"]
    assert [event["type"] for event in history].count("TaskFailed") == 3


@pytest.fixture
def queue(running: LocalStack) -> str:
    url: str = running.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    return url


def waiting(queue: str, **fields: Any) -> dict[str, Any]:
    """A machine that sends its token to a queue and waits."""
    arguments = {"QueueUrl": queue, "MessageBody": "{% $states.context.Task.Token %}"}
    return task("sqs:sendMessage.waitForTaskToken", arguments, **fields)


def receive(running: LocalStack, queue: str) -> str:
    sqs = running.client("sqs")

    def look() -> str | None:
        messages = sqs.receive_message(QueueUrl=queue).get("Messages", [])
        return str(messages[0]["Body"]) if messages else None

    return eventually(look)


def test_a_token_that_is_answered_continues_the_execution(
    running: LocalStack, states: Any, queue: str
) -> None:
    started = states.start_execution(stateMachineArn=make_machine(states, waiting(queue)))
    states.send_task_success(taskToken=receive(running, queue), output='{"video": "v.mp4"}')
    assert json.loads(ended(states, started["executionArn"])["output"]) == {"video": "v.mp4"}


@pytest.mark.parametrize("seconds", [1, "{% 0.5 * 2 %}"])
def test_a_task_that_waits_too_long_for_its_token_times_out(
    states: Any, queue: str, seconds: float | str
) -> None:
    machine = waiting(queue, TimeoutSeconds=seconds, Catch=caught("States.Timeout"))
    assert json.loads(run(states, machine, {})["output"])["Error"] == "States.Timeout"


def test_a_token_dies_with_its_execution(running: LocalStack, states: Any, queue: str) -> None:
    started = states.start_execution(stateMachineArn=make_machine(states, waiting(queue)))
    token = receive(running, queue)
    states.stop_execution(executionArn=started["executionArn"])

    def look() -> bool | None:
        try:
            states.send_task_heartbeat(taskToken=token)
        except states.exceptions.TaskDoesNotExist:
            return True
        return None

    assert eventually(look)
    with pytest.raises(states.exceptions.TaskDoesNotExist):
        states.send_task_success(taskToken=token, output="{}")
    assert states.describe_execution(executionArn=started["executionArn"])["status"] == "ABORTED"


def test_a_name_with_the_same_input_starts_one_execution(states: Any) -> None:
    machine = make_machine(
        states,
        {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}},
    )
    asked = {"stateMachineArn": machine, "name": "story-1", "input": '{"attempt": 1}'}
    first = states.start_execution(**asked)
    again = states.start_execution(**asked)
    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**asked | {"input": '{"attempt": 2}'})
    states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**asked)


def test_every_end_of_an_execution_is_announced_once(
    running: LocalStack, states: Any, queue: str
) -> None:
    sqs, events = running.client("sqs"), running.client("events")
    events.put_rule(
        Name="ends",
        EventPattern=json.dumps(
            {
                "source": ["aws.states"],
                "detail": {"status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]},
            }
        ),
    )
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    events.put_targets(Rule="ends", Targets=[{"Id": "queue", "Arn": arn}])
    wait = {"Type": "Wait", "Seconds": 30, "End": True}
    machines: dict[str, dict[str, Any]] = {
        "SUCCEEDED": {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}},
        "FAILED": {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No"}}},
        "TIMED_OUT": {"StartAt": "W", "TimeoutSeconds": 1, "States": {"W": wait}},
        "ABORTED": {"StartAt": "W", "States": {"W": wait}},
    }
    started = {
        status: states.start_execution(stateMachineArn=make_machine(states, definition))[
            "executionArn"
        ]
        for status, definition in machines.items()
    }
    states.stop_execution(executionArn=started["ABORTED"])
    told: list[tuple[str, str]] = []

    def hear(**fields: int) -> None:
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, **fields)
        for message in received.get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            if detail["executionArn"] in started.values():
                told.append((detail["status"], detail["executionArn"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def look() -> bool | None:
        hear()
        return True if len(told) >= len(machines) else None

    eventually(look)
    hear(WaitTimeSeconds=1)  # a second telling would come now
    events.remove_targets(Rule="ends", Ids=["queue"])
    assert sorted(told) == sorted(started.items())
    for status, execution in started.items():
        assert states.describe_execution(executionArn=execution)["status"] == status


def test_another_version_of_ministack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "MINISTACK_VERSION", "1.0.0")
    with pytest.raises(SystemExit, match=r"ministack 1\.5\.33 is installed; .* 1\.0\.0 only"):
        emulator.main()


def ask(running: LocalStack, arn: str) -> tuple[Any, str]:
    """What a function answers, and the lines that it logged."""
    answer = running.client("lambda").invoke(FunctionName=arn, Payload=b"{}", LogType="Tail")
    return json.loads(answer["Payload"].read()), base64.b64decode(
        answer.get("LogResult", "")
    ).decode()


def test_a_function_that_logs_nothing_is_not_waited_for(running: LocalStack) -> None:
    arn = make_function(running, "silent")
    client = running.client("lambda")
    took = []
    for _ in range(8):
        began = time.perf_counter()
        client.invoke(FunctionName=arn, Payload=b"{}")
        took.append(time.perf_counter() - began)
    # Unpatched, each takes 50 ms at least, however fast the machine.
    assert min(took) < 0.045


def test_every_line_of_an_invocation_is_its_own_and_the_mark_is_not_shown(
    running: LocalStack,
) -> None:
    arn = make_function(running, "talkative")
    for _ in range(3):
        _, log = ask(running, arn)
        assert [line for line in log.splitlines() if "line" in line] == ["first line", "last line"]
        assert "\x1e" not in log


def test_requests_at_once_share_a_few_workers(running: LocalStack) -> None:
    arn = make_function(running, "slow")

    def processes(requests: int) -> set[int]:
        with ThreadPoolExecutor(requests) as threads:
            return {
                answer for answer, _ in threads.map(lambda _: ask(running, arn), range(requests))
            }

    processes(workers.AT_ONCE)
    # Unpatched there would be as many as requests.
    assert len(processes(4 * workers.AT_ONCE)) <= workers.AT_ONCE
