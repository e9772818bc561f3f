"""Reporting, reviewing and appealing as clients ask for it, with settle_story doing its part."""

import json
import uuid
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from cloud import stories
from local.golden_events import api_event
from settle_story import handler as settle_story
from story.announcements import STORY_DECIDED
from tests.unit.api import posted as made
from tests.unit.api.calling import call

#: One that is over long since.
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:stories:over"
RITA, SAM = "rita", "sam"


@pytest.fixture
def reviewed(account: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The account with a bus, a state machine that does nothing, and what reports need."""
    del account
    boto3.client("events").create_event_bus(Name="stories")
    role = boto3.client("iam").create_role(RoleName="states", AssumeRolePolicyDocument="{}")
    machine = boto3.client("stepfunctions").create_state_machine(
        name="stories",
        roleArn=role["Role"]["Arn"],
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
    )["stateMachineArn"]
    for name, value in {
        "EVENT_BUS": "stories",
        "STORY_WORKFLOW": machine,
        "REPORT_THRESHOLD": "12",
        "REPORTS_PER_HOUR": "20",
        "USER_POOL_CLIENT_ID": "example-client",
        "REPORT_CONTACT": "",
    }.items():
        monkeypatch.setenv(name, value)
    return str(machine)


def settle(story_id: str) -> list[str]:
    """Deliver the event that follows a report, an appeal or a decision."""
    event = {
        "source": "enliven.stories",
        "detail-type": STORY_DECIDED,
        "detail": {"story_id": story_id},
    }
    settled: list[str] = settle_story.handler(event, None)["settled"]  # type: ignore[arg-type]  # it needs none
    return settled


def ask(
    method: str,
    route: str,
    story_id: str = "",
    *,
    body: Any = None,
    sub: str = RITA,
    groups: str | None = "[reviewers]",
    key: str | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A request of a signed-in user."""
    event = api_event(
        method,
        route.replace("{story_id}", story_id),
        route=route,
        body=None if body is None else json.dumps(body),
        creator=sub,
        query=query,
        headers={"idempotency-key": key or str(uuid.uuid4())} if method == "POST" else None,
    )
    if query:
        event["queryStringParameters"] = query
    if groups:
        event["requestContext"]["authorizer"]["jwt"]["claims"]["cognito:groups"] = groups
    return call(event)


def report(story_id: str, sub: str, reason: str = "spam", **said: Any) -> dict[str, Any]:
    """POST /stories/{id}/report."""
    return ask(
        "POST",
        "/stories/{story_id}/report",
        story_id,
        body={"reason": reason, **said},
        sub=sub,
        groups=None,
    )


def report_from_page(
    story_id: str, address: str = "198.51.100.7", language: str = "en", **fields: str
) -> dict[str, Any]:
    """POST /s/{id}/report, as a browser sends a form."""
    event = api_event(
        "POST",
        f"/s/{story_id}/report",
        route="/s/{story_id}/report",
        body=urlencode({"reason": "spam", **fields}),
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "accept-language": language,
        },
    )
    del event["requestContext"]["authorizer"]
    del event["headers"]["idempotency-key"]
    event["requestContext"]["http"]["sourceIp"] = address
    return call(event)


def queue(sub: str = RITA, **query: str) -> list[dict[str, Any]]:
    """GET /reviews."""
    answer = ask("GET", "/reviews", sub=sub, query=query or None)
    assert answer["statusCode"] == 200, answer
    listed: list[dict[str, Any]] = json.loads(answer["body"])["reviews"]
    return listed


def look(story_id: str, sub: str = RITA) -> dict[str, Any]:
    """GET /reviews/{id}."""
    answer = ask("GET", "/reviews/{story_id}", story_id, sub=sub)
    assert answer["statusCode"] == 200, answer
    seen: dict[str, Any] = json.loads(answer["body"])
    return seen


def claim(story_id: str, sub: str = RITA) -> dict[str, Any]:
    """POST /reviews/{id}/claim."""
    return ask("POST", "/reviews/{story_id}/claim", story_id, sub=sub)


def decide(story_id: str, decision: str, sub: str = RITA, **said: Any) -> dict[str, Any]:
    """POST /reviews/{id}/decide, after a claim."""
    body = {"decision": decision, "reason": "Looked at it.", **said}
    return ask("POST", "/reviews/{story_id}/decide", story_id, body=body, sub=sub)


def decided(story_id: str, decision: str, sub: str = RITA, **said: Any) -> None:
    """Claim, decide, and what follows."""
    claimed = claim(story_id, sub)
    assert claimed["statusCode"] == 200, claimed
    answer = decide(story_id, decision, sub, **said)
    assert answer["statusCode"] == 200, answer
    settle(story_id)


def appeal(story_id: str, sub: str = made.CREATOR, text: str = "It is a toy.") -> dict[str, Any]:
    """POST /stories/{id}/appeal."""
    return ask(
        "POST", "/stories/{story_id}/appeal", story_id, body={"text": text}, sub=sub, groups=None
    )


def posted(**how: Any) -> str:
    """A posted story with its media, settled long since."""
    story_id = made.posted(**how)
    made.change(story_id, settled_at=made.AT, execution_arn=EXECUTION)
    for name in ("story.mp4", "poster.jpg"):
        boto3.client("s3").put_object(
            Bucket="enliven-stories", Key=f"{story_id}/{name}", Body=name.encode()
        )
    return story_id


def hidden(**how: Any) -> str:
    """A posted story that reports have hidden."""
    story_id = posted(**how)
    for sub in ("u1", "u2", "u3"):
        assert report(story_id, sub)["statusCode"] == 202
    settle(story_id)
    assert stories.get(story_id)["status"] == "UNDER_REVIEW"
    return story_id


def keys(bucket: str) -> list[str]:
    """What is in a bucket."""
    listed = boto3.client("s3").list_objects_v2(Bucket=f"enliven-{bucket}")
    return sorted(entry["Key"] for entry in listed.get("Contents", []))
