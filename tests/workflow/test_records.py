"""What is kept of a clip by its mark: from READY until two years after its story, or its DELETE."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import changes, marks, packs, records, stories
from settle_story import expiring
from story import packed, quota
from story.errors import SigningFailed
from story.states import Status
from tests.workflow.conftest import Cloud, handler


def kept(cloud: Cloud) -> list[dict[str, Any]]:
    """Every record of a mark, of whatever story."""
    found = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    return [
        record for record in map(stories.from_item, found) if str(record["pk"]).startswith("MARK#")
    ]


def test_a_clips_record_says_how_a_copy_is_known_and_no_more_and_ends_when_it_has_to(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = cloud.create(caption="a caption nobody needs")
    assert cloud.run(ready)["status"] == "SUCCEEDED"
    story = cloud.story(ready)
    mark = json.loads(story["watermark"])["id"]
    found = records.find(mark)
    assert found is not None
    assert found.story_id == ready
    assert found.digest == json.loads(story["video"])["sha256"]
    assert found.manifest_id == json.loads(story["credential"])["manifest_id"]
    assert found.fingerprints.model_dump(mode="json") == json.loads(story["fingerprints"])
    (item,) = kept(cloud)
    assert item.keys() == {
        "pk", "sk", "story_id", "attempt", "key_version", "made_at", "recorded_at", "recorded_in",
        "engine", "language", "digest", "manifest_id", "fingerprints",
    }  # fmt: skip
    text = json.dumps(item, default=str)
    assert "creator" not in text
    assert "caption" not in text

    boto3.client("s3").create_bucket(Bucket="enliven-records")
    monkeypatch.setenv("RECORDS_BUCKET", "enliven-records")
    assert packs.read() is None
    assert handler("pack_records")({}, None) == {"records": 1, "complete": True}
    pack = packs.read()
    assert pack is not None
    assert pack.rows == packed.row(mark, found.fingerprints)

    assert "ttl" not in item, "as long as its creator keeps the story"
    expires(cloud, ready, mark)
    changes.delete(ready, by="creator")
    cloud.changed(ready)
    assert kept(cloud) == []
    assert records.find(mark) is None
    assert handler("pack_records")({}, None) == {"records": 0, "complete": True}


def expires(cloud: Cloud, story_id: str, mark: str) -> None:
    """Once its story is over, a record has two years, counted once."""
    over = datetime.now(UTC) - timedelta(minutes=1)
    assert stories.change(
        story_id,
        Status.READY,
        Status.POSTED,
        who="post_story",
        visibility="link",
        posted_at=quota.iso(over - timedelta(hours=24)),
        expires_at=quota.iso(over),
    )
    records.outlive(mark, "another story", over)
    assert "ttl" not in kept(cloud)[0]
    for _ in range(2):
        expiring._expire_one(story_id, datetime.now(UTC))
        (item,) = kept(cloud)
        assert int(item["ttl"]) == int((over + marks.LASTS).timestamp())
    assert cloud.story(story_id)["status"] == "EXPIRED"
    assert records.find(mark) is not None
    # DynamoDB takes its time with what is over; who asks is not told of it in the meantime.
    for ends, known in ((datetime.now(UTC), False), (datetime.now(UTC) + marks.LASTS, True)):
        boto3.client("dynamodb").update_item(
            TableName=cloud.table,
            Key=marks.key(mark),
            UpdateExpression="SET #ttl = :ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":ttl": {"N": str(int(ends.timestamp()))}},
        )
        assert (records.find(mark) is not None) == known


def test_a_story_whose_record_cannot_be_kept_is_not_published(cloud: Cloud) -> None:
    signed = cloud.handlers["SignVideoFunction"]

    def sign_and_lose_the_mark(event: dict[str, Any], context: Any) -> Any:
        answer = signed(event, context)
        for item in kept(cloud):
            stories.forget(item)
        return answer

    cloud.handlers["SignVideoFunction"] = sign_and_lose_the_mark
    story_id = cloud.create()
    assert cloud.run(story_id)["status"] == "SUCCEEDED", "quietly, as after any lost race"
    assert cloud.story(story_id)["status"] != "READY"
    assert cloud.keys("stories") == []


def test_a_story_that_never_became_ready_leaves_no_record(cloud: Cloud) -> None:
    def fail(_event: dict[str, Any], _context: Any) -> Any:
        raise SigningFailed("the key is disabled")

    cloud.handlers["SignVideoFunction"] = fail
    story_id = cloud.create()
    assert cloud.run(story_id)["error"] == "SigningFailed"
    assert kept(cloud) == []
