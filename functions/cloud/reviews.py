"""The reviewers' queue: what waits, who has it, and what was decided. Each act is one write.

A story that waits carries `review_queue` (how urgent) and `review_since`, the keys of the sparse
index; a reviewer who looks at it has it for a quarter of an hour (`claim_by`, `claim_until`). A
decision is taken only by who has the story, so no two are taken at once; it is kept in the
record's `decisions`, and settle_story does what follows from it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cloud import audit, executions, intents, stories, telemetry
from cloud.events import tell
from cloud.intents import Intent
from story import feed, review
from story.announcements import STORY_DECIDED
from story.states import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

_WAITING = ("review_queue", "review_since", "claim_by", "claim_until")


class Refusal(Exception):
    """A reviewer may not do this; the message says why."""


class NotWaiting(Refusal):
    """There is no such story for a reviewer to look at."""


class NotYours(Refusal):
    """The reviewer has an interest in the story."""


class Taken(Refusal):
    """Another reviewer has the story, or nobody has claimed it."""


class NotDecidable(Refusal):
    """The decision is none for a story of this kind."""


class NotYet(Refusal):
    """It will be possible in a moment."""


def find(story_id: str) -> dict[str, Any]:
    """The record of a story that waits for a reviewer. Raises NotWaiting."""
    record = stories.find(story_id)
    if record is None or review.kind(record) is None:
        raise NotWaiting(f"No story {story_id} waits for a reviewer.")
    return record


def claim(story_id: str, reviewer: str, now: datetime) -> None:
    """Take a story for a quarter of an hour, or for another one. Raises NotYours, Taken."""
    record = find(story_id)
    against = review.conflict(record, reviewer)
    if against is not None:
        raise NotYours(against)
    moment = feed.iso(now)
    if not stories.amend(
        story_id,
        "attribute_exists(review_queue)"
        " AND (attribute_not_exists(claim_by) OR claim_by = :claim_by OR claim_until <= :now)",
        given={"now": moment},
        claim_by=reviewer,
        claim_until=feed.iso(now + review.LEASE),
    ):
        raise Taken("Another reviewer has this story; it is free once their time is over.")
    audit.append(story_id, "claimed", at=moment, by=reviewer)


def release(story_id: str, reviewer: str, now: datetime) -> None:
    """Give a story back to the queue; one that is not this reviewer's stays as it is."""
    if stories.amend(
        story_id,
        "claim_by = :me",
        given={"me": reviewer},
        removed=("claim_by", "claim_until"),
    ):
        audit.append(story_id, "released", at=feed.iso(now), by=reviewer)


class Decided(NamedTuple):
    """What a reviewer says."""

    decision: review.Decision
    reason: str
    categories: tuple[str, ...]


def decide(story_id: str, reviewer: str, said: Decided, now: datetime) -> None:
    """Take a decision about a story that the reviewer has. Raises a Refusal."""
    record = find(story_id)
    against = review.conflict(record, reviewer)
    if against is not None:
        raise NotYours(against)
    if review.claimed_by(record, now) != reviewer:
        raise Taken("Claim the story first; a claim lasts for fifteen minutes.")
    kind = review.kind(record)
    if kind is None or said.decision not in review.DECISIONS[kind]:
        possible = sorted(review.DECISIONS[kind]) if kind else []
        raise NotDecidable(f"A story of the kind {kind!r} can be decided by: {', '.join(possible)}")
    if "settled_at" not in record:
        raise NotYet("What it was judged on is being put aside. Try again in a second.")
    intents.note(story_id, Intent.DECIDE)
    entry = _entry(record, reviewer, said, kind, now)
    if not _write(story_id, record, entry, now):
        raise Taken("The story has changed meanwhile; claim it again.")
    waited = (now - datetime.fromisoformat(record["review_since"])).total_seconds()
    telemetry.emit("ReviewSeconds", waited, kind=kind, decision=said.decision)
    moved = stories.find(story_id, "status", "attempt", "execution_arn")
    if moved and moved["status"] == Status.PROCESSING and "execution_arn" not in moved:
        executions.start_retry(story_id, int(moved["attempt"]))
    tell(story_id, STORY_DECIDED)


