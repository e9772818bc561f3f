"""What docs/api.md and docs/mobile.md say of the API in words, against the API."""

import json
import re

import pytest
from moto.events.models import EventPattern

from api.problems import PROBLEMS
from story.announcements import (
    STORY_APPEALED,
    STORY_CLOSED,
    STORY_DECIDED,
    STORY_DELETED,
    STORY_ENDED,
    STORY_REPORTED,
)
from story.generation import PROGRESS_DETAIL_TYPE, PROGRESS_SOURCE, Progress
from story.states import TRANSITIONS
from tests.contract.definition import ROOT, STATES
from tests.operations import DOCUMENT, OPERATIONS

CHANGES = (
    STORY_CLOSED,
    STORY_DELETED,
    STORY_REPORTED,
    STORY_APPEALED,
    STORY_DECIDED,
    *STORY_ENDED.values(),
)
PAGES = {name: (ROOT / "docs" / name).read_text("utf-8") for name in ("api.md", "mobile.md")}
FIELDS = {
    name
    for each in DOCUMENT["components"]["schemas"].values()
    for name in each.get("properties", {})
}
PARAMETERS = set(re.findall(r"\{(\w+)\}", " ".join(DOCUMENT["paths"])))
WRITERS = {transition.who for transition in TRANSITIONS}
EVENT, PATTERN = (
    json.loads(block)
    for block in re.findall(r"^```json\n(.*?)^```", PAGES["api.md"], re.MULTILINE | re.DOTALL)
)
ANNOUNCED = [
    entry
    for state in STATES.values()
    if state.get("Resource", "").endswith("events:putEvents")
    for entry in state["Arguments"]["Entries"]
]


@pytest.mark.parametrize("page", PAGES)
def test_every_code_and_field_that_a_page_names_exists(page: str) -> None:
    said = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGES[page]))
    assert said
    assert said <= PROBLEMS.keys() | FIELDS | PARAMETERS | WRITERS


@pytest.mark.parametrize("page", PAGES)
def test_every_request_that_a_page_names_is_one_of_the_document(page: str) -> None:
    said = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[\w/.{}]*)", PAGES[page]))
    assert said
    assert said <= {f"{operation.method} {operation.path}" for operation in OPERATIONS}


def test_every_event_that_is_announced_is_in_the_table() -> None:
    told = set(re.findall(r"^\| `(\S+)` \| `(.+?)` \|", PAGES["api.md"], re.MULTILINE))
    announced = {(entry["Source"], entry["DetailType"]) for entry in ANNOUNCED}
    assert announced
    changes = {("enliven.stories", name) for name in CHANGES}
    assert told == announced | changes | {(PROGRESS_SOURCE, PROGRESS_DETAIL_TYPE)}


def test_the_example_is_an_event_that_the_workflow_sends() -> None:
    (sent,) = [entry for entry in ANNOUNCED if entry["DetailType"] == EVENT["detail-type"]]
    assert EVENT["source"] == sent["Source"]
    assert EVENT["detail"].keys() == sent["Detail"].keys()
    assert EVENT["detail"]["status"] == sent["Detail"]["status"]


def test_the_pattern_lets_the_example_through_and_no_other_event() -> None:
    passes = EventPattern.load(json.dumps(PATTERN)).matches_event
    assert passes(EVENT)
    assert not passes(EVENT | {"source": PROGRESS_SOURCE})
    assert not passes(EVENT | {"detail-type": PROGRESS_DETAIL_TYPE})


def test_the_detail_of_a_progress_event_is_as_told() -> None:
    (told,) = re.findall(r"of a progress event is `\{(.+?)\}`", PAGES["api.md"])
    assert set(re.findall(r'"(\w+)":', told)) == set(Progress.model_fields)
