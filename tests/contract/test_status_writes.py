"""Who writes a story's status: only moves of the table, each of them conditional."""

import ast
import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from settle_story import outcome
from story import errors
from story.states import TRANSITIONS, Status, allowed
from tests.contract.definition import ROOT, STATUS_WRITES

THIS_EXECUTION = "execution_arn = :this"


def _value(state: dict[str, Any], placeholder: str) -> Status:
    return Status(state["Arguments"]["ExpressionAttributeValues"][placeholder]["S"])


def _target(state: dict[str, Any]) -> Status:
    (placeholder,) = re.findall(r"#status = (:\w+)", state["Arguments"]["UpdateExpression"])
    return _value(state, placeholder)


def _clauses(state: dict[str, Any]) -> dict[Status, str]:
    """Each alternative of a condition, by the status that it asks for."""
    clauses = state["Arguments"]["ConditionExpression"].split(" OR ")
    return {
        _value(state, placeholder): clause
        for clause in clauses
        for placeholder in re.findall(r"#status = (:\w+)", clause)
    }


@pytest.mark.parametrize("name", STATUS_WRITES)
def test_a_state_moves_a_story_only_as_the_table_allows(name: str) -> None:
    state = STATUS_WRITES[name]
    clauses, target = _clauses(state), _target(state)
    assert clauses, "an update without a condition on the status would win every race"
    # Claiming what is already claimed by this execution is a retry, no move.
    moves = {origin for origin in clauses if origin != target}
    assert moves
    assert all(allowed(origin, target, name) for origin in moves)


@pytest.mark.parametrize("name", STATUS_WRITES)
def test_a_story_at_work_is_moved_only_by_the_execution_that_has_it(name: str) -> None:
    state = STATUS_WRITES[name]
    for origin, clause in _clauses(state).items():
        assert origin is not Status.PROCESSING or THIS_EXECUTION in clause
    values = state["Arguments"]["ExpressionAttributeValues"]
    assert values[":this"]["S"] == "{% $states.context.Execution.Id %}"


def test_an_expired_form_is_not_claimed() -> None:
    clause = _clauses(STATUS_WRITES["ClaimUpload"])[Status.AWAITING_PHOTO]
    assert "expires_at > :now" in clause


def test_every_move_of_the_table_is_made_by_someone() -> None:
    made = {
        (origin, _target(state), name)
        for name, state in STATUS_WRITES.items()
        for origin in _clauses(state)
        if origin != _target(state)
    }
    settled = {(t.origin, t.target, t.who) for t in TRANSITIONS if t.who == "settle_story"}
    assert made | settled == {(t.origin, t.target, t.who) for t in TRANSITIONS}
    assert {target for _, target, _ in settled} == _settled_statuses()


def _settled_statuses() -> set[Status]:
    """Every status that settle_story can close a story with."""
    names = [
        None,
        "States.Timeout",
        "Unheard",
        *(e.__name__ for e in errors.concrete(errors.EnlivenError)),
    ]
    ended = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
    return {
        outcome.of_execution(status, error, None).status
        for status, error in itertools.product(ended, names)
    }


def _calls(function: str) -> dict[str, list[ast.Call]]:
    """Calls of `stories.<function>` in functions/, by the file that makes them."""
    found: dict[str, list[ast.Call]] = {}
    for path in sorted((ROOT / "functions").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"stories.{function}":
                found.setdefault(str(path.relative_to(ROOT / "functions")), []).append(node)
    return found


def test_only_settle_story_moves_a_story_from_code_and_only_one_at_work() -> None:
    calls = _calls("move")
    assert calls.keys() == {str(Path("settle_story/handler.py"))}
    (call,) = calls["settle_story/handler.py"]
    assert ast.unparse(call.args[1]) == "Status.PROCESSING"
    assert "execution_arn" in {keyword.arg for keyword in call.keywords}


def test_nobody_notes_a_status_past_the_table() -> None:
    calls = [call for found in _calls("annotate").values() for call in found]
    assert calls
    assert not [call for call in calls if {"status", None} & {k.arg for k in call.keywords}]