def _entry(
    record: Mapping[str, Any], reviewer: str, said: Decided, kind: str, now: datetime
) -> dict[str, Any]:
    number = len(record.get("decisions", [])) + 1
    return {
        "id": f"{record['story_id']}-d{number}",
        "at": feed.iso(now),
        "by": reviewer,
        "kind": kind,
        "decision": said.decision,
        "reason": said.reason,
        "categories": list(said.categories),
        "attempt": int(record["attempt"]),
    }


def _write(story_id: str, record: Mapping[str, Any], entry: dict[str, Any], now: datetime) -> bool:
    """The one write that decides; only while the reviewer still has the story as it was read."""
    moment = feed.iso(now)
    condition = (
        "claim_by = :me AND claim_until > :now AND attempt = :seen AND review_since = :since"
    )
    given: dict[str, Any] = {
        "me": entry["by"],
        "now": moment,
        "seen": int(record["attempt"]),
        "since": record["review_since"],
    }
    common = {"decisions": [*record.get("decisions", []), entry], "updated_at": moment}
    kept = feed.iso(now + review.APPEAL_WINDOW)
    match entry["decision"]:
        case "allow":
            return stories.change(
                story_id,
                Status.UNDER_REVIEW,
                Status.PROCESSING,
                who="review.allow",
                condition=f"{condition} AND evidence_until > :now",
                given=given,
                removed=(*_WAITING, *_OF_THE_ATTEMPT),
                **common,
                **_anew(record, entry),
            )
        case "reject":
            return stories.change(
                story_id,
                Status.UNDER_REVIEW,
                Status.REJECTED,
                who="review.reject",
                condition=condition,
                given=given,
                removed=_WAITING,
                **common,
                evidence_until=kept,
            )
        case "remove":
            return stories.change(
                story_id,
                Status.UNDER_REVIEW,
                Status.REMOVED,
                who="review.remove",
                condition=condition,
                given=given,
                removed=_WAITING,
                **common,
                evidence_until=kept,
                reasons=[_told(entry)],
            )
        case "restore":
            return stories.amend(
                story_id,
                f"#status = :held AND {condition}",
                given={**given, "held": Status.UNDER_REVIEW.value},
                removed=_WAITING,
                **common,
                restoring=True,
            )
        case "uphold":
            # Nothing is kept any longer: this was the last word.
            return stories.amend(
                story_id,
                condition,
                given=given,
                removed=_WAITING,
                **common,
                appeal_outcome="upheld",
                evidence_until=moment,
            )
        case _:
            return _overturn(story_id, record, entry, condition, given, common)


def _overturn(  # noqa: PLR0917 - what _write has prepared
    story_id: str,
    record: Mapping[str, Any],
    entry: dict[str, Any],
    condition: str,
    given: dict[str, Any],
    common: dict[str, Any],
) -> bool:
    if record["status"] == Status.REMOVED:
        return stories.change(
            story_id,
            Status.REMOVED,
            Status.UNDER_REVIEW,
            who="review.reinstate",
            condition=condition,
            given=given,
            removed=(*_WAITING, "reasons"),
            **common,
            restoring=True,
            appeal_outcome="overturned",
        )
    return stories.change(
        story_id,
        Status.REJECTED,
        Status.PROCESSING,
        who="review.overturn",
        condition=f"{condition} AND evidence_until > :now",
        given=given,
        removed=(*_WAITING, *_OF_THE_ATTEMPT),
        **common,
        **_anew(record, entry),
        appeal_outcome="overturned",
    )


#: What belongs to the attempt that was judged, as for a retry.
_OF_THE_ATTEMPT = ("execution_arn", "evidence_until", "settled_at", "reasons")


def _anew(record: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The next attempt, and what it is not judged by any more."""
    override = {"decision": entry["id"], "categories": entry["categories"]}
    return {
        "attempt": int(record["attempt"]) + 1,
        "overrides": [*record.get("overrides", []), override],
    }


def _told(entry: Mapping[str, Any]) -> dict[str, str]:
    told = [
        review.WEIGHTS[review.ReportReason(each)].told
        for each in entry["categories"]
        if each in set(review.ReportReason)
    ]
    return {"code": "removed", "message": " ".join(["A reviewer has removed it.", *told])}
