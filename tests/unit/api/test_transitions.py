"""Every operation on a story in every status: what the table does not allow is refused."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import stories
from local.golden_events import CREATOR, api_event
from story.states import TRANSITIONS, Status
from tests.operations import OPERATIONS, Operation
from tests.unit.api.calling import call, create, problem

pytestmark = pytest.mark.usefixtures("account")

#: What operations may do that moves no story, and so is not in the table: what has happened
#: already is told again, and every story can be deleted.
UNMOVED = {
    "renewUpload": {Status.AWAITING_PHOTO},
    "cancelStory": {Status.CANCELLED},
    "deleteStory": set(Status),
}
#: Of gate 3, which refuses in a function of its own: tests/unit/post_story/ has its statuses.
ELSEWHERE = "postStory"
CHANGING = [
    each for each in OPERATIONS if each.of_a_story and each.method != "GET" and each.id != ELSEWHERE
]
FORBIDDEN = [
    pytest.param(operation, status, id=f"{operation.id} {status}")
    for operation in CHANGING
    for status in Status
    if status not in UNMOVED.get(operation.id, set())
    and not any((t.origin, t.who) == (status, f"api.{operation.id}") for t in TRANSITIONS)
]


def _story_in(status: Status) -> str:
    """A story with everything that any status has, and all its time before it."""
    story_id = create(CREATOR).story.id
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    fields = {
        "status": status.value,
        "expires_at": later,
        "prompt_until": later,
        "execution_arn": f"arn:aws:states:us-east-1:123456789012:execution:Workflow:{story_id}",
    }
    record = stories.get(story_id) | fields
    meta = {"pk": f"STORY#{story_id}", "sk": "META"}
    boto3.client("dynamodb").put_item(TableName="stories", Item=stories.to_item(record | meta))
    return story_id


def _ask(operation: Operation, story_id: str) -> dict[str, Any]:
    body = operation.a_body()
    return call(
        api_event(
            operation.method,
            operation.path_of(story_id),
            route=operation.path,
            body=None if body is None else json.dumps(body),
            headers={"idempotency-key": str(uuid.uuid4())},
        )
    )


@pytest.mark.parametrize(("operation", "status"), FORBIDDEN)
def test_what_the_table_does_not_allow_is_refused_and_changes_nothing(
    operation: Operation, status: Status
) -> None:
    story_id = _story_in(status)
    before = stories.get(story_id)
    refused, code = problem(_ask(operation, story_id))
    assert refused == 409
    assert code in operation.codes(409)
    assert stories.get(story_id) == before


def test_what_is_named_here_exists() -> None:
    assert {*UNMOVED, ELSEWHERE} <= {each.id for each in OPERATIONS}


@pytest.mark.parametrize("operation", CHANGING, ids=lambda operation: operation.id)
def test_every_operation_is_allowed_somewhere(operation: Operation) -> None:
    assert len([case for case in FORBIDDEN if case.values[0] is operation]) < len(Status)
