"""A creator's allowances: stories a day and requests a minute, both in UTC. Pure.

A day's stories are a map, story id -> hold. A hold is `held` from the moment the story is made and
`charged` once it is certain that it counts; what is given back leaves the map. So the size of the
map is what is used up, and one conditional write can compare it with the limit.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from story import limits
from story.states import ENDED, Status

HELD, CHARGED = "held", "charged"
#: Longer than an execution may take: what is held for longer was lost, and lapses.
AT_WORK_SECONDS = 4 * 60 * 60
#: Everything about a day is forgotten this long after it has begun.
_REMEMBERED = timedelta(days=3)
_REMEMBERED_MINUTES = timedelta(hours=1)

Holds = Mapping[str, Mapping[str, Any]]


class Tally(NamedTuple):
    """Of one day: stories that count for certain, and stories that are still in the making."""

    used: int
    held: int


class Fate(StrEnum):
    """What becomes of a hold."""

    CHARGE = "charge"
    GIVE_BACK = "give back"
    KEEP = "keep"


def day_of(now: datetime) -> str:
    """The day that a hold belongs to: that on which it is taken, however long the story takes."""
    return f"{now.astimezone(UTC):%Y-%m-%d}"


def minute_of(now: datetime) -> str:
    """The minute that a request is counted in."""
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M}Z"


def day_ends(day: str) -> datetime:
    """The midnight that ends a day."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)


def minute_ends(now: datetime) -> datetime:
    """The end of the minute that a request is counted in."""
    return now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def forget_day(day: str) -> int:
    """When DynamoDB may delete a day, as seconds since 1970."""
    return int((day_ends(day) + _REMEMBERED).timestamp())


def forget_minute(now: datetime) -> int:
    """When DynamoDB may delete a minute, as seconds since 1970."""
    return int((now + _REMEMBERED_MINUTES).timestamp())


def hold(
    now: datetime, form: timedelta = timedelta(seconds=limits.UPLOAD_FORM_SECONDS)
) -> dict[str, str]:
    """A new hold of a story whose photo may come while `form` lasts."""
    photo_until = now + form
    return {
        "state": HELD,
        "photo_until": iso(photo_until),
        "until": iso(photo_until + timedelta(seconds=AT_WORK_SECONDS)),
    }


def tally(holds: Holds) -> Tally:
    """What counts of a day whose lapsed holds are gone."""
    charged = sum(each["state"] == CHARGED for each in holds.values())
    return Tally(charged, len(holds) - charged)


def doubtful(holds: Holds, now: datetime) -> Iterator[str]:
    """Stories whose hold may be over: no photo can come any more, or all time has passed.

    Most of them are at work; only the story's own record tells (see `is_over`).
    """
    for story_id, each in holds.items():
        if each["state"] == HELD and datetime.fromisoformat(each["photo_until"]) <= now:
            yield story_id


def is_over(each: Mapping[str, Any], story: Mapping[str, Any] | None, now: datetime) -> bool:
    """Whether a doubtful hold has lapsed, by its story's record (`status`, `expires_at`).

    A story that ended is settled by whoever ended it; if that never came, it lapses with the rest.
    """
    if story is None or datetime.fromisoformat(each["until"]) <= now:
        return True
    if story["status"] == Status.AWAITING_PHOTO:
        return datetime.fromisoformat(story["expires_at"]) <= now
    return Status(story["status"]) in {Status.FAILED, Status.CANCELLED, Status.EXPIRED}


def fate(status: Status, rejected_by: str | None = None) -> Fate:
    """What a story's end means for its hold.

    status: of the story now; rejected_by: the gate whose verdict ended it. A rejection of the
    photo or the words stays charged, or asking would be a free way to find out what passes. A
    story that waits for a reviewer is kept: the decision settles it.
    """
    if status in {Status.READY, Status.POSTED, Status.REMOVED}:
        return Fate.CHARGE
    if status is Status.REJECTED:
        return Fate.GIVE_BACK if rejected_by == "video" else Fate.CHARGE
    if status not in ENDED or status is Status.UNDER_REVIEW:
        return Fate.KEEP
    return Fate.GIVE_BACK


def iso(moment: datetime) -> str:
    """A moment as every record has it: UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
