"""Closing a story whose execution has ended, and clearing what it left.

Every step can be repeated: the status is closed first, and what follows depends only on it. An
attempt is settled for itself: a late word about it must not touch the next one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import events, executions, stories, timeline
from cloud.clients import answers, client
from settle_story import (
    charging,
    clearing,
    erasing,
    measuring,
    outcome,
    outliving,
    recording,
    restoring,
)
from story import review
from story.announcements import STORY_ENDED
from story.states import AT_WORK, ENDED, Status, is_unclaimed

if TYPE_CHECKING:
    from story.contracts import ExecutionEnded

logger = Logger(service="settle_story")

#: How long evidence is kept: for a retry, for an appeal, for a reviewer's decision.
KEEP = {
    Status.FAILED: timedelta(hours=24),
    Status.REJECTED: review.APPEAL_WINDOW,
    Status.UNDER_REVIEW: review.REVIEW_WINDOW,
    Status.REMOVED: review.APPEAL_WINDOW,
}


def settle(story_id: str, ended: ExecutionEnded, attempt: int | None = None) -> bool:
    """Close and clear a story; False if this execution never had it.

    `attempt` is what the execution was started for, where it was a retry.
    """
    story = stories.find(story_id)
    if story is None:
        erasing.erase_remains(story_id)
        return True
    if "deleted_at" in story:
        erasing.erase(story_id, story)
        return True
    if is_unclaimed(story) and attempt == int(story["attempt"]):
        return close_unclaimed(story_id, attempt)
    if story.get("execution_arn") != ended.execution_arn:
        # A repeated event, or a second upload to the same form. The execution that has the story
        # settles it; if that is over, whatever came since is nobody's.
        if story["status"] in ENDED:
            clearing.clear_uploads(story_id)
        return False
    if story["status"] in AT_WORK:
        _close(story_id, ended)
        story = stories.get(story_id)
    clear(story_id, story)
    logger.info("settled", status=story["status"], execution=ended.status)
    return True


def call_off(story_id: str, story: dict[str, Any]) -> None:
    """Stop and clear a story that is CANCELLED; it may never have had an execution."""
    if "execution_arn" in story:
        executions.stop(story["execution_arn"])
    clear(story_id, story)


def follow(story_id: str, story: dict[str, Any]) -> bool:
    """What follows from a report, an appeal or a reviewer's decision; False if nothing was done."""
    recording.record(story_id, story)
    if "restoring" in story:
        return restoring.restore(story_id, story)
    if restoring.is_withdrawn(story) or "decisions" in story:
        clear(story_id, story)
        return True
    return False


def close_unclaimed(story_id: str, attempt: int) -> bool:
    """A retry whose execution ended before it had the story: it fails, and can be tried again."""
    failed = outcome.of_execution("FAILED", None, None)
    condition = "attribute_not_exists(execution_arn) AND attempt = :attempt"
    if not _move(story_id, Status.PROCESSING, failed, condition, attempt=attempt):
        return False
    clear(story_id, stories.get(story_id))
    return True


def _close(story_id: str, ended: ExecutionEnded) -> None:
    error, cause = None, None
    if ended.status == "FAILED":
        described = describe(ended.execution_arn)
        error, cause = described.get("error"), described.get("cause")
    found = outcome.of_execution(ended.status, error, cause)
    logger.info("closing", code=found.code, error=error)
    for origin in sorted(AT_WORK):
        _move(story_id, origin, found, "execution_arn = :this", this=ended.execution_arn)


def _move(
    story_id: str, origin: Status, found: outcome.Outcome, condition: str, **given: Any
) -> bool:
    return stories.change(
        story_id,
        origin,
        found.status,
        who="settle_story",
        condition=condition,
        given=given,
        updated_at=timeline.now(),
        reasons=[{"code": found.code, "message": found.message}],
    )


def describe(execution_arn: str) -> dict[str, Any]:
    """What Step Functions says of an execution. Raises ClientError if it is not known any more."""
    with answers("Step Functions"):
        described: dict[str, Any] = client("stepfunctions").describe_execution(
            executionArn=execution_arn
        )
    return described


def clear(story_id: str, story: dict[str, Any]) -> None:
    """Clear a story that has ended, keep what its outcome says, and measure it, once an attempt."""
    status, attempt = Status(story["status"]), int(story["attempt"])
    if status not in ENDED:
        return
    charging.settle(story_id, story)
    if restoring.is_withdrawn(story):
        restoring.withdraw(story_id)
    elif "held_apart" in story:
        # The photo is where no function reads; a reviewer must not find another.
        clearing.clear_evidence(story_id)
    elif status in KEEP and "evidence_until" not in story:
        judged = status in {Status.REJECTED, Status.UNDER_REVIEW}
        if clearing.keep_evidence(story_id, attempt, judged_frames=judged):
            until = (datetime.now(UTC) + KEEP[status]).isoformat(timespec="seconds")
            stories.mark(story_id, attempt, "evidence_until", until)
    elif status not in KEEP and not story.get("legal_hold"):
        clearing.clear_evidence(story_id)
    outliving.settle(story)
    clearing.clear_uploads(story_id)
    clearing.clear_work(story_id, through=attempt)
    if status not in {Status.READY, Status.POSTED} and "restoring" not in story:
        clearing.clear_published(story_id)
    # After the clearing, which matters more; and once, however often a story is settled. Who dies
    # between the two tells again.
    if "settled_at" not in story and status in STORY_ENDED:
        events.tell(story_id, STORY_ENDED[status])
    if stories.mark(story_id, attempt, "settled_at", timeline.now()):
        measuring.tell(story_id, attempt)
