"""A story that the real workflow has made: posted through gate 3, seen for its day, cleared."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from cloud import posts, stories
from story import feed
from story.contracts import ObjectRef, PostStoryOutput
from tests.workflow import providers
from tests.workflow.conftest import Cloud, handler


def _post(cloud: Cloud, story_id: str, **asked: str) -> PostStoryOutput:
    event = {"story_id": story_id, "creator": "creator", "visibility": "everyone", **asked}
    told: dict[str, Any] = handler("post_story")(event, None)
    assert cloud.story(story_id)["status"] in {"READY", "POSTED"}
    return PostStoryOutput.model_validate(told)


def _made(cloud: Cloud) -> str:
    story_id = cloud.create()
    assert cloud.run(story_id)["status"] == "SUCCEEDED"
    return story_id


def _sweep() -> list[str]:
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    settled: list[str] = handler("settle_story")(event, None)["settled"]
    return settled


def _posted_ago(cloud: Cloud, story_id: str, ago: timedelta) -> None:
    """Let a story have been posted so long ago."""
    at = datetime.now(UTC) - ago
    boto3.client("dynamodb").update_item(
        TableName=cloud.table,
        Key=stories.to_item({"pk": f"STORY#{story_id}", "sk": "META"}),
        UpdateExpression="SET posted_at = :at, expires_at = :until, feed_shard = :shard",
        ExpressionAttributeValues=stories.to_item(
            {
                ":at": feed.iso(at),
                ":until": feed.iso(at + feed.LASTS),
                ":shard": feed.partition(story_id, at, cloud.story(story_id)["visibility"]),
            }
        ),
    )


def test_what_the_workflow_publishes_passes_gate_3(cloud: Cloud) -> None:
    story_id = _made(cloud)
    kept = ObjectRef.model_validate_json(cloud.story(story_id)["video"])
    body = boto3.client("s3").get_object(Bucket=kept.bucket, Key=kept.key)["Body"].read()
    assert hashlib.sha256(body).hexdigest() == kept.sha256
    assert _post(cloud, story_id, caption="a day at the sea").posted
    entries, _ = posts.page(datetime.now(UTC), before=None, limit=10)
    assert [entry.story_id for entry in entries] == [story_id]
    gates = {item["gate"]: item["verdict"] for item in stories.partition("VERDICT", story_id)}
    assert gates == dict.fromkeys(("photo", "words", "video", "posting"), "allow")


def test_words_that_are_refused_when_posting_cost_the_story_nothing(cloud: Cloud) -> None:
    story_id = _made(cloud)
    cloud.providers.words = [providers.blocked("INSULTS")]
    assert _post(cloud, story_id, caption="rude").refusal == "words_not_allowed"
    _sweep()
    assert cloud.keys("stories") == [f"{story_id}/poster.jpg", f"{story_id}/story.mp4"]


def test_the_sweep_clears_a_posted_story_after_its_day_and_not_before(cloud: Cloud) -> None:
    media = {}
    for visibility in ("everyone", "link"):
        story_id = _made(cloud)
        assert _post(cloud, story_id, visibility=visibility).posted
        media[story_id] = [f"{story_id}/poster.jpg", f"{story_id}/story.mp4"]
    for ago in (timedelta(), feed.LASTS - timedelta(minutes=5)):
        for story_id in media:
            _posted_ago(cloud, story_id, ago)
        assert _sweep() == []
        assert cloud.keys("stories") == sorted(key for keys in media.values() for key in keys)
    for story_id in media:
        # Longer ago than one night: a sweep that did not run is made up for.
        _posted_ago(cloud, story_id, feed.LASTS + timedelta(days=3))
    assert sorted(_sweep()) == sorted(media)
    assert cloud.keys("stories") == []
    for story_id in media:
        story = cloud.story(story_id)
        assert (story["status"], story.get("feed_shard")) == ("EXPIRED", None)
        assert story["prompt"], "the record is its creator's until they delete it"
    assert _sweep() == []


def test_a_sweep_that_ended_between_media_and_record_is_made_up_for(cloud: Cloud) -> None:
    story_id = _made(cloud)
    assert _post(cloud, story_id).posted
    _posted_ago(cloud, story_id, feed.LASTS + timedelta(minutes=1))
    s3 = boto3.client("s3")
    for key in cloud.keys("stories"):
        s3.delete_object(Bucket=cloud.buckets["stories"], Key=key)
    assert _sweep() == [story_id]
    assert cloud.story(story_id)["status"] == "EXPIRED"


def test_a_late_word_of_its_execution_takes_nothing_from_a_posted_story(cloud: Cloud) -> None:
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    assert _post(cloud, story_id).posted, "READY before it was settled"
    cloud.settle(execution)
    assert cloud.story(story_id)["status"] == "POSTED"
    assert len(cloud.keys("stories")) == 2
    assert not [key for name in ("uploads", "work") for key in cloud.keys(name)]
