"""Events that come twice, late or never; executions that are stopped, time out or break."""

import json
from typing import Any

import boto3
import pytest

from cloud import stories
from story.states import Status
from tests.workflow.conftest import Cloud, handler

FUNCTIONS = (
    "InspectPhotoFunction",
    "ModerateFunction",
    "DirectSceneFunction",
    "GenerateVideoFunction",
    "InspectVideoFunction",
    "LabelVideoFunction",
    "SignVideoFunction",
)


def _stop_in(cloud: Cloud, function: str, *, after: bool) -> None:
    """Stop the execution while this function runs, before or after it has done its work."""
    real = cloud.handlers[function]

    def stopping(event: dict[str, Any], context: Any) -> Any:
        running = boto3.client("stepfunctions").list_executions(
            stateMachineArn=cloud.machine, statusFilter="RUNNING"
        )["executions"]
        answer = real(event, context) if after else {}
        for execution in running:
            boto3.client("stepfunctions").stop_execution(executionArn=execution["executionArn"])
        return answer

    cloud.handlers[function] = stopping


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_story_cancelled_in_any_state_is_closed_and_cleared(cloud: Cloud, function: str) -> None:
    _stop_in(cloud, function, after=True)
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    # moto calls some stopped executions FAILED; Step Functions and the local stack say ABORTED.
    cloud.settle(execution, status="ABORTED")
    assert cloud.story(story_id)["status"] == "CANCELLED"
    assert [key for bucket in cloud.buckets for key in cloud.keys(bucket)] == []


def test_what_a_cancelled_state_writes_afterwards_is_swept(cloud: Cloud) -> None:
    _stop_in(cloud, "InspectPhotoFunction", after=False)
    story_id = cloud.create()
    cloud.run(story_id)
    boto3.client("s3").put_object(
        Bucket=cloud.buckets["work"], Key=f"work/{story_id}/1/photo.jpg", Body=b"late"
    )
    swept = handler("settle_story")(
        {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}, None
    )
    assert swept["settled"] == [story_id]
    assert cloud.keys("work") == []
    assert cloud.story(story_id)["status"] == "CANCELLED"


def test_one_event_delivered_three_times_makes_one_story(cloud: Cloud) -> None:
    story_id = cloud.create()
    detail = cloud.upload(story_id)
    executions = [cloud.start(detail) for _ in range(3)]
    ends = [cloud.wait(execution)["status"] for execution in executions]
    for execution in executions:
        cloud.settle(execution)
    assert ends == ["SUCCEEDED"] * 3, "a duplicate ends quietly"
    assert cloud.generated == 1
    assert cloud.called.count("InspectPhotoFunction") == 1
    assert cloud.story(story_id)["status"] == "READY"
    assert cloud.keys("stories") == [f"{story_id}/poster.jpg", f"{story_id}/story.mp4"]


def test_a_second_upload_to_the_same_form_changes_nothing(cloud: Cloud) -> None:
    story_id = cloud.create()
    first = cloud.upload(story_id)
    second = cloud.upload(story_id, b"another picture altogether")
    one = cloud.start(first)
    _until(lambda: cloud.story(story_id)["status"] == "PROCESSING")
    two = cloud.start(second)
    cloud.wait(one)
    cloud.wait(two)
    cloud.settle(two)
    cloud.settle(one)
    assert cloud.story(story_id)["status"] == "READY"
    third = cloud.start(cloud.upload(story_id, b"and a third, when all is over"))
    cloud.wait(third)
    cloud.settle(third)
    assert cloud.keys("uploads") == []
    assert cloud.generated == 1


def test_of_two_uploads_whose_events_race_exactly_one_is_the_story(cloud: Cloud) -> None:
    """Events are not ordered: whichever execution claims the story first is its only one."""
    story_id = cloud.create()
    executions = [cloud.start(cloud.upload(story_id)) for _ in range(2)]
    for execution in executions:
        assert cloud.wait(execution)["status"] == "SUCCEEDED"
    for execution in reversed(executions):
        cloud.settle(execution)
    assert cloud.story(story_id)["status"] == "READY"
    assert cloud.called.count("InspectPhotoFunction") == 1
    assert cloud.generated == 1
    assert cloud.keys("uploads") == []


def test_an_upload_for_an_expired_form_starts_nothing(cloud: Cloud) -> None:
    story_id = cloud.create()
    cloud.annotate(story_id, expires_at="2020-01-01T00:00:00.000Z")
    cloud.run(story_id)
    assert cloud.called == []
    assert cloud.story(story_id)["status"] == "AWAITING_PHOTO"


def test_a_machine_that_times_out_fails_the_story(cloud: Cloud) -> None:
    cloud.silent = True
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    _until(lambda: cloud.generated == 1)
    boto3.client("stepfunctions").stop_execution(executionArn=execution)
    cloud.settle(execution, status="TIMED_OUT")
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "timed_out")
    assert cloud.keys("uploads") + cloud.keys("work") == []


def test_an_expression_that_fails_is_an_internal_error_not_a_stuck_story(cloud: Cloud) -> None:
    cloud.handlers["LabelVideoFunction"] = lambda _event, _context: {"clip": "nothing else"}
    story_id = cloud.create()
    assert cloud.run(story_id)["status"] == "FAILED"
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "internal")
    assert cloud.keys("uploads") + cloud.keys("work") + cloud.keys("stories") == []


