"""Keys of the watermark from a KMS key, and ids that no two clips share, on moto's services."""

import time
from typing import Any

import boto3
import pytest

from cloud import marks, stories, timeline, watermark_keys
from cloud.clients import client
from story.contracts import StateInput
from story.errors import SettingInvalid, StoryMissing, WatermarkKeyMissing
from story.identifiers import new_replay_id

pytestmark = pytest.mark.usefixtures("account")
DAY = 86_400
STORY, OTHER = "ab" * 16, "cd" * 16


@pytest.fixture
def key_id(account: None, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001 - is there first
    made = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    key_id: str = made["KeyMetadata"]["KeyId"]
    monkeypatch.setenv("WATERMARK_KEY_ID", key_id)
    monkeypatch.setenv("WATERMARK_KEY_VERSIONS", "2,1")
    return key_id


def asked(story_id: str = STORY, attempt: int = 1) -> StateInput:
    return StateInput(story_id=story_id, attempt=attempt)


def allocated(request: StateInput, version: int = 1) -> int:
    with timeline.record("LabelVideo", request):
        return marks.allocate(request, "LabelVideo", version)


def item(mark: str) -> dict[str, Any] | None:
    key = {"pk": {"S": f"MARK#{mark}"}, "sk": {"S": "STORY"}}
    answer = client("dynamodb").get_item(TableName="stories", Key=key)
    return stories.from_item(answer["Item"]) if "Item" in answer else None


@pytest.mark.usefixtures("key_id")
def test_clips_are_marked_with_the_first_version_and_looked_through_for_all() -> None:
    marking, live = watermark_keys.to_mark_with(), watermark_keys.to_look_for()
    assert marking.version == 2
    assert [key.version for key in live] == [2, 1]
    assert live[0] == marking
    assert live[0].secret != live[1].secret
    assert len(marking.secret) == 32


def test_a_key_is_the_same_whenever_it_is_asked_for_and_another_of_another_kms_key(
    key_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = watermark_keys.to_mark_with()
    assert watermark_keys.to_mark_with() == before
    made = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    monkeypatch.setenv("WATERMARK_KEY_ID", made["KeyMetadata"]["KeyId"])
    assert watermark_keys.to_mark_with().secret != before.secret
    assert key_id not in repr(before)


def test_a_key_does_not_print_its_secret(key_id: str) -> None:
    key = watermark_keys.to_mark_with()
    for shown in (repr(key), str(key), f"{key}"):
        assert shown == "Key(version=2)", key_id


def test_without_the_kms_key_there_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATERMARK_KEY_ID", "00000000-0000-0000-0000-000000000000")
    monkeypatch.setenv("WATERMARK_KEY_VERSIONS", "1")
    with pytest.raises(WatermarkKeyMissing, match=r"HMAC_256.*no clip is published"):
        watermark_keys.to_mark_with()


@pytest.mark.parametrize("setting", ["", "0", "1,", "1,1", "one", "1 2", "1,2,3,4,5", "10000"])
def test_versions_that_cannot_be_meant_are_refused(setting: str) -> None:
    with pytest.raises(SettingInvalid, match="the one to mark with first"):
        watermark_keys.versions(setting)


def test_a_mark_names_its_story_attempt_and_key_and_lasts_two_years() -> None:
    mark = marks.written(allocated(asked(), version=3))
    found = item(mark)
    assert found is not None
    assert (found["story_id"], found["attempt"], found["key_version"]) == (STORY, 1, 3)
    assert found.keys() == {"pk", "sk", "story_id", "attempt", "key_version", "made_at", "ttl"}
    assert (int(found["ttl"]) - time.time()) / DAY == pytest.approx(730, abs=0.01)


def test_a_state_that_runs_again_finds_its_own_id_and_a_retry_gets_another() -> None:
    first = allocated(asked())
    assert allocated(asked()) == first
    assert allocated(asked(attempt=2)) != first


def test_an_id_that_another_story_has_is_not_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "_drawn", lambda _story, _attempt, draw: 7 + draw)
    assert allocated(asked()) == 7
    assert allocated(asked(OTHER)) == 8
    assert allocated(asked()) == 7
    found = item("00000007")
    assert found is not None
    assert found["story_id"] == STORY


def test_the_line_of_the_state_names_the_mark_so_that_it_goes_with_the_story() -> None:
    mark = marks.written(allocated(asked()))
    (line,) = stories.partition("TIMELINE", STORY)
    assert line[marks.NOTED] == mark
    marks.forget(mark, OTHER)
    assert item(mark) is not None
    marks.forget(mark, STORY)
    assert item(mark) is None
    marks.forget(mark, STORY)


def test_a_story_that_was_deleted_meanwhile_gets_no_mark() -> None:
    with pytest.raises(StoryMissing):
        marks.allocate(asked(), "LabelVideo", 1)
    assert list(stories.partition("TIMELINE", STORY)) == []


def test_a_replays_mark_is_kept_for_a_day() -> None:
    found = item(marks.written(allocated(asked(new_replay_id()))))
    assert found is not None
    assert (int(found["ttl"]) - time.time()) / DAY == pytest.approx(1, abs=0.01)
