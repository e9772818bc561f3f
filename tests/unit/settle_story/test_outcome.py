"""What an ended execution means, and whose it was."""

import json

import pytest

from settle_story import outcome
from settle_story.handler import started_for
from story import errors
from story.states import Status

STORY = "ab" * 16
PERMANENT = sorted(error.__name__ for error in errors.concrete(errors.Permanent))
TRANSIENT = sorted(error.__name__ for error in errors.concrete(errors.Transient))


def _cause(message: object) -> str:
    return json.dumps({"errorMessage": message, "errorType": "X", "stackTrace": ["secret"]})


@pytest.mark.parametrize("name", PERMANENT)
def test_our_permanent_errors_are_told_in_their_own_words(name: str) -> None:
    found = outcome.of_execution("FAILED", name, _cause("12 px; at least 256"))
    assert found.status is Status.FAILED
    assert found.code == getattr(errors, name).code()
    assert found.message == "12 px; at least 256"


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_dependencys_words_are_never_passed_on(name: str) -> None:
    found = outcome.of_execution("FAILED", name, _cause("Rekognition asked to slow down"))
    assert found.code == getattr(errors, name).code()
    assert "Rekognition" not in found.message


@pytest.mark.parametrize("error", ["KeyError", "States.Runtime", "Permanent", "", None])
def test_an_error_of_no_known_name_is_internal_and_says_nothing_of_itself(
    error: str | None,
) -> None:
    found = outcome.of_execution("FAILED", error, _cause("'prompt' in /var/task/handler.py"))
    assert (found.status, found.code) == (Status.FAILED, "internal")
    assert "prompt" not in found.message


def test_a_stopped_execution_is_a_cancelled_story_and_a_slow_one_a_failed() -> None:
    assert outcome.of_execution("ABORTED", None, None).status is Status.CANCELLED
    slow = outcome.of_execution("TIMED_OUT", None, None)
    assert (slow.status, slow.code) == (Status.FAILED, "timed_out")


def test_an_execution_that_succeeded_without_moving_its_story_has_failed_it() -> None:
    assert outcome.of_execution("SUCCEEDED", None, None).status is Status.FAILED


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (None, "PhotoTooSmall."),
        ("", "PhotoTooSmall."),
        ("plain words", "plain words"),
        (_cause(None), "PhotoTooSmall."),
        (_cause(["list"]), "PhotoTooSmall."),
        ("[1]", "PhotoTooSmall."),
        ("{}", "PhotoTooSmall."),
    ],
)
def test_a_cause_in_any_form_gives_a_message(cause: str | None, message: str) -> None:
    assert outcome.of_execution("FAILED", "PhotoTooSmall", cause).message == message


def test_the_story_is_the_one_that_the_uploads_key_names() -> None:
    detail = {"object": {"key": f"uploads/{STORY}/photo"}}
    assert started_for(json.dumps(detail)) == (STORY, None)


@pytest.mark.parametrize(
    "execution_input",
    [
        None,
        "",
        "no json",
        "[]",
        "{}",
        '{"object": {}}',
        '{"object": {"key": 5}}',
        '{"object": {"key": "uploads/short/photo"}}',
        json.dumps({"object": {"key": f"elsewhere/{STORY}/photo"}}),
        json.dumps({"object": {"key": f"uploads/{STORY.upper()}/photo"}}),
    ],
)
def test_an_input_that_names_no_story_of_ours_names_none(execution_input: str | None) -> None:
    assert started_for(execution_input) == (None, None)
