"""The OpenAPI document against the template, the routes and what is kept in docs/."""

import json
import re
from typing import Any

import pytest

from api import openapi
from api.callers import PUBLIC
from api.problems import PROBLEMS
from local.openapi import DOCUMENT, text
from tests.contract.definition import FUNCTIONS

MADE = openapi.document()
OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    (method.upper(), path): operation
    for path, item in MADE["paths"].items()
    for method, operation in item.items()
}
#: One code, two functions: what reviewers ask has a role of its own.
BEHIND = {
    function: [
        event["Properties"]
        for event in FUNCTIONS[function]["Events"].values()
        if event["Type"] == "HttpApi"
    ]
    for function in ("ApiFunction", "ReviewFunction")
}
EVENTS = [event for events in BEHIND.values() for event in events]


def test_the_document_in_docs_is_that_of_the_code() -> None:
    assert DOCUMENT.read_text("utf-8") == text(), "run `python -m local.openapi`"


def test_it_is_openapi_3_1() -> None:
    assert MADE["openapi"].startswith("3.1")


def test_the_gateway_has_exactly_the_operations_of_the_document() -> None:
    assert {(event["Method"], event["Path"]) for event in EVENTS} == set(OPERATIONS)


def test_the_gateway_asks_for_a_token_wherever_the_document_does() -> None:
    public = {
        f"{event['Method']} {event['Path']}"
        for event in EVENTS
        if event.get("Auth", {}).get("Authorizer") == "NONE"
    }
    assert public == PUBLIC
    for (method, path), operation in OPERATIONS.items():
        assert bool(operation["security"]) != (f"{method} {path}" in public)


@pytest.mark.parametrize("which", OPERATIONS, ids=" ".join)
def test_an_operation_says_what_it_does_and_every_answer_has_a_form(which: tuple[str, str]) -> None:
    operation = OPERATIONS[which]
    assert operation["operationId"]
    assert operation["summary"]
    assert operation["tags"]
    for status, answer in operation["responses"].items():
        assert answer["description"]
        if status not in {"204", "304"}:
            assert answer["content"]


def test_what_reviewers_ask_leads_to_the_function_that_may_read_evidence_and_nothing_else() -> None:
    reviewing = {(event["Method"], event["Path"]) for event in BEHIND["ReviewFunction"]}
    assert reviewing == {which for which, said in OPERATIONS.items() if said["tags"] == ["reviews"]}


#: A page's form, which cannot send a header: an address counts once for a story anyway.
KEYLESS = {("POST", "/s/{story_id}/report")}


@pytest.mark.parametrize(
    "which", [which for which in OPERATIONS if which[0] == "POST" and which not in KEYLESS]
)
def test_every_post_takes_an_idempotency_key(which: tuple[str, str]) -> None:
    (key,) = [p for p in OPERATIONS[which]["parameters"] if p["name"] == "Idempotency-Key"]
    assert key["required"]


def test_every_code_is_documented_somewhere_and_none_that_does_not_exist() -> None:
    said = set(re.findall(r"`([a-z_]+)`:", json.dumps(OPERATIONS.__repr__())))
    # A path that does not exist has no operation to document its refusal.
    assert said <= set(PROBLEMS)
    assert set(PROBLEMS) - said == {"not_found"}


def test_answers_may_gain_fields_and_requests_may_not() -> None:
    closed = {
        name
        for name, schema in MADE["components"]["schemas"].items()
        if schema.get("additionalProperties") is False
    }
    assert "CreateStory" in closed
    assert not closed & {"StoryView", "StoryCreated", "StoryList", "Problem"}
