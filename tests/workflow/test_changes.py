"""Called off, tried again, deleted: in every state and order, and by a function that dies."""

import threading
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cloud import changes, executions, intents, stories
from story.states import Status
from tests.workflow import providers
from tests.workflow.conftest import Cloud

#: The day whose allowance holds a retry.
TODAY = "2026-11-26"
CREATOR = "creator"
BUCKETS = ("uploads", "work", "evidence", "stories")
FUNCTIONS = (
    "InspectPhotoFunction",
    "ModerateFunction",
    "DirectSceneFunction",
    "GenerateVideoFunction",
    "InspectVideoFunction",
    "LabelVideoFunction",
    "SignVideoFunction",
)
STOPPED = "ABORTED"


def _left(cloud: Cloud) -> list[str]:
    return [f"{bucket}:{key}" for bucket in BUCKETS for key in cloud.keys(bucket)]


def _while(cloud: Cloud, function: str, do: Callable[[str], None]) -> None:
    """Do something once, to the story, when a function has done its work and not yet answered."""
    real, done = cloud.handlers[function], list[str]()

    def doing(event: dict[str, Any], context: Any) -> Any:
        answer = real(event, context)
        if not done:
            done.append(event["story_id"])
            do(event["story_id"])
        return answer

    cloud.handlers[function] = doing


def _failed(cloud: Cloud) -> str:
    """A story whose generation has failed, settled."""
    cloud.failure = {"error": "GenerationFailed", "message": "out of memory"}
    story_id = cloud.create()
    cloud.run(story_id)
    cloud.failure = None
    assert cloud.story(story_id)["status"] == "FAILED"
    return story_id


def _finish(cloud: Cloud, status: str | None = None) -> dict[str, Any]:
    """The latest execution ends and is settled."""
    execution = cloud.executions()[0]
    ended = cloud.wait(execution)
    cloud.settle(execution, status=status)
    return ended


class Killed(BaseException):
    """The function's process is gone."""


def _dies_in(patch: pytest.MonkeyPatch, module: Any, name: str, do: Callable[[], None]) -> None:
    """Do something with a process that is killed as soon as it comes to a step."""

    def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    with patch.context() as inner:
        inner.setattr(module, name, killed)
        with pytest.raises(Killed):
            do()


# Calling off --------------------------------------------------------------------------------------


def test_a_story_without_a_photo_is_called_off_and_takes_none_any_more(cloud: Cloud) -> None:
    story_id = cloud.create()
    changes.cancel(story_id)
    assert cloud.changed(story_id) == [story_id]
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    cloud.settle(execution)
    assert cloud.story(story_id)["status"] == "CANCELLED"
    assert cloud.called == []
    assert _left(cloud) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_story_is_called_off_in_any_state_and_leaves_nothing(cloud: Cloud, function: str) -> None:
    _while(cloud, function, changes.cancel)
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    # moto calls some stopped executions FAILED; Step Functions and the local stack say ABORTED.
    cloud.settle(execution, status=STOPPED)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("CANCELLED", "cancelled")
    assert _left(cloud) == []


def test_a_draft_that_waits_is_called_off(cloud: Cloud) -> None:
    story_id = cloud.create(None)
    execution = cloud.start(cloud.upload(story_id))
    cloud.until(story_id, "AWAITING_PROMPT")
    changes.cancel(story_id)
    cloud.settle(execution, status=STOPPED)
    cloud.changed(story_id)
    assert cloud.story(story_id)["status"] == "CANCELLED"
    assert _left(cloud) == []
    with pytest.raises(changes.NotAllowed):
        changes.give_prompt(story_id, prompt="too late", people_consent=True, preset=None)


def test_a_story_under_review_is_called_off_and_its_evidence_goes(cloud: Cloud) -> None:
    cloud.providers.pictures = [providers.picture("Weapons", "Violence", 65.0)]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]
    changes.cancel(story_id)
    cloud.changed(story_id)
    assert cloud.story(story_id)["status"] == "CANCELLED"
    assert _left(cloud) == []


