"""What each end of a story does to its creator's day, through the real workflow."""

import time
from datetime import UTC, datetime

import boto3
import pytest

from cloud import quotas, stories
from story import quota
from tests.workflow import providers
from tests.workflow.conftest import Cloud

PATIENCE_SECONDS = 60
SHOWN = providers.picture("Exposed Genitalia", "Explicit", 97.0)


def _held(cloud: Cloud) -> str:
    """A story of which one is held, as POST /stories makes it."""
    story_id, now = cloud.create(), datetime.now(UTC)
    assert quotas.take("creator", story_id, limit=20, now=now)
    stories.annotate(story_id, quota_day=quota.day_of(now))
    return story_id


def _tally() -> quota.Tally:
    return quota.tally(quotas.standing("creator", datetime.now(UTC)))


USED, HELD, NOTHING = (1, 0), (0, 1), (0, 0)


def test_a_ready_story_is_charged_once_however_often_it_is_settled(cloud: Cloud) -> None:
    story_id = _held(cloud)
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    assert _tally() == HELD
    for _ in range(3):
        cloud.settle(execution)
    assert cloud.story(story_id)["status"] == "READY"
    assert _tally() == USED


@pytest.mark.parametrize(
    ("pictures", "words", "status", "expected"),
    [
        ([SHOWN], [], "REJECTED", USED),
        ([], [providers.blocked("SEXUAL")], "REJECTED", USED),
        ([providers.SAFE_PICTURE, SHOWN], [], "REJECTED", NOTHING),
        ([providers.picture("Weapons", "Violence", 65.0)], [], "UNDER_REVIEW", HELD),
    ],
    ids=["photo rejected", "words rejected", "video rejected", "under review"],
)
def test_only_a_video_that_is_rejected_is_given_back(
    cloud: Cloud,
    pictures: list[providers.Answer],
    words: list[providers.Answer],
    status: str,
    expected: tuple[int, int],
) -> None:
    cloud.providers.pictures, cloud.providers.words = (
        pictures or cloud.providers.pictures,
        words or cloud.providers.words,
    )
    story_id = _held(cloud)
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == status
    assert _tally() == expected


def test_a_failed_story_is_given_back(cloud: Cloud) -> None:
    cloud.failure = {"error": "GenerationFailed", "message": "out of memory at step 3"}
    cloud.run(_held(cloud))
    assert _tally() == NOTHING


def test_a_photo_that_is_none_is_given_back(cloud: Cloud) -> None:
    cloud.run(_held(cloud), b"no photo")
    assert _tally() == NOTHING


@pytest.mark.parametrize(("ended", "status"), [("ABORTED", "CANCELLED"), ("TIMED_OUT", "FAILED")])
def test_a_story_that_is_stopped_or_too_slow_is_given_back(
    cloud: Cloud, ended: str, status: str
) -> None:
    cloud.silent = True
    story_id = _held(cloud)
    execution = cloud.start(cloud.upload(story_id))
    until = time.monotonic() + PATIENCE_SECONDS
    while not cloud.generated and time.monotonic() < until:
        time.sleep(0.02)
    assert cloud.generated == 1
    boto3.client("stepfunctions").stop_execution(executionArn=execution)
    cloud.settle(execution, status=ended)
    assert cloud.story(story_id)["status"] == status
    assert _tally() == NOTHING


def test_a_story_of_nobodys_quota_is_settled_all_the_same(cloud: Cloud) -> None:
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    assert _tally() == NOTHING
