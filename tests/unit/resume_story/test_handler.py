"""The endpoint's notification, and what the workflow is told of it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cloud import clients, generations, stories, timeline
from resume_story import handler as resume
from story import errors
from story.contracts import InferenceNotification, StateInput

pytestmark = pytest.mark.usefixtures("account")
STORY = "ab" * 16
WHICH = (STORY, 1, 1)
OUTPUT = "s3://enliven-work/results/1.out"
FAILURE = "s3://enliven-work/failures/1-error.out"


@pytest.fixture
def states(account: None) -> Iterator[Stubber]:  # noqa: ARG001 - it has to be there first
    """Step Functions: what it is told is held against its own model, and to what is expected."""
    with Stubber(clients.client("stepfunctions")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _notify(**message: Any) -> None:
    body = {"inferenceId": f"{STORY}-1-1", **message}
    resume.handler({"Records": [{"Sns": {"Message": json.dumps(body)}}]}, None)  # type: ignore[arg-type]  # no context is read


def _failed() -> None:
    _notify(invocationStatus="Failed", responseParameters={"failureLocation": FAILURE})


def _completed() -> None:
    _notify(invocationStatus="Completed", responseParameters={"outputLocation": OUTPUT})


def _wrote(body: bytes, key: str = "failures/1-error.out") -> None:
    boto3.client("s3").put_object(Bucket="enliven-work", Key=key, Body=body)


def _invoked(status: str = "PROCESSING") -> None:
    stories.create({"story_id": STORY, "status": status})
    generations.register(*WHICH, token="token")
    generations.advance(*WHICH, origins=("NEW",), target="INVOKED")


def _state() -> str:
    found = generations.find(*WHICH)
    assert found is not None
    return str(found["state"])


def _mapped(body: bytes) -> tuple[str, str]:
    _wrote(body)
    notice = {
        "inferenceId": f"{STORY}-1-1",
        "invocationStatus": "Failed",
        "responseParameters": {"failureLocation": FAILURE},
    }
    failure = resume._failure(InferenceNotification.model_validate(notice))
    return failure.error, json.loads(failure.message)["errorMessage"]


@pytest.mark.parametrize("error", sorted(e.__name__ for e in errors.concrete(errors.EnlivenError)))
def test_an_engines_error_of_the_tree_keeps_its_name_and_words(error: str) -> None:
    body = json.dumps({"error": error, "message": "step 3"}).encode()
    assert _mapped(body) == (error, "step 3")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Traceback: prompt was kanarienvogel",
        b'{"error": "KeyError", "message": "kanarienvogel"}',
        b'{"error": "Permanent", "message": "kanarienvogel"}',
        b'{"error": "EngineBusy", "message": "kanarienvogel", "more": 1}',
        b'{"error": "EngineBusy"}',
        b"\xff\xfe",
        b'{"error": "EngineBusy", "message": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_any_other_text_of_the_container_is_dropped(body: bytes) -> None:
    error, message = _mapped(body)
    assert error == "GenerationFailed"
    assert "kanarienvogel" not in message


def test_an_engines_message_is_cut() -> None:
    body = json.dumps({"error": "GenerationFailed", "message": "x" * 5_000}).encode()
    assert len(_mapped(body)[1]) == resume._MAX_CAUSE_CHARACTERS


def test_a_result_answers_the_token_once(states: Stubber) -> None:
    _invoked()
    output = json.dumps({"bucket": "enliven-work", "key": "results/1.out"}, separators=(",", ":"))
    states.add_response("send_task_success", {}, {"taskToken": "token", "output": output})
    _completed()
    assert _state() == "ANSWERED"
    _completed()


def test_a_transient_failure_lets_the_retry_invoke_again(states: Stubber) -> None:
    _invoked()
    _wrote(b'{"error": "EngineBusy", "message": "one at a time"}')
    cause = json.dumps({"errorMessage": "one at a time"})
    expected = {"taskToken": "token", "error": "EngineBusy", "cause": cause}
    states.add_response("send_task_failure", {}, expected)
    _failed()
    assert generations.register(*WHICH, token="next") == "NEW"


def test_a_result_for_a_closed_story_is_deleted_and_nobody_is_asked(states: Stubber) -> None:
    states.assert_no_pending_responses()
    _invoked("CANCELLED")
    _wrote(b"tar", "results/1.out")
    _completed()
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="enliven-work")


def test_a_result_that_no_execution_waits_for_is_left_to_who_settles_the_story(
    states: Stubber,
) -> None:
    _invoked()
    _wrote(b"tar", "results/1.out")
    states.add_client_error("send_task_success", "TaskTimedOut")
    _completed()
    found = generations.find(*WHICH)
    assert found is not None
    assert found["locations"] == [OUTPUT]
    assert "Contents" in boto3.client("s3").list_objects_v2(Bucket="enliven-work")


def test_a_notification_of_no_generation_of_ours_deletes_only_results() -> None:
    _wrote(b"tar", "results/1.out")
    _wrote(b"photo", "work/photo.jpg")
    for key in ("results/1.out", "work/photo.jpg"):
        location = {"outputLocation": f"s3://enliven-work/{key}"}
        _notify(invocationStatus="Completed", responseParameters=location)
    left = boto3.client("s3").list_objects_v2(Bucket="enliven-work")["Contents"]
    assert [entry["Key"] for entry in left] == ["work/photo.jpg"]


def test_success_without_a_result_is_a_failure(states: Stubber) -> None:
    _invoked()
    with timeline.record("GenerateVideo", StateInput(story_id=STORY, attempt=1), finishes=False):
        pass
    cause = json.dumps({"errorMessage": "The engine ended without a result"})
    expected = {"taskToken": "token", "error": "GenerationFailed", "cause": cause}
    states.add_response("send_task_failure", {}, expected)
    _notify(invocationStatus="Completed")
    line = boto3.client("dynamodb").get_item(
        TableName="stories", Key=timeline.key(STORY, 1, "GenerateVideo")
    )["Item"]
    assert line["outcome"] == {"S": "GenerationFailed"}