def test_a_story_that_was_called_off_is_so_a_second_time(cloud: Cloud) -> None:
    story_id = cloud.create()
    changes.cancel(story_id)
    before = cloud.story(story_id)
    changes.cancel(story_id)
    assert cloud.story(story_id) == before


def test_a_published_story_is_not_called_off(cloud: Cloud) -> None:
    story_id = cloud.create()
    cloud.run(story_id)
    with pytest.raises(changes.NotAllowed) as refused:
        changes.cancel(story_id)
    assert refused.value.status is Status.READY
    assert len(cloud.keys("stories")) == 2


def test_of_calling_off_and_publishing_one_wins_and_the_media_follow_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The story is published between being read and being written: the write decides."""
    story_id = cloud.create()
    change, won = stories.change, list[bool]()

    def late(*args: Any, **given: Any) -> bool:
        if given.get("who") == "api.cancelStory" and not won:
            cloud.run(story_id)
            won.append(change(*args, **given))
            return won[0]
        return change(*args, **given)

    monkeypatch.setattr(stories, "change", late)
    with pytest.raises(changes.NotAllowed) as refused:
        changes.cancel(story_id)
    assert won == [False]
    assert refused.value.status is Status.READY
    assert len(cloud.keys("stories")) == 2


def test_a_result_for_a_story_that_was_called_off_is_deleted(cloud: Cloud) -> None:
    cloud.silent = True
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    _until(lambda: cloud.generated == 1)
    changes.cancel(story_id)
    cloud.settle(execution, status=STOPPED)
    bucket = cloud.buckets["work"]
    boto3.client("s3").put_object(Bucket=bucket, Key="results/late.out", Body=b"late")
    cloud.notify(cloud.completed(f"{story_id}-1-1", f"s3://{bucket}/results/late.out"))
    assert _left(cloud) == []
    assert cloud.story(story_id)["status"] == "CANCELLED"


@pytest.mark.parametrize(("module", "step"), [(executions, "stop"), (changes, "_tell")])
def test_a_story_called_off_by_a_process_that_died_is_stopped_and_cleared_by_the_sweep(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    cloud.silent = True
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    _until(lambda: cloud.generated == 1)
    _dies_in(monkeypatch, module, step, lambda: changes.cancel(story_id))
    monkeypatch.setattr(intents, "OVER_AFTER_SECONDS", 0.0)
    # moto lets an execution that waits run on; what it was asked for is what counts.
    stopped: list[str] = []
    monkeypatch.setattr(executions, "stop", stopped.append)
    assert cloud.sweep() == [story_id]
    assert execution in stopped
    assert cloud.story(story_id)["status"] == "CANCELLED"
    assert _left(cloud) == []
    assert list(intents.noted()) == []


def test_what_a_stopped_function_publishes_late_is_swept(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id = cloud.create()
    changes.cancel(story_id)
    cloud.changed(story_id)
    boto3.client("s3").put_object(
        Bucket=cloud.buckets["stories"], Key=f"{story_id}/story.mp4", Body=b"signed a moment late"
    )
    monkeypatch.setattr(intents, "OVER_AFTER_SECONDS", 0.0)
    cloud.sweep()
    assert _left(cloud) == []


# Trying again -------------------------------------------------------------------------------------


def test_a_failed_story_is_made_from_its_kept_photo(cloud: Cloud) -> None:
    story_id = _failed(cloud)
    changes.retry(story_id, quota_day=TODAY)
    assert _finish(cloud)["status"] == "SUCCEEDED"
    story = cloud.story(story_id)
    assert (story["status"], story["attempt"]) == ("READY", 2)
    assert "reasons" not in story
    assert cloud.called.count("InspectPhotoFunction") == 1, "nothing untrusted is read again"
    assert cloud.called.count("RestorePhotoFunction") == 1
    assert cloud.providers.requests == [f"{story_id}-1-1", f"{story_id}-2-1"]
    assert cloud.keys("uploads") + cloud.keys("work") + cloud.keys("evidence") == []
    assert len(cloud.keys("stories")) == 2


def test_a_retry_that_fails_can_be_tried_again(cloud: Cloud) -> None:
    story_id = _failed(cloud)
    cloud.failure = {"error": "GenerationFailed", "message": "again"}
    changes.retry(story_id, quota_day=TODAY)
    _finish(cloud)
    story = cloud.story(story_id)
    assert (story["status"], story["attempt"]) == ("FAILED", 2)
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]
    cloud.failure = None
    changes.retry(story_id, quota_day=TODAY)
    _finish(cloud)
    story = cloud.story(story_id)
    assert (story["status"], story["attempt"]) == ("READY", 3)


def test_ten_retries_at_once_are_one_execution(cloud: Cloud) -> None:
    story_id = _failed(cloud)
    gate, refused = threading.Barrier(10), list[changes.NotAllowed]()

    def again() -> None:
        gate.wait()
        try:
            changes.retry(story_id, quota_day=TODAY)
        except changes.NotAllowed as error:
            refused.append(error)

    threads = [threading.Thread(target=again) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _finish(cloud)
    assert len(cloud.executions()) == 2
    assert all(error.status in {Status.PROCESSING, Status.READY} for error in refused)
    assert cloud.story(story_id)["attempt"] == 2
    assert cloud.generated == 2


def test_a_photo_that_was_none_is_not_tried_again(cloud: Cloud) -> None:
    story_id = cloud.create()
    cloud.run(story_id, b"hello world, I am a text")
    with pytest.raises(changes.PhotoNotKept):
        changes.retry(story_id, quota_day=TODAY)
    assert cloud.story(story_id)["status"] == "FAILED"


def test_a_photo_whose_day_is_over_is_not_tried_again(cloud: Cloud) -> None:
    story_id = _failed(cloud)
    cloud.annotate(story_id, evidence_until="2020-01-01T00:00:00+00:00")
    with pytest.raises(changes.PhotoNotKept):
        changes.retry(story_id, quota_day=TODAY)


def test_a_story_that_is_being_cleared_is_tried_again_a_moment_later(cloud: Cloud) -> None:
    cloud.failure = {"error": "GenerationFailed", "message": "no"}
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    assert stories.change(story_id, Status.PROCESSING, Status.FAILED, who="settle_story")
    with pytest.raises(changes.NotYet):
        changes.retry(story_id, quota_day=TODAY)
    cloud.settle(execution)
    cloud.failure = None
    changes.retry(story_id, quota_day=TODAY)
    _finish(cloud)
    assert cloud.story(story_id)["status"] == "READY"


def test_a_late_word_about_the_attempt_before_does_not_touch_a_retry(cloud: Cloud) -> None:
    story_id = _failed(cloud)
    first = cloud.executions()[0]
    _while(cloud, "DirectSceneFunction", lambda _: (cloud.settle(first), cloud.sweep(), None)[-1])
    changes.retry(story_id, quota_day=TODAY)
    assert _finish(cloud)["status"] == "SUCCEEDED"
    assert cloud.story(story_id)["status"] == "READY"


def test_a_retry_whose_process_died_before_it_started_is_started_by_the_sweep(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id = _failed(cloud)
    _dies_in(
        monkeypatch, executions, "start_retry", lambda: changes.retry(story_id, quota_day=TODAY)
    )
    assert cloud.story(story_id)["status"] == "PROCESSING"
    assert cloud.sweep() == [], "whoever began it may still be at it; the photo stays"
    monkeypatch.setattr(intents, "OVER_AFTER_SECONDS", 0.0)
    assert cloud.sweep() == [story_id]
    _finish(cloud)
    story = cloud.story(story_id)
    assert (story["status"], story["attempt"]) == ("READY", 2)
    cloud.sweep()
    assert len(cloud.executions()) == 2


def test_a_retry_whose_process_died_is_started_by_asking_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id = _failed(cloud)
    _dies_in(
        monkeypatch, executions, "start_retry", lambda: changes.retry(story_id, quota_day=TODAY)
    )
    changes.retry(story_id, quota_day=TODAY)
    _finish(cloud)
    story = cloud.story(story_id)
    assert (story["status"], story["attempt"]) == ("READY", 2)


def test_a_retry_that_never_came_to_claim_its_story_fails_and_can_be_tried_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id = _failed(cloud)
    _dies_in(
        monkeypatch, executions, "start_retry", lambda: changes.retry(story_id, quota_day=TODAY)
    )
    # Step Functions says so of an execution of this name that has ended.
    monkeypatch.setattr(intents, "OVER_AFTER_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(executions, "start_retry", lambda *_: False)
        assert cloud.sweep() == [story_id]
    story = cloud.story(story_id)
    assert (story["status"], story["attempt"]) == ("FAILED", 2)
    changes.retry(story_id, quota_day=TODAY)
    _finish(cloud)
    assert cloud.story(story_id)["status"] == "READY"


def test_a_retry_is_called_off_before_it_began(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id = _failed(cloud)
    _dies_in(
        monkeypatch, executions, "start_retry", lambda: changes.retry(story_id, quota_day=TODAY)
    )
    changes.cancel(story_id)
    cloud.changed(story_id)
    executions.start_retry(story_id, 2)
    assert _finish(cloud)["status"] == "SUCCEEDED", "it ends quietly"
    assert cloud.story(story_id)["status"] == "CANCELLED"
    assert _left(cloud) == []


def test_a_retried_draft_that_had_no_words_waits_for_them_again(cloud: Cloud) -> None:
    cloud.hurry("AwaitPrompt", 60)
    story_id = cloud.create(None)
    execution = cloud.start(cloud.upload(story_id))
    cloud.until(story_id, "AWAITING_PROMPT")
    boto3.client("stepfunctions").stop_execution(executionArn=execution)
    cloud.settle(execution, status="TIMED_OUT")
    changes.retry(story_id, quota_day=TODAY)
    cloud.until(story_id, "AWAITING_PROMPT")
    changes.give_prompt(story_id, prompt="the waves move", people_consent=False, preset="dreamy")
    _finish(cloud)
    story = cloud.story(story_id)
    assert (story["status"], story["attempt"], story["preset"]) == ("READY", 2, "dreamy")


@pytest.mark.parametrize("status", ["READY", "CANCELLED", "AWAITING_PHOTO"])
def test_only_a_failed_story_is_tried_again(cloud: Cloud, status: str) -> None:
    story_id = cloud.create()
    if status == "READY":
        cloud.run(story_id)
    if status == "CANCELLED":
        changes.cancel(story_id)
    with pytest.raises(changes.NotAllowed) as refused:
        changes.retry(story_id, quota_day=TODAY)
    assert refused.value.status == status


# Deleting -----------------------------------------------------------------------------------------


def _is_erased(cloud: Cloud, story_id: str) -> bool:
    return _left(cloud) == [] and cloud.records(story_id) == [f"AUDIT#{story_id}"]


@pytest.mark.parametrize("outcome", ["READY", "FAILED", "REJECTED", "AWAITING_PHOTO", "draft"])
def test_a_deleted_story_leaves_one_line(cloud: Cloud, outcome: str) -> None:
    if outcome == "REJECTED":
        cloud.providers.words = [providers.blocked("SEXUAL")]
    if outcome == "FAILED":
        cloud.failure = {"error": "GenerationFailed", "message": "no"}
    story_id = cloud.create(None if outcome == "draft" else "words that go as well")
    if outcome == "draft":
        cloud.start(cloud.upload(story_id))
        cloud.until(story_id, "AWAITING_PROMPT")
    elif outcome != "AWAITING_PHOTO":
        cloud.run(story_id)
        assert cloud.story(story_id)["status"] == outcome
    changes.delete(story_id, by=CREATOR)
    assert cloud.changed(story_id) == [story_id]
    assert _is_erased(cloud, story_id)
    (line,) = stories.partition("AUDIT", story_id)
    assert (line["who"], line["what"]) == (CREATOR, "deleted")
    assert line["when"].startswith("20")
    assert line.keys() == {"pk", "sk", "who", "what", "when"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_story_deleted_in_any_state_leaves_one_line(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """Erased while the function still runs, which then writes its last line; nothing comes back."""

    def delete(story_id: str) -> None:
        changes.delete(story_id, by=CREATOR)
        cloud.changed(story_id)

    _while(cloud, function, delete)
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    cloud.settle(execution, status=STOPPED)
    monkeypatch.setattr(intents, "OVER_AFTER_SECONDS", 0.0)
    cloud.sweep()
    assert _is_erased(cloud, story_id), (_left(cloud), cloud.records(story_id))


def test_a_story_that_is_deleted_while_it_is_published_is_published_to_nobody(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """StopExecution comes too late: the write of PublishStory finds the story deleted."""
    with monkeypatch.context() as patch:
        patch.setattr(executions, "stop", lambda _: None)
        _while(cloud, "SignVideoFunction", lambda each: changes.delete(each, by=CREATOR))
        story_id = cloud.create()
        execution = cloud.start(cloud.upload(story_id))
        assert cloud.wait(execution)["status"] == "SUCCEEDED"
        assert cloud.story(story_id)["status"] == "PROCESSING"
        cloud.settle(execution)
    assert _is_erased(cloud, story_id)


@pytest.mark.parametrize(("module", "step"), [(executions, "stop"), (changes, "_tell")])
def test_a_story_deleted_by_a_process_that_died_is_erased_by_the_sweep(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    story_id = cloud.create()
    cloud.run(story_id)
    _dies_in(monkeypatch, module, step, lambda: changes.delete(story_id, by=CREATOR))
    assert "deleted_at" in cloud.story(story_id)
    monkeypatch.setattr(intents, "OVER_AFTER_SECONDS", 0.0)
    assert cloud.sweep() == [story_id]
    assert _is_erased(cloud, story_id)
    assert list(intents.noted()) == []


def test_a_story_that_is_tried_again_and_deleted_at_once_is_deleted(cloud: Cloud) -> None:
    story_id = _failed(cloud)
    changes.retry(story_id, quota_day=TODAY)
    changes.delete(story_id, by=CREATOR)
    cloud.changed(story_id)
    _finish(cloud, STOPPED)
    cloud.sweep()
    assert _is_erased(cloud, story_id)


def test_a_legal_hold_keeps_what_was_judged_and_nothing_that_is_shown(cloud: Cloud) -> None:
    cloud.providers.words = [providers.blocked("SEXUAL")]
    story_id = cloud.create()
    cloud.run(story_id)
    cloud.annotate(story_id, legal_hold=True)
    changes.delete(story_id, by=CREATOR)
    cloud.changed(story_id)
    cloud.sweep()
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]
    assert cloud.records(story_id) == [
        f"{kind}#{story_id}" for kind in ("AUDIT", "STORY", "VERDICT")
    ]
    cloud.annotate(story_id, legal_hold=False)
    cloud.sweep()
    assert _is_erased(cloud, story_id)


def test_an_event_alone_deletes_nothing(cloud: Cloud) -> None:
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.changed(story_id) == []
    assert cloud.story(story_id)["status"] == "READY"
    assert len(cloud.keys("stories")) == 2


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("what was waited for did not happen")