def test_a_result_that_comes_late_is_deleted(cloud: Cloud) -> None:
    cloud.silent = True
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    _until(lambda: cloud.generated == 1)
    boto3.client("stepfunctions").stop_execution(executionArn=execution)
    cloud.settle(execution, status="ABORTED")
    bucket = cloud.buckets["work"]
    boto3.client("s3").put_object(Bucket=bucket, Key="results/late.out", Body=b"late")
    cloud.notify(cloud.completed(f"{story_id}-1-1", f"s3://{bucket}/results/late.out"))
    assert cloud.keys("work") == []
    assert cloud.story(story_id)["status"] == "CANCELLED"


def test_a_result_of_nobody_is_deleted(cloud: Cloud) -> None:
    bucket = cloud.buckets["work"]
    for inference in ("0" * 32 + "-1-1", "not ours at all"):
        boto3.client("s3").put_object(Bucket=bucket, Key="results/stray.out", Body=b"stray")
        cloud.notify(cloud.completed(inference, f"s3://{bucket}/results/stray.out"))
        assert cloud.keys("work") == []


def test_a_notification_names_no_object_that_may_not_be_deleted(cloud: Cloud) -> None:
    bucket = cloud.buckets["stories"]
    boto3.client("s3").put_object(Bucket=bucket, Key="precious", Body=b"kept")
    cloud.notify(cloud.completed("nobody", f"s3://{bucket}/precious"))
    assert cloud.keys("stories") == ["precious"]


def test_a_notification_delivered_twice_resumes_once(cloud: Cloud) -> None:
    generate = cloud.generate

    def twice(location: str, inference: str, output: str) -> None:
        generate(location, inference, output)
        cloud.notify(cloud.completed(inference, output))

    cloud.providers.generate = twice
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    assert cloud.called.count("InspectVideoFunction") == 1


def test_a_retried_generate_video_replaces_the_token_and_sends_nothing_again(cloud: Cloud) -> None:
    real = cloud.handlers["GenerateVideoFunction"]
    crashed: list[int] = []

    def dies_once(event: dict[str, Any], context: Any) -> Any:
        cloud.silent = not crashed
        answer = real(event, context)
        if not crashed:
            crashed.append(1)
            raise handler_killed()
        return answer

    class DependencyUnavailable(Exception):
        """By this name the workflow tries again."""

    def handler_killed() -> Exception:
        return DependencyUnavailable("killed after the endpoint had the request")

    cloud.handlers["GenerateVideoFunction"] = dies_once
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    _until(lambda: cloud.called.count("GenerateVideoFunction") == 2)
    cloud.silent = False
    generated = f"s3://{cloud.buckets['work']}/requests/{story_id}/1-1.tar"
    cloud.generate(generated, f"{story_id}-1-1", f"s3://{cloud.buckets['work']}/results/x.out")
    cloud.wait(execution)
    cloud.settle(execution)
    assert cloud.providers.requests == [f"{story_id}-1-1"], "the endpoint was asked once"
    assert cloud.story(story_id)["status"] == "READY"
    assert cloud.keys("work") == []


def test_a_story_closed_from_outside_is_not_published(cloud: Cloud) -> None:
    real = cloud.handlers["SignVideoFunction"]

    def closes(event: dict[str, Any], context: Any) -> Any:
        answer = real(event, context)
        assert stories.change(
            event["story_id"], Status.PROCESSING, Status.CANCELLED, who="settle_story"
        )
        return answer

    cloud.handlers["SignVideoFunction"] = closes
    story_id = cloud.create()
    assert cloud.run(story_id)["status"] == "SUCCEEDED"
    assert cloud.story(story_id)["status"] == "CANCELLED"
    assert [key for bucket in cloud.buckets for key in cloud.keys(bucket)] == []


def test_settling_twice_changes_nothing(cloud: Cloud) -> None:
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    cloud.settle(execution)
    before = cloud.story(story_id)
    cloud.settle(execution)
    assert cloud.story(story_id) == before
    assert len(cloud.keys("stories")) == 2


def test_evidence_is_swept_when_its_day_has_come(cloud: Cloud) -> None:
    cloud.failure = {"error": "GenerationFailed", "message": "no"}
    story_id = cloud.create()
    cloud.run(story_id)
    sweep = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    handler("settle_story")(sweep, None)
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"], "kept for a day"
    cloud.annotate(story_id, evidence_until="2020-01-01T00:00:00+00:00")
    handler("settle_story")(sweep, None)
    assert cloud.keys("evidence") == []


def test_a_deleted_story_whose_workflow_still_ran_leaves_nothing(cloud: Cloud) -> None:
    story_id = cloud.create()
    real = cloud.handlers["DirectSceneFunction"]

    def deletes(event: dict[str, Any], context: Any) -> Any:
        key = stories.to_item({"pk": f"STORY#{story_id}", "sk": "META"})
        boto3.client("dynamodb").delete_item(TableName=cloud.table, Key=key)
        return real(event, context)

    cloud.handlers["DirectSceneFunction"] = deletes
    assert cloud.run(story_id)["error"] == "StoryMissing"
    assert [key for bucket in cloud.buckets for key in cloud.keys(bucket)] == []
    assert json.dumps(list(stories.partition("STORY", story_id))) == "[]"


def _until(condition: Any) -> None:
    import time  # noqa: PLC0415 - only here

    for _ in range(2_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("what was waited for did not happen")
