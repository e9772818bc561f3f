"""The sweep: what no event settled, what a stopped function still wrote, what was only begun.

Its sources are the buckets that shall be empty, and the notes of changes (cloud/intents.py).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from cloud import drafts, executions, intents, stories, telemetry, timeline
from cloud.clients import error_code
from cloud.environment import load
from cloud.intents import Intent
from settle_story import clearing, erasing, expiring, settling
from story.contracts import ExecutionEnded
from story.identifiers import REPLAY_PREFIX, is_replay
from story.states import AT_WORK, Status, is_unclaimed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = Logger(service="settle_story")

STORY_IN_KEY = re.compile(r"^(?:uploads/|work/|requests/|)([0-9a-f]{32})/")
_RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})


def sweep() -> set[str]:
    """Finish, settle and clear; returns the stories for which something was done."""
    settings = load(clearing.Settings)
    done = {note.story_id for note in intents.noted() if note.is_over and _finish(note)}
    found = set()
    for bucket, prefix in (
        (settings.uploads_bucket, "uploads/"),
        (settings.work_bucket, "work/"),
        (settings.work_bucket, "requests/"),
        (settings.stories_bucket, REPLAY_PREFIX),
    ):
        found |= set(_stories_in(bucket, prefix))
    done |= {story_id for story_id in found if _about(story_id, _sweep_one)}
    done |= expiring.expire(datetime.now(UTC))
    kept = set(_stories_in(settings.evidence_bucket, ""))
    return done | {story_id for story_id in kept if _about(story_id, _sweep_evidence)}


def _about(story_id: str, look: Callable[[str], bool]) -> bool:
    with telemetry.about(story_id=story_id):
        return look(story_id)


def _stories_in(bucket: str, prefix: str) -> Iterator[str]:
    matches = (STORY_IN_KEY.match(key) for key in clearing.keys(bucket, prefix))
    return (match[1] for match in matches if match)


def _finish(note: intents.Note) -> bool:
    """Do what must follow a change, if it was made, and drop the note; False if it was not."""
    with telemetry.about(story_id=note.story_id):
        made = _follow(note)
        intents.drop(note.story_id, note.intent)
        if made:
            logger.info("finished", intent=note.intent)
        return made


def _follow(note: intents.Note) -> bool:
    story_id, record = note.story_id, stories.find(note.story_id)
    if record is None:
        erasing.erase_remains(story_id)
        return True
    if "deleted_at" in record:
        erasing.erase(story_id, record)
        return True
    if note.intent is Intent.RETRY and is_unclaimed(record):
        return _start_again(story_id, int(record["attempt"]))
    if note.intent is Intent.PROMPT and record["status"] == Status.PROCESSING:
        drafts.resume(story_id)
        return True
    if note.intent is Intent.CANCEL and record["status"] == Status.CANCELLED:
        settling.call_off(story_id, record)
        return True
    return False


def _start_again(story_id: str, attempt: int) -> bool:
    if not executions.start_retry(story_id, attempt):
        # It has run and ended, and did not come to claim the story.
        settling.close_unclaimed(story_id, attempt)
    return True


def _sweep_one(story_id: str) -> bool:
    story = stories.find(story_id)
    if story is None:
        erasing.erase_remains(story_id)
        return True
    if is_replay(story_id):
        # Who replays a state (cli/replay) clears up; past its time it was left behind.
        left_behind = str(story["expires_at"]) <= timeline.now()
        if left_behind:
            erasing.erase_remains(story_id)
        return left_behind
    if "deleted_at" in story:
        erasing.erase(story_id, story)
        return True
    held = "execution_arn" in story
    return _sweep_held(story_id, story) if held else _sweep_upload(story_id, story)


def _sweep_upload(story_id: str, story: dict[str, Any]) -> bool:
    """A story that no execution has: its form may be open, or a retry about to begin."""
    if story["status"] in AT_WORK:
        return False
    if story["status"] == Status.AWAITING_PHOTO and story["expires_at"] > timeline.now():
        return False
    clearing.clear_uploads(story_id)
    settling.clear(story_id, story)
    return True


def _sweep_held(story_id: str, story: dict[str, Any]) -> bool:
    """A story that an execution has, or had."""
    try:
        status = settling.describe(story["execution_arn"])["status"]
    except ClientError as error:
        if error_code(error) != "ExecutionDoesNotExist":
            raise
        status = "FAILED"
    if status in _RUNNING:
        if story["status"] != Status.CANCELLED:
            return False
        # Whoever called it off did not come to stop it.
        executions.stop(story["execution_arn"])
        status = "ABORTED"
    return settling.settle(
        story_id, ExecutionEnded(execution_arn=story["execution_arn"], status=status)
    )


def _sweep_evidence(story_id: str) -> bool:
    """Evidence past its day, or of a story that keeps none; one at work is a retry and needs it."""
    story = stories.find(story_id)
    if story is not None:
        if story.get("legal_hold"):
            return False
        if "deleted_at" in story:
            erasing.erase(story_id, story)
            return True
        until = story.get("evidence_until")
        lives = until is not None and datetime.fromisoformat(until) > datetime.now(UTC)
        if story["status"] in AT_WORK or (story["status"] in settling.KEEP and lives):
            return False
    clearing.clear_evidence(story_id)
    return True
