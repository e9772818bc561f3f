"""The names of errors: in the tree's own picture, in the workflow, in what people are told."""

import re

import botocore.session
import pytest

from story import errors
from tests.contract.definition import LAMBDA_TASKS, STATES, TASKS

#: docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
STATES_NAMES = {"States.ALL", "States.Timeout", "States.TaskFailed", "States.HeartbeatTimeout"}
#: What the SDK of an integration says for itself, and throttling, which every service has.
SERVICE_NAMES = {"SdkClientException", "ThrottlingException"}


def _tree() -> dict[str, type[errors.EnlivenError]]:
    return {error.__name__: error for error in errors.concrete(errors.EnlivenError)}


def _drawn(root: type[errors.EnlivenError], prefix: str = "") -> list[str]:
    children = root.__subclasses__()
    lines = []
    for child in children:
        last = child is children[-1]
        lines.append(f"{prefix}{'└── ' if last else '├── '}{child.__name__}")
        lines += _drawn(child, prefix + ("    " if last else "│   "))
    return lines


def test_the_tree_that_is_printed_is_the_tree_that_is_raised() -> None:
    assert errors.__doc__ is not None
    printed = re.findall(r"^    ((?:[│ ├└─]*)\w+)(?:  +.*)?$", errors.__doc__, re.MULTILINE)
    assert printed == ["EnlivenError", *_drawn(errors.EnlivenError)]


def test_the_printed_codes_are_the_codes() -> None:
    assert errors.__doc__ is not None
    printed = dict(re.findall(r"─ (\w+) +([a-z]+_[a-z_]+)$", errors.__doc__, re.MULTILINE))
    permanent = errors.concrete(errors.Permanent)
    assert printed == {error.__name__: error.code() for error in permanent}


def test_every_code_is_given_once() -> None:
    codes = [error.code() for error in _tree().values()]
    assert len(set(codes)) == len(codes)


def _named(state: dict[str, object], *keys: str) -> set[str]:
    found: list[dict[str, list[str]]] = [
        entry
        for key in keys
        for entry in state.get(key, [])  # type: ignore[attr-defined]  # lists, as ASL has them
    ]
    return {name for entry in found for name in entry["ErrorEquals"]}


@pytest.mark.parametrize("name", LAMBDA_TASKS)
def test_a_lambda_task_names_only_errors_that_exist(name: str) -> None:
    unknown = {
        error
        for error in _named(LAMBDA_TASKS[name], "Retry", "Catch")
        if error not in _tree() and error not in STATES_NAMES and not error.startswith("Lambda.")
    }
    assert not unknown


@pytest.mark.parametrize("name", LAMBDA_TASKS)
def test_what_is_caught_is_not_what_is_retried(name: str) -> None:
    """An error in both would be retried first, and its way out come minutes late."""
    state = LAMBDA_TASKS[name]
    assert not _named(state, "Retry") & _named(state, "Catch")


@pytest.mark.parametrize("name", sorted(TASKS.keys() - LAMBDA_TASKS.keys()))
def test_a_native_task_names_only_errors_that_its_service_has(name: str) -> None:
    service, operation = TASKS[name]["Resource"].rsplit(":", 2)[1:]
    prefix = {"dynamodb": "DynamoDB.", "events": "EventBridge."}[service]
    model = botocore.session.get_session().get_service_model(service)
    known = {shape.name for shape in model.operation_model(_api(operation)).error_shapes}
    for error in _named(TASKS[name], "Retry", "Catch") - STATES_NAMES:
        assert error.startswith(prefix)
        assert error.removeprefix(prefix) in known | SERVICE_NAMES


def _api(operation: str) -> str:
    return operation[0].upper() + operation[1:]


def test_a_state_that_fails_by_itself_uses_a_name_of_the_tree() -> None:
    failing = {name: state for name, state in STATES.items() if state["Type"] == "Fail"}
    assert failing["GenerationExpired"]["Error"] in _tree()
    # NoGoodTake passes on what InspectVideo was caught with.
    assert failing.keys() == {"GenerationExpired", "NoGoodTake"}
    assert _named(STATES["InspectVideo"], "Catch") <= _tree().keys()
