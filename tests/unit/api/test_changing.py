"""Calling off, trying again, deleting and giving a prompt, as a client asks for it."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import intents, stories
from local.golden_events import api_event
from story.states import Status
from story.view import StoryView
from tests.unit.api.calling import OTHER, call, create, get, listed, problem

pytestmark = pytest.mark.usefixtures("workflow")
#: One that is over long since, so that stopping it is no error and no news.
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:stories:over"
WORDS = {"prompt": "gentle waves", "people_consent": True}


@pytest.fixture
def workflow(account: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """A state machine that never does anything, and the bus."""
    del account
    boto3.client("events").create_event_bus(Name="stories")
    monkeypatch.setenv("EVENT_BUS", "stories")
    role = boto3.client("iam").create_role(RoleName="states", AssumeRolePolicyDocument="{}")
    machine = boto3.client("stepfunctions").create_state_machine(
        name="stories",
        roleArn=role["Role"]["Arn"],
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
    )["stateMachineArn"]
    monkeypatch.setenv("STORY_WORKFLOW", machine)
    return machine


def _ask(
    method: str,
    story_id: str,
    what: str = "",
    *,
    body: Any = None,
    creator: str = "creator",
    key: str | None = None,
) -> dict[str, Any]:
    route = "/stories/{story_id}" + (f"/{what}" if what else "")
    return call(
        api_event(
            method,
            route.replace("{story_id}", story_id),
            route=route,
            body=json.dumps(body) if body is not None else None,
            creator=creator,
            headers={"idempotency-key": key or str(uuid.uuid4())} if method == "POST" else None,
        )
    )


def _view(answer: dict[str, Any]) -> StoryView:
    assert answer["statusCode"] == 200, answer
    return StoryView.model_validate_json(answer["body"])


def _in(status: Status, **fields: Any) -> str:
    """A story of the creator's that is already there."""
    story_id = create().story.id
    key = stories.to_item({"pk": f"STORY#{story_id}", "sk": "META"})
    item = boto3.client("dynamodb").get_item(TableName="stories", Key=key)["Item"]
    record = {**stories.from_item(item), "status": status.value, **fields}
    boto3.client("dynamodb").put_item(TableName="stories", Item=stories.to_item(record))
    return story_id


def _soon(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def _draft(**fields: Any) -> str:
    waits = {"prompt_until": _soon(minutes=5), "tags": [], "people": 0, "suggestions": []}
    return _in(Status.AWAITING_PROMPT, prompt=None, draft=True, **{**waits, **fields})


def _failed(**fields: Any) -> str:
    kept = {"settled_at": _soon(), "evidence_until": _soon(hours=1), "execution_arn": EXECUTION}
    return _in(Status.FAILED, **{**kept, **fields})


#: The statuses in which an operation is allowed, of all that there are.
CANCELLABLE = {
    Status.AWAITING_PHOTO, Status.AWAITING_PROMPT, Status.PROCESSING, Status.UNDER_REVIEW,
}  # fmt: skip


def _any(status: Status) -> str:
    if status is Status.AWAITING_PROMPT:
        return _draft()
    if status is Status.FAILED:
        return _failed()
    if status is Status.PROCESSING:
        return _in(status, execution_arn=EXECUTION)
    return _in(status)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.CANCELLED}))
def test_a_story_is_called_off_in_exactly_the_statuses_of_the_table(status: Status) -> None:
    story_id = _any(status)
    answer = _ask("POST", story_id, "cancel")
    if status in CANCELLABLE:
        view = _view(answer)
        assert (view.status, view.reasons[0].code) == (Status.CANCELLED, "cancelled")
    else:
        assert problem(answer) == (409, "transition_not_allowed")
        assert status in json.loads(answer["body"])["detail"]
        assert stories.get(story_id, "status")["status"] == status


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.FAILED}))
def test_only_a_failed_story_is_tried_again(status: Status, workflow: str) -> None:
    answer = _ask("POST", _any(status), "retry")
    assert problem(answer) == (409, "transition_not_allowed")
    assert not boto3.client("stepfunctions").list_executions(stateMachineArn=workflow)["executions"]


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.AWAITING_PROMPT}))
def test_only_a_draft_that_waits_takes_a_prompt(status: Status) -> None:
    answer = _ask("PUT", _any(status), "prompt", body=WORDS)
    assert problem(answer) == (409, "transition_not_allowed")


@pytest.mark.parametrize("status", list(Status))
def test_a_story_is_deleted_in_every_status_and_then_is_nobodys(status: Status) -> None:
    story_id = _any(status)
    answer = _ask("DELETE", story_id)
    assert answer["statusCode"] == 204
    assert not answer.get("body")
    for again in (
        get(story_id),
        _ask("DELETE", story_id),
        _ask("POST", story_id, "cancel"),
        _ask("POST", story_id, "retry"),
        _ask("PUT", story_id, "prompt", body=WORDS),
        _ask("POST", story_id, "upload"),
    ):
        assert problem(again) == (404, "story_not_found")
    assert story_id not in listed()["body"]


