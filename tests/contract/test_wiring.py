"""What a replay takes for the workflow's wiring is that of the ASL."""

import re
from typing import Any

import pytest

from cli.wiring import CLAIMED, MAKERS, UPLOAD, WAITS_FOR_TOKEN, WORKFLOW
from story.contracts import STATES
from tests.contract.definition import LAMBDA_TASKS
from tests.contract.definition import STATES as DEFINED

#: The ASL's variables that two states assign: what a replay calls the second one's.
REASSIGNED = {("LabelVideo", "clip"): "labelled"}
_VARIABLE = re.compile(r"\{% \$(\w+) %\}")
_RESULT = re.compile(r"\{% \$states\.result(?:\.Payload\.(\w+))? %\}")
TOLD = {"story_id", "attempt", "take", "token", "gate"}


def test_every_state_with_a_function_is_wired() -> None:
    assert WORKFLOW.keys() == LAMBDA_TASKS.keys() == STATES.keys()


@pytest.mark.parametrize("state", WORKFLOW)
def test_a_state_takes_what_its_arguments_name(state: str) -> None:
    payload: dict[str, Any] = LAMBDA_TASKS[state]["Arguments"]["Payload"]
    wiring = WORKFLOW[state]
    assert payload.keys() - TOLD == wiring.takes.keys()
    assert ("take" in payload) == wiring.told_take
    assert ("token" in payload) == (state in WAITS_FOR_TOKEN)
    assert payload.get("gate") == wiring.fixed.get("gate")
    assert {part for part, value in payload.items() if isinstance(value, list)} == wiring.listed
    for part, name in wiring.takes.items():
        value = payload[part][0] if part in wiring.listed else payload[part]
        variable = _VARIABLE.fullmatch(value)
        assert variable
        assert name in {variable[1], *REASSIGNED.values()}


@pytest.mark.parametrize("state", WORKFLOW)
def test_a_state_gives_what_it_assigns(state: str) -> None:
    assigned = {
        REASSIGNED.get((state, variable), variable): (_RESULT.fullmatch(value) or [None, None])[1]
        or ""
        for variable, value in LAMBDA_TASKS[state].get("Assign", {}).items()
        if variable != "signed"  # PublishStory's, which is no state with a function
    }
    given = {name: part for part, name in WORKFLOW[state].gives.items()}
    # The engine's report is noted in the table; the workflow does not carry it on.
    assert given.keys() - assigned.keys() <= {"report"}
    assert {name: given[name] for name in assigned} == assigned


def test_everything_that_is_taken_is_made_by_an_earlier_state() -> None:
    order = list(WORKFLOW)
    for state, wiring in WORKFLOW.items():
        for name in wiring.takes.values():
            assert name in {UPLOAD, *CLAIMED} or order.index(MAKERS[name]) < order.index(state)


@pytest.mark.parametrize("state", WORKFLOW)
def test_an_input_is_taken_apart_and_put_together_again(state: str) -> None:
    wiring = WORKFLOW[state]
    things = {name: f"the {name}" for name in wiring.takes.values()}
    payload = wiring.payload("0f" * 16, 1, 2, things)
    assert wiring.taken(payload) == things
    assert ("take" in payload) == wiring.told_take
    assert payload.keys() | {"token"} >= set(STATES[state][0].model_fields) - {"take"}


@pytest.mark.parametrize("claim", ["ClaimUpload", "ClaimRetry"])
def test_what_is_claimed_comes_out_of_the_record(claim: str) -> None:
    assigned = DEFINED[claim]["Assign"]
    for name, field in CLAIMED.items():
        assert assigned[name] == f"{{% $states.result.Attributes.{field}.S %}}"
