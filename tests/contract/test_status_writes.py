"""Who writes a story's status: only moves of the table, each of them conditional."""

import ast
import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from cloud import stories
from settle_story import outcome
from story import errors
from story.states import AT_WORK, TRANSITIONS, Status, allowed
from tests.contract.definition import ROOT, STATUS_WRITES

THIS_EXECUTION = "execution_arn = :this"


def _value(state: dict[str, Any], placeholder: str) -> Status:
    return Status(state["Arguments"]["ExpressionAttributeValues"][placeholder]["S"])


def _condition(name: str) -> str:
    condition: str = STATUS_WRITES[name]["Arguments"]["ConditionExpression"]
    return condition


def _target(state: dict[str, Any]) -> Status | None:
    """The status that it sets; None for a state that only takes or keeps a story at work."""
    found = re.findall(r"#status = (:\w+)", state["Arguments"]["UpdateExpression"])
    return _value(state, found[0]) if found else None


def _clauses(state: dict[str, Any]) -> dict[Status, str]:
    """Each alternative of a condition, by the status that it asks for."""
    # An alternative inside of a clause stands in brackets.
    clauses = re.split(r" OR (?=\(?#status)", state["Arguments"]["ConditionExpression"])
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
    if target is None:
        assert clauses.keys() == {Status.PROCESSING}
        return
    # Claiming what is already claimed by this execution is a retry, no move.
    moves = {origin for origin in clauses if origin != target}
    assert moves
    assert all(allowed(origin, target, name) for origin in moves)


@pytest.mark.parametrize("name", STATUS_WRITES)
def test_a_story_at_work_is_moved_only_by_the_execution_that_has_it(name: str) -> None:
    state = STATUS_WRITES[name]
    for origin, clause in _clauses(state).items():
        assert origin is not Status.PROCESSING or THIS_EXECUTION in clause
        retried = origin is Status.PROCESSING and THIS_EXECUTION in clause
        assert retried or "attribute_not_exists(deleted_at)" in clause, "a deleted story stays so"
    values = state["Arguments"]["ExpressionAttributeValues"]
    assert values[":this"]["S"] == "{% $states.context.Execution.Id %}"


def test_an_expired_form_is_not_claimed() -> None:
    clause = _clauses(STATUS_WRITES["ClaimUpload"])[Status.AWAITING_PHOTO]
    assert "expires_at > :now" in clause


def test_what_only_takes_a_retry_names_its_attempt_and_takes_it_once() -> None:
    (clause,) = _clauses(STATUS_WRITES["ClaimRetry"]).values()
    assert "attempt = :attempt" in clause
    assert "(attribute_not_exists(execution_arn) OR execution_arn = :this)" in _condition(
        "ClaimRetry"
    )


def test_a_claim_brings_back_what_it_has_written_and_no_word_of_the_record() -> None:
    for name in ("ClaimUpload", "ClaimRetry"):
        assert STATUS_WRITES[name]["Arguments"]["ReturnValues"] == "UPDATED_NEW"
    others = STATUS_WRITES.keys() - {"ClaimUpload", "ClaimRetry"}
    assert not [name for name in others if "ReturnValues" in STATUS_WRITES[name]["Arguments"]]


def test_every_move_of_the_table_is_made_by_someone() -> None:
    made = {
        (origin, _target(state), name)
        for name, state in STATUS_WRITES.items()
        for origin in _clauses(state)
        if _target(state) not in {origin, None}
    }
    from_code = {(t.origin, t.target, t.who) for t in TRANSITIONS if t.who in _movers()}
    assert made | from_code == {(t.origin, t.target, t.who) for t in TRANSITIONS}
    settled = {(t.origin, t.target) for t in TRANSITIONS if t.who == "settle_story"}
    assert settled == set(itertools.product(AT_WORK, _settled_statuses()))


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


#: The one file in which each of the table's movers that are code moves stories.
MOVERS = {
    "AwaitPrompt": "await_prompt/handler.py",
    "api.putPrompt": "cloud/changes.py",
    "api.cancelStory": "cloud/changes.py",
    "api.retryStory": "cloud/changes.py",
    "settle_story": "settle_story/settling.py",
    "settle_story.expiring": "cloud/posts.py",
    "post_story": "cloud/posts.py",
}


def _movers() -> dict[str, str]:
    """Who moves stories from code, each with its file; `stories.change` itself asks the table."""
    found: dict[str, str] = {}
    for path, calls in _calls("change").items():
        for call in calls:
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            assert found.setdefault(ast.literal_eval(named["who"]), path) == path
    return found


def test_only_who_the_table_names_moves_a_story_from_code() -> None:
    assert _movers() == {who: str(Path(path)) for who, path in MOVERS.items()}
    assert MOVERS.keys() == {t.who for t in TRANSITIONS} - STATUS_WRITES.keys()


def test_a_move_that_the_table_does_not_have_is_an_error_before_anything_is_written() -> None:
    with pytest.raises(ValueError, match="READY -> PROCESSING"):
        stories.change("0" * 32, Status.READY, Status.PROCESSING, who="api.retryStory")


def test_nobody_marks_a_status_past_the_table() -> None:
    marked = [ast.unparse(call.args[2]) for found in _calls("mark").values() for call in found]
    assert set(marked) == {"'evidence_until'", "'settled_at'"}


def test_nobody_notes_a_status_past_the_table() -> None:
    calls = [call for found in _calls("annotate").values() for call in found]
    assert not [call for call in calls if {"status", None} & {k.arg for k in call.keywords}]
