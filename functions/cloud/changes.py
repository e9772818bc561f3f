"""What a creator does to a story: give its prompt, call it off, try again, delete it.

Each is one conditional write of the record, which decides; whoever loses a race is told so, and
changes nothing. What follows outside of the table follows afterwards, and again from the sweep if
this function ends before (cloud/intents.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cloud import drafts, executions, intents, stories, timeline
from cloud.events import tell as _tell
from cloud.intents import Intent
from story.announcements import STORY_CLOSED, STORY_DELETED
from story.errors import DependencyUnavailable
from story.states import Status, allowed, effective, is_unclaimed

if TYPE_CHECKING:
    from story.generation import Preset

#: A story moves a few times at most between being read and being written.
_ROUNDS = 6
_CANCELLED = {"code": "cancelled", "message": "The story was cancelled."}


class NotAllowed(Exception):
    """The story's status, as of now, does not allow this."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"The story is {status}")
        self.status = status


class NotYet(NotAllowed):
    """It will in a moment: what the last attempt left is being cleared."""


class PhotoNotKept(NotAllowed):
    """A failed story whose photo is not kept, or not any more."""


def give_prompt(story_id: str, *, prompt: str, people_consent: bool, preset: Preset | None) -> None:
    """Give a draft its words, once; the same words again change nothing and are told again.

    Raises NotAllowed.
    """
    given: dict[str, Any] = {"prompt": prompt, "people_consent": people_consent}
    if preset is not None:
        given["preset"] = preset
    record = stories.get(story_id)
    status = effective(record, _now())
    if status is Status.AWAITING_PROMPT:
        intents.note(story_id, Intent.PROMPT)
        now = timeline.now()
        stories.change(
            story_id,
            Status.AWAITING_PROMPT,
            Status.PROCESSING,
            who="api.putPrompt",
            condition="prompt_until > :now",
            given={"now": now},
            draft=False,
            prompted_at=now,
            updated_at=now,
            **given,
        )
        record = stories.get(story_id)
        status = effective(record, _now())
    taken = "prompted_at" in record and all(
        record.get(name) == said for name, said in given.items()
    )
    if not taken or status in {Status.CANCELLED, Status.EXPIRED}:
        raise NotAllowed(status)
    if status is Status.PROCESSING:
        drafts.resume(story_id)


def cancel(story_id: str) -> None:
    """Call a story off, whatever is being done to it; one that was called off stays so.

    Raises NotAllowed for a story that has ended otherwise.
    """
    for _ in range(_ROUNDS):
        status = effective(stories.get(story_id), _now())
        if status is not Status.CANCELLED:
            if not allowed(status, Status.CANCELLED, "api.cancelStory"):
                raise NotAllowed(status)
            intents.note(story_id, Intent.CANCEL)
            moved = stories.change(
                story_id,
                status,
                Status.CANCELLED,
                who="api.cancelStory",
                removed=("review_queue", "review_since", "claim_by", "claim_until"),
                updated_at=timeline.now(),
                reasons=[_CANCELLED],
            )
            if not moved:
                continue
        _stop(story_id)
        _tell(story_id, STORY_CLOSED)
        return
    raise DependencyUnavailable(f"{story_id} changed {_ROUNDS} times while it was called off")


def retry(story_id: str, *, quota_day: str) -> None:
    """Make a failed story's next attempt from its kept photo; a retry that was begun is finished.

    quota_day: the day whose allowance holds the attempt.

    Raises NotAllowed, NotYet, PhotoNotKept.
    """
    record = stories.get(story_id)
    attempt = int(record["attempt"])
    if is_unclaimed(record):
        executions.start_retry(story_id, attempt)
        return
    status = effective(record, _now())
    if status is not Status.FAILED:
        raise NotAllowed(status)
    if "settled_at" not in record:
        raise NotYet(status)
    until = record.get("evidence_until")
    if until is None or datetime.fromisoformat(until) <= _now():
        raise PhotoNotKept(status)
    intents.note(story_id, Intent.RETRY)
    moved = stories.change(
        story_id,
        Status.FAILED,
        Status.PROCESSING,
        who="api.retryStory",
        condition="attempt = :was AND evidence_until = :until AND attribute_exists(settled_at)",
        given={"was": attempt, "until": until},
        removed=("execution_arn", "evidence_until", "settled_at", "reasons"),
        attempt=attempt + 1,
        quota_day=quota_day,
        updated_at=timeline.now(),
    )
    if not moved:
        record = stories.get(story_id)
        if not is_unclaimed(record):
            raise NotAllowed(effective(record, _now()))
    executions.start_retry(story_id, attempt + 1)


def delete(story_id: str, *, by: str) -> None:
    """Delete a story: from now on it is nobody's; settle_story erases what there is of it."""
    intents.note(story_id, Intent.DELETE)
    stories.mark_deleted(story_id, by=by, at=timeline.now())
    _stop(story_id)
    _tell(story_id, STORY_DELETED)


def _stop(story_id: str) -> None:
    """Read again: an execution may have claimed the story just before it was called off."""
    record = stories.find(story_id, "status", "execution_arn")
    if record and "execution_arn" in record:
        executions.stop(record["execution_arn"])


def _now() -> datetime:
    return datetime.now(UTC)
