"""settle_story: the only purger, and the only one that closes a story after its workflow.

An EventBridge rule on the state machine's ended executions invokes it, and a schedule does so for
whatever an event missed or a stopped function still wrote. No Catch could do this: StopExecution,
the machine's time-out and a failing expression have none. Every step can be repeated: the status is
closed first, and what follows depends only on the status.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from cloud import stories, telemetry, timeline
from cloud.clients import answers, client, error_code
from cloud.environment import load
from settle_story import charging, clearing, measuring, outcome
from story.contracts import ExecutionEnded, SettleStoryInput, SettleStoryOutput
from story.identifiers import REPLAY_PREFIX, is_replay
from story.states import ENDED, Status

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="settle_story")

#: How long evidence is kept: for a retry, for an appeal, for a reviewer's decision.
KEEP = {
    Status.FAILED: timedelta(hours=24),
    Status.REJECTED: timedelta(days=7),
    Status.UNDER_REVIEW: timedelta(days=30),
}
_STORY_IN_KEY = re.compile(r"^(?:uploads/|work/|requests/|)([0-9a-f]{32})/")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Settle the story of one ended execution, or sweep."""
    request = SettleStoryInput.model_validate(event)
    if isinstance(request.detail, ExecutionEnded):
        story_id = story_of(request.detail.input)
        settled = [story_id] if story_id and _settle(story_id, request.detail) else []
    else:
        settled = list(_sweep())
    return SettleStoryOutput(settled=tuple(settled)).model_dump(mode="json")


def story_of(execution_input: str | None) -> str | None:
    """The story that an execution was started for: its input is S3's event detail."""
    try:
        key = json.loads(execution_input or "")["object"]["key"]
    except (ValueError, KeyError, TypeError):
        return None
    match = _STORY_IN_KEY.match(key) if isinstance(key, str) else None
    return match[1] if match else None


def _settle(story_id: str, ended: ExecutionEnded) -> bool:
    """Close and clear a story; False if this execution never had it."""
    with telemetry.about(story_id=story_id):
        return _settle_one(story_id, ended)


def _settle_one(story_id: str, ended: ExecutionEnded) -> bool:
    story = stories.find(story_id, *charging.FIELDS, "execution_arn", "evidence_until")
    if story is None:
        _clear_everything(story_id)
        return True
    if story.get("execution_arn") != ended.execution_arn:
        # A repeated event, or a second upload to the same form. The execution that has the story
        # settles it; if that is over, whatever came since is nobody's.
        if story["status"] in ENDED:
            clearing.clear_uploads(story_id)
        return False
    if story["status"] == Status.PROCESSING:
        _close(story_id, ended)
        story = stories.get(story_id, *charging.FIELDS, "evidence_until")
    charging.settle(story_id, story)
    _clear(story_id, Status(story["status"]), story.get("evidence_until"))
    # After the clearing, which matters more; and once, however often a story is settled.
    if stories.mark(story_id, "settled_at", timeline.now()):
        measuring.tell(story_id)
    logger.info("settled", status=story["status"], execution=ended.status)
    return True


def _close(story_id: str, ended: ExecutionEnded) -> None:
    error, cause = None, None
    if ended.status == "FAILED":
        described = _describe(ended.execution_arn)
        error, cause = described.get("error"), described.get("cause")
    found = outcome.of_execution(ended.status, error, cause)
    logger.info("closing", code=found.code, error=error)
    stories.move(
        story_id,
        Status.PROCESSING,
        found.status,
        execution_arn=ended.execution_arn,
        updated_at=timeline.now(),
        reasons=[{"code": found.code, "message": found.message}],
    )


def _describe(execution_arn: str) -> dict[str, Any]:
    with answers("Step Functions"):
        described: dict[str, Any] = client("stepfunctions").describe_execution(
            executionArn=execution_arn
        )
    return described


def _clear(story_id: str, status: Status, evidence_until: str | None) -> None:
    if status in KEEP and evidence_until is None:
        judged = status in {Status.REJECTED, Status.UNDER_REVIEW}
        if clearing.keep_evidence(story_id, judged_frames=judged):
            until = (datetime.now(UTC) + KEEP[status]).isoformat(timespec="seconds")
            stories.annotate(story_id, evidence_until=until)
    clearing.clear_uploads(story_id)
    clearing.clear_work(story_id)
    if status not in {Status.READY, Status.POSTED}:
        clearing.clear_published(story_id)


def _clear_everything(story_id: str) -> None:
    clearing.clear_uploads(story_id)
    clearing.clear_work(story_id)
    clearing.clear_published(story_id)
    clearing.clear_evidence(story_id)


def _sweep() -> set[str]:
    """What no event settled: leftovers of ended executions, and evidence past its day."""
    settings = load(clearing.Settings)
    found = set()
    for bucket, prefix in (
        (settings.uploads_bucket, "uploads/"),
        (settings.work_bucket, "work/"),
        (settings.work_bucket, "requests/"),
        (settings.stories_bucket, REPLAY_PREFIX),
    ):
        found |= _stories_in(bucket, prefix)
    settled = {story_id for story_id in found if _sweep_one(story_id)}
    now = datetime.now(UTC)
    for story_id in _stories_in(settings.evidence_bucket, ""):
        story = stories.find(story_id, "status", "evidence_until")
        until = story.get("evidence_until") if story else None
        if until is None or datetime.fromisoformat(until) <= now:
            clearing.clear_evidence(story_id)
            settled.add(story_id)
    return settled


def _stories_in(bucket: str, prefix: str) -> set[str]:
    matches = (_STORY_IN_KEY.match(key) for key in clearing.keys(bucket, prefix))
    return {match[1] for match in matches if match}


def _sweep_one(story_id: str) -> bool:
    story = stories.find(story_id, "status", "execution_arn", "expires_at")
    # Who replays a state (cli/replay) clears up; past its time it was left behind.
    left_behind = is_replay(story_id) and story and story["expires_at"] <= timeline.now()
    if story is None or left_behind:
        _clear_everything(story_id)
        return True
    if is_replay(story_id):
        return False
    if story["status"] == Status.AWAITING_PHOTO:
        if story["expires_at"] > timeline.now():
            return False
        clearing.clear_uploads(story_id)
        return True
    try:
        execution = _describe(story["execution_arn"])
    except ClientError as error:
        if error_code(error) != "ExecutionDoesNotExist":
            raise
        execution = {"status": "FAILED"}
    if execution["status"] in {"RUNNING", "PENDING_REDRIVE"}:
        return False
    return _settle(
        story_id,
        ExecutionEnded(execution_arn=story["execution_arn"], status=execution["status"]),
    )
