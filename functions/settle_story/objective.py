"""The service's objective: 99 % of stories are READY or REJECTED within five minutes. Pure.

Counted is what the service has to answer for. Not counted are stories that nobody could have
answered (the photo's own fault), that were cancelled, and that wait for a person's decision. A
story that the operator's pause or cap has ended counts against the objective: its creator waited
for nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from story.states import Status

OBJECTIVE_SECONDS = 300.0
#: Of the counted stories, over 30 days.
OBJECTIVE_SHARE = 0.99
_ANSWERED = frozenset({Status.READY, Status.POSTED, Status.REJECTED})
_UNCOUNTED = frozenset({Status.CANCELLED, Status.UNDER_REVIEW})
_PHOTO = "photo_"


def took(story: Mapping[str, Any]) -> float | None:
    """Seconds from the photo's arrival to the story's end; None for a story without a photo."""
    if "claimed_at" not in story:
        return None
    # It may have been posted since, which is no part of the wait.
    ended = story.get("ready_at", story["updated_at"])
    span = datetime.fromisoformat(ended) - datetime.fromisoformat(story["claimed_at"])
    return span.total_seconds()


def is_met(story: Mapping[str, Any]) -> bool | None:
    """Whether an ended story was answered in time; None if it does not count."""
    status, seconds = Status(story["status"]), took(story)
    codes = [str(reason["code"]) for reason in story.get("reasons", [])]
    if seconds is None or status in _UNCOUNTED or any(code.startswith(_PHOTO) for code in codes):
        return None
    return status in _ANSWERED and seconds <= OBJECTIVE_SECONDS