def test_a_story_that_was_called_off_is_so_again() -> None:
    story_id = _in(Status.PROCESSING, execution_arn=EXECUTION)
    assert _view(_ask("POST", story_id, "cancel")).status is Status.CANCELLED
    assert _view(_ask("POST", story_id, "cancel")).status is Status.CANCELLED


def test_a_form_that_nobody_used_in_time_is_not_called_off() -> None:
    story_id = _in(Status.AWAITING_PHOTO, expires_at="2020-01-01T00:00:00.000Z")
    answer = _ask("POST", story_id, "cancel")
    assert problem(answer) == (409, "transition_not_allowed")
    assert "EXPIRED" in answer["body"]


def test_a_retry_starts_one_execution_for_the_next_attempt(workflow: str) -> None:
    story_id = _failed(reasons=[{"code": "generation_failed", "message": "no"}])
    answers = [_ask("POST", story_id, "retry", key="one") for _ in range(3)]
    views = [_view(answer) for answer in answers]
    assert {(view.status, view.attempt) for view in views} == {(Status.PROCESSING, 2)}
    assert views[0].reasons == ()
    listed_ = boto3.client("stepfunctions").list_executions(stateMachineArn=workflow)
    assert [each["name"] for each in listed_["executions"]] == [f"{story_id}-2"]


def test_a_photo_that_is_not_kept_is_a_refusal_of_its_own() -> None:
    for gone in (None, "2020-01-01T00:00:00+00:00"):
        answer = _ask("POST", _failed(evidence_until=gone), "retry")
        assert problem(answer) == (409, "photo_not_kept")


def test_a_story_that_is_being_cleared_is_to_be_asked_again_in_a_second() -> None:
    answer = _ask("POST", _failed(settled_at=None), "retry")
    assert problem(answer) == (409, "transition_not_allowed")
    assert answer["headers"]["Retry-After"] == "1"


def test_a_draft_is_made_without_a_prompt_and_goes_on_with_one() -> None:
    made = create(prompt=None)
    assert made.story.prompt is None
    assert stories.get(made.story.id, "draft") == {"draft": True}
    story_id = _draft()
    view = _view(_ask("PUT", story_id, "prompt", body={**WORDS, "preset": "dreamy"}))
    assert (view.status, view.prompt) == (Status.PROCESSING, "gentle waves")
    record = stories.get(story_id, "people_consent", "preset", "draft")
    assert record == {"people_consent": True, "preset": "dreamy", "draft": False}


def test_the_same_prompt_again_is_no_change_and_another_is_refused() -> None:
    story_id = _draft()
    first = _view(_ask("PUT", story_id, "prompt", body=WORDS))
    assert _view(_ask("PUT", story_id, "prompt", body=WORDS)) == first
    answer = _ask("PUT", story_id, "prompt", body={**WORDS, "prompt": "rain"})
    assert problem(answer) == (409, "transition_not_allowed")
    assert stories.get(story_id, "prompt")["prompt"] == "gentle waves"


def test_a_prompt_after_the_last_second_is_refused() -> None:
    answer = _ask("PUT", _draft(prompt_until=_soon(seconds=-1)), "prompt", body=WORDS)
    assert problem(answer) == (409, "transition_not_allowed")
    assert "EXPIRED" in answer["body"]


@pytest.mark.parametrize("body", [{}, {"prompt": ""}, {"prompt": "x" * 601}, {"surplus": 1}])
def test_a_prompt_is_held_to_its_form(body: dict[str, Any]) -> None:
    assert problem(_ask("PUT", _draft(), "prompt", body=body)) == (422, "body_invalid")


@pytest.mark.parametrize(
    ("method", "what"), [("POST", "cancel"), ("POST", "retry"), ("PUT", "prompt"), ("DELETE", "")]
)
def test_nobody_changes_the_story_of_another(method: str, what: str) -> None:
    story_id = _failed()
    body = WORDS if method == "PUT" else None
    answer = _ask(method, story_id, what, body=body, creator=OTHER)
    assert problem(answer) == (404, "story_not_found")
    assert stories.get(story_id, "status")["status"] == "FAILED"
    assert list(intents.noted()) == []


@pytest.mark.parametrize("what", ["cancel", "retry"])
def test_a_change_without_a_key_is_refused(what: str) -> None:
    story_id = _failed()
    path = f"/stories/{story_id}/{what}"
    event = api_event("POST", path, route=f"/stories/{{story_id}}/{what}")
    del event["headers"]["idempotency-key"]
    assert problem(call(event)) == (400, "idempotency_key_required")
