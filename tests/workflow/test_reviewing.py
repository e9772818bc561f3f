"""What a reviewer lets through is made by the real workflow, and no more is let through."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from api import reviewed
from cloud import appeals, audit, executions, intents, reviews, stories
from story import review
from tests.workflow import providers
from tests.workflow.conftest import Cloud, handler

WEAPON = providers.picture("Weapons", "Violence", 65.0)
#: Less: what the photo did not have is judged earlier.
NEW_WEAPON = providers.picture("Weapons", "Violence", 50.0)
RITA, SAM = "rita", "sam"
RIFLE = providers.picture("Weapons", "Violence", 95.0)


def _decide(cloud: Cloud, story_id: str, decision: Any, by: str = RITA) -> None:
    """Claim and decide, setting aside whatever fired, as the API does."""
    now = datetime.now(UTC)
    record = cloud.story(story_id)
    verdicts = list(stories.partition("VERDICT", story_id))
    reviews.claim(story_id, by, now)
    reviews.decide(
        story_id,
        by,
        reviews.Decided(decision, "looked at it", reviewed.fired(record, verdicts)),
        now,
    )


def _run_next(cloud: Cloud, story_id: str) -> dict[str, Any]:
    """Let the execution that a decision has started end, and settle it."""
    (execution,) = [each for each in cloud.executions() if each.endswith(f"{story_id}-2")]
    cloud.wait(execution)
    cloud.settle(execution)
    cloud.changed(story_id)
    return cloud.story(story_id)


def _post(story_id: str) -> dict[str, Any]:
    event = {"story_id": story_id, "creator": "creator", "visibility": "everyone"}
    told: dict[str, Any] = handler("post_story")(event, None)
    return told


def test_a_photo_that_a_reviewer_allows_is_made_and_posted_whatever_the_provider_says_again(
    cloud: Cloud,
) -> None:
    cloud.providers.pictures = [WEAPON]
    story_id = cloud.create()
    cloud.run(story_id)
    held = cloud.story(story_id)
    assert (held["status"], review.kind(held)) == ("UNDER_REVIEW", "held")
    assert held["evidence"] == ["photo.jpg"]
    _decide(cloud, story_id, "allow")
    made = _run_next(cloud, story_id)
    assert (made["status"], made["attempt"]) == ("READY", 2)
    kept = {each["sk"]: each for each in stories.partition("VERDICT", story_id)}
    assert kept["0001#photo"]["verdict"] == "review"
    assert kept["0002#photo"]["verdict"] == kept["0002#video"]["verdict"] == "allow"
    assert "Weapons" in kept["0002#photo"]["detail"], "what was found is kept, and decides nothing"
    assert cloud.keys("evidence") == [], "it is READY"
    assert _post(story_id)["posted"]


def test_a_video_is_held_with_its_frames_and_made_anew_once_it_is_allowed(cloud: Cloud) -> None:
    cloud.providers.pictures = [providers.SAFE_PICTURE, NEW_WEAPON]
    story_id = cloud.create()
    cloud.run(story_id)
    held = cloud.story(story_id)
    assert held["status"] == "UNDER_REVIEW"
    assert held["evidence"][0] == "photo.jpg"
    assert len(held["evidence"]) > 2, "what gate 2 has judged is kept"
    assert sorted(f"{story_id}/{name}" for name in held["evidence"]) == cloud.keys("evidence")
    assert cloud.keys("stories") == [], "nobody can read the video"
    _decide(cloud, story_id, "allow")
    assert _run_next(cloud, story_id)["status"] == "READY"


def test_what_was_not_set_aside_decides_as_before(cloud: Cloud) -> None:
    cloud.providers.pictures = [WEAPON]
    story_id = cloud.create()
    cloud.run(story_id)
    cloud.providers.pictures = [
        providers.picture("Explicit Nudity", "Explicit", 95.0),
    ]
    _decide(cloud, story_id, "allow")
    again = _run_next(cloud, story_id)
    assert (again["status"], again["attempt"]) == ("REJECTED", 2)
    assert review.appealable(again, datetime.now(UTC)), "the new rejection has its own appeal"


def test_a_rejected_photo_whose_appeal_is_overturned_is_made(cloud: Cloud) -> None:
    cloud.providers.pictures = [RIFLE]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "REJECTED"
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]
    appeals.appeal(story_id, "a toy", datetime.now(UTC))
    _decide(cloud, story_id, "overturn")
    assert _run_next(cloud, story_id)["status"] == "READY"
    assert [line["what"] for line in audit.trail(story_id)] == [
        "appealed",
        "claimed",
        "decided overturn",
    ]


def test_words_that_a_reviewer_allows_pass_and_a_new_caption_is_judged_by_itself(
    cloud: Cloud,
) -> None:
    cloud.providers.words = [providers.blocked("VIOLENCE")]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "REJECTED"
    appeals.appeal(story_id, "a film title", datetime.now(UTC))
    _decide(cloud, story_id, "overturn")
    assert _run_next(cloud, story_id)["status"] == "READY"
    event = {"story_id": story_id, "creator": "creator", "visibility": "link", "caption": "kill"}
    assert handler("post_story")(event, None)["refusal"] == "words_not_allowed"
    assert _post(story_id)["posted"]


def test_a_decision_of_a_process_that_died_is_finished_by_the_sweep(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.providers.pictures = [WEAPON]
    story_id = cloud.create()
    cloud.run(story_id)

    class Died(Exception):
        pass

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(executions, "start_retry", die)
        with pytest.raises(Died):
            _decide(cloud, story_id, "allow")
    assert cloud.story(story_id)["status"] == "PROCESSING"
    monkeypatch.setattr(intents, "OVER_AFTER_SECONDS", 0.0)
    assert story_id in cloud.sweep()
    assert _run_next(cloud, story_id)["status"] == "READY"
    assert "decided allow" in {line["what"] for line in audit.trail(story_id)}


def test_nothing_is_left_of_a_story_that_was_held_and_is_deleted_but_its_trail(
    cloud: Cloud,
) -> None:
    cloud.providers.pictures = [WEAPON]
    story_id = cloud.create()
    cloud.run(story_id)
    reviews.claim(story_id, RITA, datetime.now(UTC))
    stories.mark_deleted(story_id, by="creator", at="2026-11-22T12:00:00.000Z")
    cloud.changed(story_id)
    assert cloud.records(story_id) == [f"AUDIT#{story_id}"]
    assert cloud.keys("evidence") == []


def test_what_a_legal_hold_keeps_no_reviewer_sees_and_no_sweep_erases(cloud: Cloud) -> None:
    cloud.providers.pictures = [WEAPON]
    story_id = cloud.create()
    cloud.run(story_id)
    cloud.annotate(story_id, legal_hold=True, evidence_until="2026-11-01T00:00:00.000Z")
    with pytest.raises(reviews.NotWaiting):
        reviews.find(story_id)
    cloud.sweep()
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]


@pytest.fixture
def heard(cloud: Cloud) -> Callable[[], list[tuple[str, str]]]:
    """What a listener on the bus has heard: (detail-type, story)."""
    sqs, events = boto3.client("sqs"), boto3.client("events")
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    bus = os.environ["EVENT_BUS"]
    pattern = json.dumps({"source": ["enliven.stories"]})
    events.put_rule(Name="all", EventBusName=bus, EventPattern=pattern)
    target = {"Id": "listener", "Arn": arn["QueueArn"]}
    events.put_targets(Rule="all", EventBusName=bus, Targets=[target])
    del cloud

    def so_far() -> list[tuple[str, str]]:
        found = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                event = json.loads(message["Body"])
                found.append((event["detail-type"], event["detail"]["story_id"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return so_far


@pytest.mark.parametrize(
    ("picture", "told"),
    [(WEAPON, "Enliven Story Held"), (RIFLE, "Enliven Story Rejected")],
)
def test_who_listens_hears_once_how_a_story_has_ended(
    cloud: Cloud, heard: Callable[[], list[tuple[str, str]]], picture: Any, told: str
) -> None:
    cloud.providers.pictures = [picture]
    story_id = cloud.create()
    cloud.run(story_id)
    cloud.settle(cloud.executions()[0])
    assert heard() == [(told, story_id)]
