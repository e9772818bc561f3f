"""Records, lines, settings and the count of calls, on a real table."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from pydantic import Field

from cloud import clients, media, stories, timeline
from cloud.environment import Environment, load
from story.contracts import StateInput, UploadRef
from story.errors import (
    DependencyThrottled,
    DependencyUnavailable,
    PhotoMissing,
    PhotoTooLarge,
    PhotoUnreadable,
    ResultUnreadable,
    SettingInvalid,
    StoryMissing,
)
from story.states import Status

pytestmark = pytest.mark.usefixtures("account")
STORY = "ab" * 16
REQUEST = StateInput(story_id=STORY, attempt=1)


def _line(state: str) -> dict[str, Any]:
    key = timeline.key(STORY, 1, state)
    item = boto3.client("dynamodb").get_item(TableName="stories", Key=key)["Item"]
    return stories.from_item(item)


def _create() -> None:
    stories.create(
        {"story_id": STORY, "status": "PROCESSING", "execution_arn": "mine", "attempt": 1}
    )


def _fail(execution: str, **fields: Any) -> bool:
    return stories.change(
        STORY,
        Status.PROCESSING,
        Status.FAILED,
        who="settle_story",
        condition="execution_arn = :this",
        given={"this": execution},
        **fields,
    )


def test_a_story_is_moved_once_and_by_its_own_execution_only() -> None:
    _create()
    assert not _fail("another")
    assert _fail("mine", updated_at="now", removed=("execution_arn",))
    assert not _fail("mine")
    assert stories.get(STORY, "status", "updated_at", "execution_arn") == {
        "status": "FAILED",
        "updated_at": "now",
    }


def test_a_story_whose_creator_has_deleted_it_is_moved_by_nobody() -> None:
    _create()
    assert stories.mark_deleted(STORY, by="creator", at="then")
    assert not stories.mark_deleted(STORY, by="creator", at="now")
    assert not _fail("mine")
    assert stories.get(STORY, "status", "deleted_at") == {
        "status": "PROCESSING",
        "deleted_at": "then",
    }
    with pytest.raises(StoryMissing):
        stories.put_verdict(STORY, 1, "photo", {"verdict": "allow"})


def test_a_field_is_marked_once_an_attempt() -> None:
    _create()
    assert not stories.mark(STORY, 2, "settled_at", "of another attempt")
    assert stories.mark(STORY, 1, "settled_at", "first")
    assert not stories.mark(STORY, 1, "settled_at", "second")
    assert stories.get(STORY, "settled_at") == {"settled_at": "first"}


def test_an_id_is_used_once() -> None:
    _create()
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        _create()


def test_a_deleted_story_is_neither_moved_nor_noted_nor_found() -> None:
    assert not _fail("mine")
    assert not stories.annotate(STORY, evidence_until="later")
    with pytest.raises(StoryMissing, match=STORY):
        stories.get(STORY)


def test_a_state_that_fails_leaves_its_errors_name_and_not_its_words() -> None:
    with pytest.raises(PhotoUnreadable), timeline.record("InspectPhoto", REQUEST):
        raise PhotoUnreadable("kanarienvogel")
    line = _line("InspectPhoto")
    assert line["outcome"] == "PhotoUnreadable"
    assert "kanarienvogel" not in str(line)


def test_a_second_run_is_at_work_again_and_adds_to_the_first() -> None:
    with timeline.record("InspectPhoto", REQUEST):
        boto3.client("s3")
    began = _line("InspectPhoto")["began_at"]
    with timeline.record("InspectPhoto", REQUEST):
        running = _line("InspectPhoto")
        assert "ended_at" not in running
        assert running["outcome"] == "running"
    line = _line("InspectPhoto")
    assert (line["runs"], line["began_at"], line["outcome"]) == (2, began, "done")


def test_a_line_that_was_erased_while_its_state_ran_does_not_come_back() -> None:
    key = timeline.key(STORY, 1, "DirectScene")
    with timeline.record("DirectScene", REQUEST):
        boto3.client("dynamodb").delete_item(TableName="stories", Key=key)
        timeline.note(REQUEST, "DirectScene", alt_text="what the photo showed")
    timeline.end(STORY, 1, "DirectScene", "done")
    assert list(stories.partition("TIMELINE", STORY)) == []


def test_the_calls_of_a_state_are_counted_the_lines_own_included() -> None:
    with timeline.record("InspectPhoto", REQUEST):
        media.write("enliven-work", "a", b"1", "text/plain")
        media.write("enliven-work", "b", b"2", "text/plain")
    line = _line("InspectPhoto")
    assert line["call:s3:PutObject"] == 2
    assert line["call:dynamodb:UpdateItem"] == 2


def test_only_the_upload_that_was_announced_is_read() -> None:
    etag = boto3.client("s3").put_object(Bucket="enliven-uploads", Key="k", Body=b"photo")["ETag"]
    upload = UploadRef(bucket="enliven-uploads", key="k", version_id="", etag=etag, size=5)
    assert media.read_upload(upload, limit=5) == b"photo"
    with pytest.raises(PhotoTooLarge, match="5 bytes; at most 4"):
        media.read_upload(upload, limit=4)
    with pytest.raises(PhotoTooLarge):
        media.read_upload(upload.model_copy(update={"size": 1}), limit=4)
    boto3.client("s3").put_object(Bucket="enliven-uploads", Key="k", Body=b"other")
    with pytest.raises(PhotoMissing):
        media.read_upload(upload, limit=5)


def test_an_object_that_was_replaced_is_not_read() -> None:
    written = media.write("enliven-work", "a", b"ours", "text/plain")
    assert media.read(written) == b"ours"
    boto3.client("s3").put_object(Bucket="enliven-work", Key="a", Body=b"ours and more")
    with pytest.raises(ResultUnreadable, match="digest"):
        media.read(written)


def _refusal(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("ThrottlingException", 400, DependencyThrottled),
        ("SlowDown", 503, DependencyThrottled),
        ("InternalError", 500, DependencyUnavailable),
        ("AccessDenied", 403, ClientError),
    ],
)
def test_only_what_may_pass_is_called_transient(
    code: str, status: int, raised: type[Exception]
) -> None:
    with pytest.raises(raised), clients.answers("S3"):
        raise _refusal(code, status)


def test_a_setting_that_lacks_is_named_and_no_value_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Settings(Environment):
        first_thing: str
        second_thing: int = Field(ge=1)

    monkeypatch.setenv("SECOND_THING", "kanarienvogel")
    with pytest.raises(SettingInvalid, match="FIRST_THING: Field required") as caught:
        load(Settings)
    assert "SECOND_THING" in str(caught.value)
    assert "kanarienvogel" not in str(caught.value)
