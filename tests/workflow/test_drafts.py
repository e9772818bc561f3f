"""A story without words: its photo is looked at, and then it is its creator's turn."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import changes, drafts, intents, stories
from story.states import Status
from story.vocabulary import read
from tests.workflow import providers
from tests.workflow.conftest import CANARY, Cloud

WORDS = f"gentle waves for the {CANARY}"


def _draft(cloud: Cloud) -> tuple[str, str]:
    """A draft that waits for its words, and its execution."""
    story_id = cloud.create(None)
    execution = cloud.start(cloud.upload(story_id))
    cloud.until(story_id, "AWAITING_PROMPT")
    return story_id, execution


def _give(story_id: str, prompt: str = WORDS) -> None:
    changes.give_prompt(story_id, prompt=prompt, people_consent=True, preset=None)


def test_a_draft_says_what_its_photo_shows_and_becomes_a_story_with_its_words(cloud: Cloud) -> None:
    story_id, execution = _draft(cloud)
    story = cloud.story(story_id)
    assert story["tags"] == ["Sea"]
    assert story["people"] == 0
    assert any("waves" in read(prompt).motions for prompt in story["suggestions"])
    left = datetime.fromisoformat(story["prompt_until"]) - datetime.now(UTC)
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    assert cloud.generated == 0
    assert "ModerateWords" not in cloud.records(story_id)
    _give(story_id)
    assert cloud.wait(execution)["status"] == "SUCCEEDED"
    cloud.settle(execution)
    story = cloud.story(story_id)
    assert (story["status"], story["prompt"], story["people_consent"]) == ("READY", WORDS, True)
    asked = [call for call in cloud.providers.asked if call["operation"] == "ApplyGuardrail"]
    assert CANARY in json.dumps(asked), "the words are judged like any other"
    assert cloud.keys("uploads") + cloud.keys("work") + cloud.keys("evidence") == []


def test_no_word_of_a_record_or_of_a_draft_is_in_the_history(cloud: Cloud) -> None:
    story_id, execution = _draft(cloud)
    _give(story_id)
    cloud.wait(execution)
    history = boto3.client("stepfunctions").get_execution_history(
        executionArn=execution, maxResults=1000
    )["events"]
    assert len(history) > 40
    assert CANARY not in json.dumps(history, default=str)


def test_a_photo_that_is_rejected_asks_nobody_for_words(cloud: Cloud) -> None:
    cloud.providers.pictures = [providers.picture("Exposed Genitalia", "Explicit", 97.0)]
    story_id = cloud.create(None)
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "REJECTED"
    assert "AwaitPromptFunction" not in cloud.called


def test_words_that_are_rejected_reject_the_draft(cloud: Cloud) -> None:
    cloud.providers.words = [providers.blocked("SEXUAL")]
    story_id, execution = _draft(cloud)
    _give(story_id)
    cloud.wait(execution)
    cloud.settle(execution)
    assert cloud.story(story_id)["status"] == "REJECTED"
    assert cloud.generated == 0


def test_a_draft_without_words_expires_with_a_reason_and_leaves_nothing(cloud: Cloud) -> None:
    cloud.hurry("AwaitPrompt", 3)
    story_id, execution = _draft(cloud)
    cloud.wait(execution)
    cloud.settle(execution)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("EXPIRED", "prompt_expired")
    assert [key for bucket in cloud.buckets for key in cloud.keys(bucket)] == []
    with pytest.raises(changes.NotAllowed) as refused:
        _give(story_id)
    assert refused.value.status is Status.EXPIRED


def test_words_that_come_too_late_are_not_taken_although_the_workflow_has_not_noticed(
    cloud: Cloud,
) -> None:
    story_id, _ = _draft(cloud)
    cloud.annotate(story_id, prompt_until="2020-01-01T00:00:00.000Z")
    with pytest.raises(changes.NotAllowed) as refused:
        _give(story_id)
    assert refused.value.status is Status.EXPIRED
    assert cloud.story(story_id)["status"] == "AWAITING_PROMPT"
    assert "prompt" not in cloud.story(story_id)


def _give_and_die(patch: pytest.MonkeyPatch, story_id: str) -> None:
    """Give the words; the function is killed between the record and the workflow."""

    def killed(_: str) -> None:
        raise SystemExit

    with patch.context() as inner:
        inner.setattr(drafts, "resume", killed)
        with pytest.raises(SystemExit):
            _give(story_id)


def test_a_lost_word_to_the_workflow_is_made_good_by_the_same_words_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id, execution = _draft(cloud)
    _give_and_die(monkeypatch, story_id)
    assert cloud.story(story_id)["status"] == "PROCESSING"
    _give(story_id)
    assert cloud.wait(execution)["status"] == "SUCCEEDED"
    assert cloud.story(story_id)["status"] == "READY"


def test_a_lost_word_to_the_workflow_is_made_good_by_the_sweep(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id, execution = _draft(cloud)
    _give_and_die(monkeypatch, story_id)
    assert cloud.sweep() == [], "whoever gave the words may still be at it"
    monkeypatch.setattr(intents, "OVER_AFTER_SECONDS", 0.0)
    assert cloud.sweep() == [story_id]
    assert cloud.wait(execution)["status"] == "SUCCEEDED"
    assert cloud.story(story_id)["status"] == "READY"
    assert list(intents.noted()) == []


def test_words_that_the_workflow_was_never_told_of_are_found_when_its_time_is_over(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.hurry("AwaitPrompt", 3)
    story_id, execution = _draft(cloud)
    _give_and_die(monkeypatch, story_id)
    cloud.wait(execution)
    assert cloud.story(story_id)["status"] == "READY"


def test_of_two_different_prompts_at_once_one_is_the_storys(cloud: Cloud) -> None:
    story_id, execution = _draft(cloud)
    said: list[str] = []
    gate = threading.Barrier(2)

    def give(prompt: str) -> None:
        gate.wait()
        try:
            _give(story_id, prompt)
            said.append(prompt)
        except changes.NotAllowed:
            pass

    threads = [threading.Thread(target=give, args=(p,)) for p in ("first words", "other words")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cloud.wait(execution)
    assert said == [cloud.story(story_id)["prompt"]]
    assert cloud.called.count("DirectSceneFunction") == 1


def test_the_same_words_again_change_nothing_even_when_the_story_is_ready(cloud: Cloud) -> None:
    story_id, execution = _draft(cloud)
    _give(story_id)
    cloud.wait(execution)
    cloud.settle(execution)
    before = cloud.story(story_id)
    _give(story_id)
    assert cloud.story(story_id) == before
    with pytest.raises(changes.NotAllowed):
        _give(story_id, "quite other words")


def test_a_story_that_has_its_words_takes_no_others(cloud: Cloud) -> None:
    cloud.silent = True
    story_id = cloud.create()
    cloud.start(cloud.upload(story_id))
    cloud.until(story_id, "PROCESSING")
    with pytest.raises(changes.NotAllowed):
        _give(story_id)


def test_a_photo_that_comes_twice_makes_one_draft(cloud: Cloud) -> None:
    story_id = cloud.create(None)
    detail = cloud.upload(story_id)
    first, second = cloud.start(detail), cloud.start(detail)
    cloud.until(story_id, "AWAITING_PROMPT")
    _give(story_id)
    cloud.wait(first)
    cloud.wait(second)
    assert cloud.called.count("AwaitPromptFunction") == 1
    assert cloud.story(story_id)["status"] == "READY"


class DependencyUnavailable(Exception):
    """By this name the workflow tries again."""


def test_a_wait_that_is_tried_again_finds_words_that_came_for_the_token_before(
    cloud: Cloud,
) -> None:
    """The function dies after the story waits; the words come for the dead token meanwhile."""
    real = cloud.handlers["AwaitPromptFunction"]
    died: list[str] = []

    def dies_once(event: dict[str, Any], context: Any) -> Any:
        answer = real(event, context)
        if not died:
            died.append(event["token"])
            story_id = event["story_id"]
            now = "2026-11-22T12:00:00.000Z"
            stories.change(
                story_id,
                Status.AWAITING_PROMPT,
                Status.PROCESSING,
                who="api.putPrompt",
                prompt=WORDS,
                prompted_at=now,
                draft=False,
            )
            raise DependencyUnavailable("killed, and its creator's word went to a dead token")
        return answer

    cloud.handlers["AwaitPromptFunction"] = dies_once
    story_id = cloud.create(None)
    cloud.run(story_id)
    assert died
    assert cloud.called.count("AwaitPromptFunction") == 2
    assert cloud.story(story_id)["status"] == "READY"


def test_a_wait_that_is_tried_again_waits_with_its_new_token(cloud: Cloud) -> None:
    real = cloud.handlers["AwaitPromptFunction"]
    died: list[str] = []

    def dies_once(event: dict[str, Any], context: Any) -> Any:
        answer = real(event, context)
        if not died:
            died.append(event["token"])
            raise DependencyUnavailable("killed after the story waits")
        return answer

    cloud.handlers["AwaitPromptFunction"] = dies_once
    story_id, execution = _draft(cloud)
    until = time.monotonic() + 30
    while cloud.called.count("AwaitPromptFunction") < 2 and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)
    _give(story_id)
    cloud.wait(execution)
    assert cloud.story(story_id)["status"] == "READY"


def test_a_draft_whose_function_fails_for_good_is_closed(cloud: Cloud) -> None:
    def fails(_event: dict[str, Any], _context: Any) -> Any:
        raise PhotoUnreadable("nothing to be seen")

    class PhotoUnreadable(Exception):
        """Permanent."""

    real = cloud.handlers["AwaitPromptFunction"]

    def waits_and_fails(event: dict[str, Any], context: Any) -> Any:
        real(event, context)
        return fails(event, context)

    cloud.handlers["AwaitPromptFunction"] = waits_and_fails
    story_id = cloud.create(None)
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "FAILED"


def test_a_machine_that_times_out_while_a_draft_waits_fails_it(cloud: Cloud) -> None:
    story_id, execution = _draft(cloud)
    boto3.client("stepfunctions").stop_execution(executionArn=execution)
    cloud.settle(execution, status="TIMED_OUT")
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "timed_out")
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]


def test_a_story_made_before_drafts_were_is_none(cloud: Cloud) -> None:
    story_id = cloud.create()
    key = stories.to_item({"pk": f"STORY#{story_id}", "sk": "META"})
    boto3.client("dynamodb").update_item(
        TableName=cloud.table, Key=key, UpdateExpression="REMOVE draft"
    )
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    assert "AwaitPromptFunction" not in cloud.called
