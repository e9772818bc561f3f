"""The service's objective: 99 % of stories are READY or REJECTED within five minutes. Pure.

Counted is what the service has to answer for. Not counted are stories that nobody could have
answered (the photo's own fault), that were cancelled, that got no prompt, and that wait for a
person's decision. The time that a draft waits for its creator is not the service's. A story that
the operator's pause or cap has ended counts against the objective: its creator waited for nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from story.states import Status

OBJECTIVE_SECONDS = 300.0
#: Of the counted stories, over 30 days.
OBJECTIVE_SHARE = 0.99
_ANSWERED = frozenset({Status.READY, Status.POSTED, Status.REJECTED})
_UNCOUNTED = frozenset({Status.CANCELLED, Status.EXPIRED, Status.UNDER_REVIEW})
_PHOTO = "photo_"


def took(story: Mapping[str, Any]) -> float | None:
    """Seconds from when there was all that a story needs to its end; None if it had no photo.

    That is its photo; of a draft also its prompt, of a retry the retry.
    """
    if "claimed_at" not in story:
        return None
    began = [datetime.fromisoformat(story["claimed_at"])]
    if "prompted_at" in story:
        began.append(datetime.fromisoformat(story["prompted_at"]))
    # It may have been posted since, which is no part of the wait.
    ended = datetime.fromisoformat(story.get("ready_at", story["updated_at"]))
    return (ended - max(began)).total_seconds()


def is_met(story: Mapping[str, Any]) -> bool | None:
    """Whether an ended story was answered in time; None if it does not count."""
    status, seconds = Status(story["status"]), took(story)
    codes = [str(reason["code"]) for reason in story.get("reasons", [])]
    if seconds is None or status in _UNCOUNTED or any(code.startswith(_PHOTO) for code in codes):
        return None
    return status in _ANSWERED and seconds <= OBJECTIVE_SECONDS
