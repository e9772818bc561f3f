"""The invisible mark of a story that went through the real workflow."""

import io
import json

import boto3
import pytest

from cloud import changes, marks, stories, watermark_keys
from story.identifiers import story_video_key
from tests.workflow import engine
from tests.workflow.conftest import Cloud
from watermark import detection


@pytest.fixture(autouse=True)
def _as_made_elsewhere(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    engine.draw_whole(monkeypatch)


def _marks(cloud: Cloud) -> list[dict[str, object]]:
    """Every id that was given, of whatever story."""
    found = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    return [
        record for record in map(stories.from_item, found) if str(record["pk"]).startswith("MARK#")
    ]


def _video(cloud: Cloud, story_id: str) -> bytes:
    key = story_video_key(story_id)
    body = boto3.client("s3").get_object(Bucket=cloud.buckets["stories"], Key=key)["Body"]
    read: bytes = body.read()
    return read


def test_a_story_carries_the_mark_that_its_record_names_until_it_is_deleted(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATERMARK_KEY_VERSIONS", "2")
    story_id = cloud.create()
    assert cloud.run(story_id)["status"] == "SUCCEEDED"
    kept = json.loads(cloud.story(story_id)["watermark"])
    assert kept["key_version"] == 2
    (given,) = _marks(cloud)
    assert (given["pk"], given["story_id"]) == (f"MARK#{kept['id']}", story_id)
    assert given["key_version"] == 2

    # Rotated since: the new version comes first, the old one is still looked for.
    monkeypatch.setenv("WATERMARK_KEY_VERSIONS", "3,2")
    live = watermark_keys.to_look_for()
    found = detection.detect(io.BytesIO(_video(cloud, story_id)), live)
    assert found.is_mark
    assert (marks.written(found.mark_id), found.key_version) == (kept["id"], 2)

    changes.delete(story_id, by="creator")
    cloud.changed(story_id)
    assert _marks(cloud) == []


def test_without_the_key_nothing_is_published_and_the_photo_is_kept_for_a_retry(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATERMARK_KEY_ID", "00000000-0000-0000-0000-000000000000")
    story_id = cloud.create()
    assert cloud.run(story_id)["error"] == "WatermarkKeyMissing"
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "watermark_key_missing")
    assert "SignVideoFunction" not in cloud.called
    assert "watermark" not in story
    assert _marks(cloud) == []
    assert cloud.keys("stories") == []
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]
