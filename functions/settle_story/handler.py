"""settle_story: the only purger, and the only one that closes a story after its workflow.

An EventBridge rule on the state machine's ended executions invokes it, another on what a creator
has called off or deleted, and a schedule does so for whatever an event missed or a stopped function
still wrote. No Catch could do this: StopExecution, the machine's time-out and a failing expression
have none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import stories, telemetry
from settle_story import erasing, settling, sweeping
from story.contracts import ExecutionEnded, SettleStoryInput, SettleStoryOutput, StoryChanged
from story.identifiers import STORY_ID
from story.states import Status

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="settle_story")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Settle the story of one ended execution, or one that was called off; or sweep."""
    request = SettleStoryInput.model_validate(event)
    if isinstance(request.detail, ExecutionEnded):
        settled = _settle_ended(request.detail)
    elif isinstance(request.detail, StoryChanged):
        settled = _settle_changed(request.detail.story_id)
    else:
        settled = tuple(sweeping.sweep())
    return SettleStoryOutput(settled=settled).model_dump(mode="json")


def _settle_ended(ended: ExecutionEnded) -> tuple[str, ...]:
    story_id, attempt = started_for(ended.input)
    if story_id is None:
        return ()
    with telemetry.about(story_id=story_id):
        return (story_id,) if settling.settle(story_id, ended, attempt) else ()


def _settle_changed(story_id: str) -> tuple[str, ...]:
    """The event says only which story: what is done to it, its record decides."""
    with telemetry.about(story_id=story_id):
        story = stories.find(story_id)
        if story is None:
            return ()
        if "deleted_at" in story:
            erasing.erase(story_id, story)
            return (story_id,)
        if story["status"] == Status.CANCELLED:
            settling.call_off(story_id, story)
            return (story_id,)
        return ()


def started_for(execution_input: str | None) -> tuple[str | None, int | None]:
    """The story that an execution was started for, and the attempt that a retry names.

    The input is S3's event detail, or a retry's own.
    """
    try:
        given = json.loads(execution_input or "")
        if "retry" in given:
            story_id, attempt = str(given["retry"]["story_id"]), int(given["retry"]["attempt"])
            return (story_id, attempt) if STORY_ID.fullmatch(story_id) else (None, None)
        key = given["object"]["key"]
    except (ValueError, KeyError, TypeError):
        return None, None
    match = sweeping.STORY_IN_KEY.match(key) if isinstance(key, str) else None
    return (match[1], None) if match else (None, None)
