"""What an ended story means for its creator's day: charged, given back, or still open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import quotas, stories
from story import quota
from story.states import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = Logger(service="settle_story")


def settle(story_id: str, story: Mapping[str, Any]) -> None:
    """Settle the hold of a story by its record; can be repeated, and changes nothing then."""
    if "quota_day" not in story:
        return  # made by nobody who has a quota: a replay, or before there was one
    creator, day = str(story["creator"]), str(story["quota_day"])
    status, found = Status(story["status"]), _fate(story_id, story)
    if found is quota.Fate.CHARGE:
        quotas.charge(creator, day, story_id)
    elif found is quota.Fate.GIVE_BACK:
        quotas.give_back(creator, day, story_id)
    elif status is Status.UNDER_REVIEW:
        quotas.keep(creator, day, story_id)
    logger.info("hold_settled", status=status.value, fate=found.value)


def settle_deleted(story_id: str, story: Mapping[str, Any]) -> None:
    """As `settle`, of a story that nothing will become of any more: what is open is given back."""
    if "quota_day" in story and _fate(story_id, story) is quota.Fate.KEEP:
        quotas.give_back(str(story["creator"]), str(story["quota_day"]), story_id)
    else:
        settle(story_id, story)


def _fate(story_id: str, story: Mapping[str, Any]) -> quota.Fate:
    status = Status(story["status"])
    return quota.fate(status, _rejected_by(story_id) if status is Status.REJECTED else None)


def _rejected_by(story_id: str) -> str | None:
    """The gate whose verdict ended the story: the latest that is no `allow`."""
    against = [
        each for each in stories.partition("VERDICT", story_id) if each["verdict"] != "allow"
    ]
    latest = max(against, key=lambda each: str(each["decided_at"]), default=None)
    return None if latest is None else str(latest["gate"])
