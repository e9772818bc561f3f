"""The golden events: what is in events/, and that the handlers' own parsers take it."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from api import handler as api
from local import golden_events
from local.sam import targets
from settle_story.handler import started_for
from story import announcements, contracts, generation
from story.identifiers import FAILURES_PREFIX, parse_inference_id
from story.view import CreateStory
from tests.contract import definition
from tests.contract.definition import FUNCTIONS, MACHINE, RESOURCES, evaluate


def _event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((golden_events.EVENTS / name).read_text("utf-8"))
    return found


def test_making_them_again_changes_nothing() -> None:
    found = {path.name: path.read_text("utf-8") for path in golden_events.EVENTS.glob("*.json")}
    assert found == golden_events.files(), "run: python -m local.golden_events"


@pytest.mark.parametrize("state", contracts.STATES)
def test_a_states_event_is_its_contract_and_nothing_else(state: str) -> None:
    event = _event(golden_events.file_name(state))
    told, _ = contracts.STATES[state]
    assert told.model_validate(event).model_dump(mode="json") == event
    with pytest.raises(ValueError, match="surplus"):
        told.model_validate({**event, "surplus": 1})


@pytest.mark.parametrize("state", contracts.STATES)
def test_each_output_is_of_its_states_contract(state: str) -> None:
    assert type(golden_events.OUTPUTS[state]) is contracts.STATES[state][1]


def test_an_upload_starts_the_workflow_for_its_story() -> None:
    event = _event("s3_object_created_event.json")
    pattern = RESOURCES["PhotoUploaded"]["Properties"]["EventPattern"]
    assert event["source"] in pattern["source"]
    assert event["detail-type"] in pattern["detail-type"]
    (key,) = pattern["detail"]["object"]["key"]
    assert event["detail"]["object"]["key"].startswith(key["prefix"])
    assign = MACHINE["States"]["ClaimUpload"]["Assign"]
    result = definition.golden("ClaimUpload", definition.Walk())
    claimed = evaluate(assign, {"states": {"input": event["detail"], "result": result}})
    assert claimed["story_id"] == golden_events.STORY_ID
    assert contracts.UploadRef.model_validate(claimed["upload"]) == golden_events.UPLOAD


def test_an_ended_execution_names_its_story() -> None:
    event = _event("execution_ended_event.json")
    settled = contracts.SettleStoryInput.model_validate(event).detail
    assert isinstance(settled, contracts.ExecutionEnded)
    assert started_for(settled.input) == (golden_events.STORY_ID, None)
    rule = RESOURCES["SettleStoryFunction"]["Properties"]["Events"]["Ended"]["Properties"]
    pattern = rule["Pattern"]
    assert event["source"] in pattern["source"]
    assert event["detail-type"] in pattern["detail-type"]
    assert event["detail"]["status"] in pattern["detail"]["status"]


def test_the_end_of_a_retry_names_its_story_and_its_attempt() -> None:
    given = golden_events.retry_input()
    assert started_for(json.dumps(given)) == (golden_events.STORY_ID, given["retry"]["attempt"])


@pytest.mark.parametrize(
    "given", [None, "", "[]", "7", "{}", '{"retry": 1}', '{"retry": {"story_id": "../x"}}']
)
def test_an_input_of_no_story_names_none(given: str | None) -> None:
    assert started_for(given) == (None, None)


def test_a_story_that_was_called_off_is_heard_of() -> None:
    event = _event("story_closed_event.json")
    changed = contracts.SettleStoryInput.model_validate(event).detail
    assert isinstance(changed, contracts.StoryChanged)
    assert changed.story_id == golden_events.STORY_ID
    rule = RESOURCES["SettleStoryFunction"]["Properties"]["Events"]["Changed"]["Properties"]
    assert rule["Pattern"] == {
        "source": [announcements.STORIES_SOURCE],
        "detail-type": [
            announcements.STORY_CLOSED,
            announcements.STORY_DELETED,
            announcements.STORY_REPORTED,
            announcements.STORY_APPEALED,
            announcements.STORY_DECIDED,
        ],
    }
    assert rule["EventBusName"] == {"Ref": "EventBus"}


def test_the_sweep_is_no_ended_execution() -> None:
    request = contracts.SettleStoryInput.model_validate(_event("sweep_event.json"))
    assert request.detail == {}


def test_the_endpoints_notification_names_its_generation() -> None:
    (record,) = _event("sns_inference_notification_event.json")["Records"]
    notice = contracts.InferenceNotification.model_validate_json(record["Sns"]["Message"])
    assert parse_inference_id(notice.inference_id) == (golden_events.STORY_ID, 1, 1)
    assert notice.response is not None
    assert notice.response.output_location is not None


def test_the_endpoints_failure_says_where_it_wrote_why() -> None:
    (record,) = _event("sns_inference_failure_event.json")["Records"]
    notice = contracts.InferenceNotification.model_validate_json(record["Sns"]["Message"])
    assert notice.status == "Failed"
    assert notice.response is not None
    assert notice.response.failure_location is not None
    assert notice.response.failure_location.split("/", 3)[3].startswith(FAILURES_PREFIX)


@pytest.mark.parametrize(
    ("file", "event"),
    [("sns_inference_notification_event", "Done"), ("sns_inference_failure_event", "Failed")],
)
def test_a_notification_is_of_a_topic_that_resumes_stories(file: str, event: str) -> None:
    (record,) = _event(f"{file}.json")["Records"]
    subscribed = RESOURCES["ResumeStoryFunction"]["Properties"]["Events"][event]["Properties"]
    assert record["Sns"]["TopicArn"].endswith(f":{subscribed['Topic']['Ref']}")


def test_every_function_and_every_state_has_an_event_and_every_event_its_use() -> None:
    uses = list(targets.TARGETS.values())
    assert {target.function for target in uses} == set(FUNCTIONS)
    assert {target.name for target in uses} >= set(contracts.STATES)
    # What starts a workflow is given to no function.
    starts = {"s3_object_created_event.json", "file_to_check_uploaded_event.json"}
    assert {target.file for target in uses} | starts == set(golden_events.files())


_REQUESTS = 4


def test_the_requests_among_the_events_are_those_of_routes_of_the_template() -> None:
    routes = {
        f"{route['Properties']['Method']} {route['Properties']['Path']}"
        for function in ("ApiFunction", "ReviewFunction")
        for route in RESOURCES[function]["Properties"]["Events"].values()
    }
    events = [_event(name) for name in golden_events.files() if name.startswith("api_")]
    # All routes are one code: some of them show its form, start-api serves the rest.
    assert {event["routeKey"] for event in events} <= routes
    assert len(events) == len({event["routeKey"] for event in events}) == _REQUESTS


def test_progress_is_what_the_container_puts_on_the_bus() -> None:
    event = _event("generation_progress_event.json")
    assert generation.Progress.model_validate(event["detail"]).fraction == 0.5
    rule = RESOURCES["StoryProgressFunction"]["Properties"]["Events"]["Progress"]["Properties"]
    assert rule["Pattern"] == {"source": [event["source"]], "detail-type": [event["detail-type"]]}


@pytest.mark.parametrize(
    "name",
    [
        "api_create_story_event",
        "api_get_story_event",
        "api_list_stories_event",
        "api_list_reviews_event",
    ],
)
def test_a_request_is_of_a_route_that_the_template_and_the_handler_have(name: str) -> None:
    event = _event(f"{name}.json")
    routes = {
        f"{route['Properties']['Method']} {route['Properties']['Path']}"
        for function in ("ApiFunction", "ReviewFunction")
        for route in RESOURCES[function]["Properties"]["Events"].values()
    }
    assert event["routeKey"] in routes
    request = APIGatewayProxyEventV2(event)
    assert request.request_context.authorizer is not None
    assert request.request_context.authorizer.jwt_claim["token_use"] == "access"
    assert len(routes) == len(api.app._static_routes) + len(api.app._dynamic_routes)


def test_the_body_that_makes_a_story_is_one() -> None:
    assert CreateStory.model_validate_json(_event("api_create_story_event.json")["body"])


def test_what_is_made_up_looks_made_up() -> None:
    text = "".join(golden_events.files().values())
    assert "example" in text
    for digest in {value for value in _strings(text) if len(value) == 64}:
        assert digest == digest[:2] * 32


def _strings(text: str) -> list[str]:
    return [part for part in text.replace("\\", "").split('"') if part.isalnum()]
