"""The ids that clips are marked with, and which story each belongs to.

    MARK#{id}  STORY    label_video makes it, settle_story deletes it with its story; what the
                        workflow adds to it is in cloud/records.py

An id is drawn from the story's id and attempt, so that a state that runs again finds its own; if
another story has it already, the next is drawn. It says nothing of the story to whom reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cloud import timeline
from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.stories import to_item
from cloud.timeline import TableSettings
from story.errors import DependencyUnavailable, StoryMissing
from story.identifiers import is_replay

if TYPE_CHECKING:
    from story.contracts import StateInput, WatermarkId

#: The attribute of a state's line that names the mark which it made.
NOTED: Final = "mark"
#: How long a mark is kept once its story is over, or if it never becomes READY: clips are met long
#: after their stories.
LASTS: Final = timedelta(days=2 * 365)
#: A replay's clip is looked at by whoever replays it.
_REPLAY_LASTS: Final = timedelta(days=1)
#: With a million ids given, one draw in four thousand is taken already.
_DRAWS: Final = 8
_ID_BYTES: Final = 4
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"


def allocate(request: StateInput, state: str, key_version: int) -> int:
    """An id for the clip of an attempt that no other clip has; the same one when asked again.

    The state's line names it first, by which it is found when the story is deleted. Raises
    StoryMissing if that line is gone, DependencyUnavailable if every drawn id is taken.
    """
    for draw in range(_DRAWS):
        mark_id = _drawn(request.story_id, request.attempt, draw)
        if not timeline.note(request, state, **{NOTED: written(mark_id)}):
            raise StoryMissing(f"Story {request.story_id} was deleted while it was labelled")
        if _put(mark_id, request, key_version):
            return mark_id
    raise DependencyUnavailable(f"{_DRAWS} ids for a mark were drawn, and all were taken")


def forget(mark: str, story_id: str) -> None:
    """Delete a mark, as a line names it, if it is this story's."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").delete_item(
                TableName=load(TableSettings).stories_table,
                Key=key(mark),
                ConditionExpression="story_id = :story",
                ExpressionAttributeValues=to_item({":story": story_id}),
            )
    except ClientError as error:
        if error_code(error) != _CONDITION_FAILED:
            raise


def written(mark_id: int) -> WatermarkId:
    """An id as records have it: eight hexadecimal digits."""
    return f"{mark_id:08x}"


def _drawn(story_id: str, attempt: int, draw: int) -> int:
    digest = sha256(f"mark {story_id} {attempt} {draw}".encode()).digest()
    return int.from_bytes(digest[:_ID_BYTES], "big")


def _put(mark_id: int, request: StateInput, key_version: int) -> bool:
    now = datetime.now(UTC)
    lasts = _REPLAY_LASTS if is_replay(request.story_id) else LASTS
    item = {
        "story_id": request.story_id,
        "attempt": request.attempt,
        "key_version": key_version,
        "made_at": timeline.now(),
        "ttl": int((now + lasts).timestamp()),
    }
    try:
        with answers("DynamoDB"):
            client("dynamodb").put_item(
                TableName=load(TableSettings).stories_table,
                Item={**to_item(item), **key(written(mark_id))},
                ConditionExpression="attribute_not_exists(pk) OR "
                "(story_id = :story AND attempt = :attempt)",
                ExpressionAttributeValues=to_item(
                    {":story": request.story_id, ":attempt": request.attempt}
                ),
            )
    except ClientError as error:
        if error_code(error) == _CONDITION_FAILED:
            return False
        raise
    return True


def key(mark: str) -> dict[str, Any]:
    """Where the record of a mark is."""
    return to_item({"pk": f"MARK#{mark}", "sk": "STORY"})
