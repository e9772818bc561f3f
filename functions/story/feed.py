"""Where a posted story stands in the feed: pure.

The feed's index has a partition for each day and shard, so that one busy day is no single hot
partition; only a story that everyone may see is in them. A story that is for whoever has its link
stands in partitions beside them, which only the sweep reads.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from story import limits
from story.contracts import Visibility

#: Partitions a day: each takes a thousand posts a second, and each is a query more a page.
SHARDS = 2
LASTS = timedelta(seconds=limits.POSTED_SECONDS)
_UNLISTED = "#link"


def partition(story_id: str, posted_at: datetime, visibility: Visibility) -> str:
    """The index's partition of one story; which shard, its random id decides."""
    shard = int(story_id, 16) % SHARDS
    beside = "" if visibility == "everyone" else _UNLISTED
    return f"{_day(posted_at)}#{shard}{beside}"


def days(newest: datetime, oldest: datetime) -> Iterator[str]:
    """The days (UTC) from one moment back to another, newest first."""
    day = newest.astimezone(UTC).date()
    while day >= oldest.astimezone(UTC).date():
        yield day.isoformat()
        day -= timedelta(days=1)


def listed(day: str) -> tuple[str, ...]:
    """The partitions of a day's stories that everyone may see."""
    return tuple(f"{day}#{shard}" for shard in range(SHARDS))


def all_of(day: str) -> tuple[str, ...]:
    """The partitions of all stories that were posted on a day."""
    return (*listed(day), *(f"{each}{_UNLISTED}" for each in listed(day)))


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def iso(moment: datetime) -> str:
    """A moment as every record has it: UTC, milliseconds, fit for comparison as text."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
