"""The shape of the workflow that looks at strangers' files: time, retries, and the deletion."""

import json
import re
from typing import Any

import pytest

from story import checks, errors
from tests.contract.definition import FUNCTIONS, GLOBALS, RESOURCES, ROOT, nexts

TEXT = (ROOT / "statemachine" / "verify.asl.json").read_text("utf-8")
MACHINE: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
READERS = {
    name: state
    for branch in STATES["LookAtFile"]["Branches"]
    for name, state in branch["States"].items()
    if state["Type"] == "Task"
}
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"} | READERS
WORKFLOW: dict[str, Any] = RESOURCES["VerifyWorkflow"]["Properties"]


def longest(task: dict[str, Any]) -> float:
    """The longest that a task takes with all of its retries and the pauses between them."""
    (retry,) = task["Retry"]
    pauses: float = retry["MaxAttempts"] * retry["MaxDelaySeconds"]
    runs: float = (1 + retry["MaxAttempts"]) * task["TimeoutSeconds"]
    return runs + pauses


def test_a_file_is_deleted_within_a_minute_whatever_its_readers_do() -> None:
    until_deleted = (
        longest(TASKS["ClaimCheck"])
        + max(longest(reader) for reader in READERS.values())
        + longest(TASKS["DeleteFile"])
    )
    assert until_deleted < checks.FILE_SECONDS == 60


def test_no_way_through_ends_without_the_deletion() -> None:
    seen, waiting = {"DeleteFile"}, [MACHINE["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += nexts(STATES[name])
    assert seen == {"ClaimCheck", "LookAtFile", "DeleteFile"}
    # Nothing that comes before can end the execution by an error that nobody catches.
    for name in ("ClaimCheck", "LookAtFile", *READERS):
        (catch,) = (STATES | READERS)[name]["Catch"]
        assert catch["ErrorEquals"] == ["States.ALL"], name
    # What could fail in all of them alike: the expressions that name the file.
    assert STATES["ClaimCheck"]["Catch"][0]["Assign"].keys() >= {"bucket", "key"}


def test_nobody_waits_longer_for_an_answer_than_the_api_tells_them_to() -> None:
    all_tasks = ("ClaimCheck", "DeleteFile", "Conclude", "FailCheck")
    whole = sum(longest(TASKS[name]) for name in all_tasks)
    whole += max(longest(reader) for reader in READERS.values())
    assert whole <= MACHINE["TimeoutSeconds"] <= checks.ANSWER_SECONDS


@pytest.mark.parametrize("name", sorted({*READERS, "Conclude"}))
def test_a_function_is_stopped_no_later_than_the_task_that_waits_for_it(name: str) -> None:
    function = FUNCTIONS[f"{name}Function"]
    assert function.get("Timeout", GLOBALS["Timeout"]) <= TASKS[name]["TimeoutSeconds"]
    (retry,) = TASKS[name]["Retry"]
    transient = {error.__name__ for error in errors.concrete(errors.Transient)}
    assert transient <= set(retry["ErrorEquals"])
    assert retry["JitterStrategy"] == "FULL"


def test_each_reader_is_told_of_the_file_and_of_nothing_else() -> None:
    assert READERS.keys() == {"ReadCredential", "FindMark"}
    for reader in READERS.values():
        assert set(reader["Arguments"]["Payload"]) == set(checks.CheckInput.model_fields)
    concluding = set(TASKS["Conclude"]["Arguments"]["Payload"])
    assert concluding == set(checks.ConcludeInput.model_fields)


def test_a_reader_that_fails_is_a_reading_that_says_so() -> None:
    for name, model in (
        ("ReadCredential", checks.CredentialReading),
        ("FindMark", checks.MarkReading),
    ):
        (catch,) = READERS[name]["Catch"]
        told = model.model_validate(catch["Output"])
        assert told.detail
    credential, mark = STATES["LookAtFile"]["Catch"][0]["Output"]
    assert checks.CredentialReading.model_validate(credential).state == "unreadable"
    assert not checks.MarkReading.model_validate(mark).read


def test_only_a_check_that_waits_is_claimed_and_only_a_claimed_one_is_concluded() -> None:
    assert TASKS["ClaimCheck"]["Arguments"]["ConditionExpression"] == "#status = :waiting"
    (branch,) = STATES["IsClaimed"]["Choices"]
    assert branch == {"Condition": "{% $claimed %}", "Next": "Conclude"}
    assert STATES[STATES["IsClaimed"]["Default"]]["Type"] == "Succeed"


def test_an_execution_leaves_no_history_and_no_log_of_what_a_file_says() -> None:
    assert WORKFLOW["Type"] == "EXPRESS"
    assert WORKFLOW["Logging"]["IncludeExecutionData"] is False


def test_the_template_fills_every_placeholder_and_no_other() -> None:
    placeholders = set(re.findall(r"\$\{(\w+)\}", TEXT))
    assert placeholders == WORKFLOW["DefinitionSubstitutions"].keys()
    for name, given in WORKFLOW["DefinitionSubstitutions"].items():
        if name != "StoriesTable":
            assert given == {"Ref": f"{name}.Version"}
