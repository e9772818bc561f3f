"""What one user may ask for: stories a day, requests a minute."""

from __future__ import annotations

import math
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field

from api.problems import Refused
from cloud import quotas
from cloud.environment import Environment, load
from story import quota
from story.offer import QuotaView, RateView

if TYPE_CHECKING:
    from collections.abc import Iterator


class Settings(Environment):
    """How much a user may ask for."""

    daily_stories_per_user: int = Field(ge=0)
    requests_per_minute: int = Field(ge=1)


def count_request(creator: str) -> None:
    """Count a request of a user's. Raises Refused beyond the minute's."""
    now, limit = datetime.now(UTC), load(Settings).requests_per_minute
    if not quotas.count_request(creator, limit=limit, now=now):
        ends = quota.minute_ends(now)
        raise Refused(
            "rate_exceeded",
            f"At most {limit} requests a minute are answered; the next minute begins at"
            f" {ends:%H:%M} UTC.",
            retry_seconds=_until(ends, now),
            reset_at=quota.iso(ends),
        )


@contextmanager
def held(creator: str, story_id: str) -> Iterator[str]:
    """Hold one of today's stories while it is made; the day it belongs to.

    The story's record keeps the day as `quota_day`: whoever ends the story settles the hold there.
    What raises inside takes nothing. Raises Refused if today has no more.
    """
    now, limit = datetime.now(UTC), load(Settings).daily_stories_per_user
    day = quota.day_of(now)
    try:
        taken = quotas.take(creator, story_id, limit=limit, now=now)
    except quotas.Exhausted as exhausted:
        ends, (used, in_making) = quota.day_ends(day), exhausted.tally
        waiting = f", {in_making} of them in the making" if in_making else ""
        raise Refused(
            "quota_exhausted",
            f"You may make {limit} stories a day, and {used + in_making} are made{waiting}."
            " The next day begins at 00:00 UTC.",
            retry_seconds=_until(ends, now),
            reset_at=quota.iso(ends),
        ) from exhausted
    try:
        yield day
    except BaseException:
        if taken:
            quotas.give_back(creator, day, story_id)
        raise


def quota_of(creator: str, now: datetime) -> QuotaView:
    """What a user has left of today."""
    limit = load(Settings).daily_stories_per_user
    used, in_making = quota.tally(quotas.standing(creator, now))
    return QuotaView(
        limit=limit,
        used=used,
        held=in_making,
        left=max(0, limit - used - in_making),
        reset_at=quota.iso(quota.day_ends(quota.day_of(now))),
    )


def rate_of(creator: str, now: datetime) -> RateView:
    """What a user has left of this minute."""
    limit = load(Settings).requests_per_minute
    return RateView(
        limit=limit,
        left=max(0, limit - quotas.requests(creator, now)),
        reset_at=quota.iso(quota.minute_ends(now)),
    )


def _until(moment: datetime, now: datetime) -> int:
    return max(1, math.ceil((moment - now).total_seconds()))
