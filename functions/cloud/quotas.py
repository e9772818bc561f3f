"""A creator's allowances in the stories table: atomic, without a lock, in a partition of their own.

    QUOTA#{creator}  DAY#{2026-11-26}           map `stories`: story id -> hold (story/quota.py)
    QUOTA#{creator}  MINUTE#{2026-11-26T09:15Z} `requests`, counted

A hold is taken by one conditional write that compares the map's size with the limit, so that
requests at once cannot take more than there is, and none of them waits for another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloud import stories
from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings
from story import quota

if TYPE_CHECKING:
    from datetime import datetime

#: A new day, what has lapsed, and others at work at the same time: more rounds are never needed.
_ROUNDS = 8
_CONDITION_FAILED = "ConditionalCheckFailedException"


class Exhausted(Exception):
    """All stories of a day are used or held; `tally` says how."""

    def __init__(self, tally: quota.Tally) -> None:
        super().__init__(f"{tally.used} used, {tally.held} held")
        self.tally = tally


def take(creator: str, story_id: str, *, limit: int, now: datetime) -> bool:
    """Hold one story of today; False if this one is held or charged already.

    Raises Exhausted if today has no more.
    """
    day = quota.day_of(now)
    for _ in range(_ROUNDS):
        if _update(
            creator,
            day,
            "SET stories.#id = :hold",
            "attribute_exists(stories) AND attribute_not_exists(stories.#id)"
            " AND size(stories) < :limit",
            values={":hold": quota.hold(now), ":limit": limit},
            names={"#id": story_id},
        ):
            return True
        holds = _read(creator, day)
        if holds is None:
            _begin(creator, day)
        elif story_id in holds:
            return False
        elif not _drop_lapsed(creator, day, holds, now) and len(holds) >= limit:
            raise Exhausted(quota.tally(holds))
    raise Exhausted(quota.tally(standing(creator, now)))


def standing(creator: str, now: datetime) -> quota.Holds:
    """Today's stories, as of now: what has lapsed is dropped."""
    day = quota.day_of(now)
    holds = _read(creator, day) or {}
    lapsed = _drop_lapsed(creator, day, holds, now)
    return {story_id: each for story_id, each in holds.items() if story_id not in lapsed}


def charge(creator: str, day: str, story_id: str) -> None:
    """The story counts, whatever has become of its hold; can be repeated."""
    _begin(creator, day)
    _update(
        creator,
        day,
        "SET stories.#id = :charged",
        "attribute_exists(stories)",
        values={":charged": {"state": quota.CHARGED}},
        names={"#id": story_id},
    )


def give_back(creator: str, day: str, story_id: str) -> None:
    """The story does not count, unless it was charged; can be repeated."""
    _update(
        creator,
        day,
        "REMOVE stories.#id",
        "stories.#id.#state = :held",
        values={":held": quota.HELD},
        names={"#id": story_id, "#state": "state"},
    )


def prolong(creator: str, day: str, story_id: str, *, now: datetime) -> None:
    """The story's form was renewed, so its hold lasts as long as a new one."""
    renewed = quota.hold(now)
    _last(creator, day, story_id, renewed["photo_until"], renewed["until"])


def keep(creator: str, day: str, story_id: str) -> None:
    """The story waits for a reviewer: its hold lasts for the rest of its day."""
    end = quota.iso(quota.day_ends(day))
    _last(creator, day, story_id, end, end)


def count_request(creator: str, *, limit: int, now: datetime) -> bool:
    """Count one more request of this minute; False, uncounted, once there are `limit`."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=_table(),
                Key=_key(creator, f"MINUTE#{quota.minute_of(now)}"),
                UpdateExpression="ADD requests :one SET #ttl = :ttl",
                ConditionExpression="attribute_not_exists(requests) OR requests < :limit",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=to_item(
                    {":one": 1, ":limit": limit, ":ttl": quota.forget_minute(now)}
                ),
            )
    except ClientError as error:
        if error_code(error) == _CONDITION_FAILED:
            return False
        raise
    return True


def requests(creator: str, now: datetime) -> int:
    """How many requests of this minute were counted."""
    found = _get(creator, f"MINUTE#{quota.minute_of(now)}")
    return int(found["requests"]) if found else 0


def _last(creator: str, day: str, story_id: str, photo_until: str, until: str) -> None:
    _update(
        creator,
        day,
        "SET stories.#id.photo_until = :photo_until, stories.#id.#until = :until",
        "stories.#id.#state = :held",
        values={":photo_until": photo_until, ":until": until, ":held": quota.HELD},
        names={"#id": story_id, "#state": "state", "#until": "until"},
    )


def _drop_lapsed(creator: str, day: str, holds: quota.Holds, now: datetime) -> set[str]:
    """Drop the holds that have lapsed; which these were."""
    dropped = set()
    for story_id in quota.doubtful(holds, now):
        each = holds[story_id]
        if quota.is_over(each, stories.find(story_id, "status", "expires_at"), now):
            _update(
                creator,
                day,
                "REMOVE stories.#id",
                # Unless it was renewed, charged or given back in between.
                "stories.#id.photo_until = :seen",
                values={":seen": each["photo_until"]},
                names={"#id": story_id},
            )
            dropped.add(story_id)
    return dropped


def _begin(creator: str, day: str) -> None:
    _update(
        creator,
        day,
        "SET stories = :none, #ttl = :ttl",
        "attribute_not_exists(stories)",
        values={":none": {}, ":ttl": quota.forget_day(day)},
        names={"#ttl": "ttl"},
    )


def _read(creator: str, day: str) -> quota.Holds | None:
    found = _get(creator, f"DAY#{day}")
    return None if found is None else found["stories"]


def _get(creator: str, sort: str) -> dict[str, Any] | None:
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=_table(), Key=_key(creator, sort), ConsistentRead=True
        )
    return from_item(answer["Item"]) if "Item" in answer else None


def _update(
    creator: str,
    day: str,
    update: str,
    condition: str,
    *,
    values: dict[str, Any],
    names: dict[str, str],
) -> bool:
    """Change a day if the condition holds; False if it does not."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=_table(),
                Key=_key(creator, f"DAY#{day}"),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=to_item(values),
            )
    except ClientError as error:
        if error_code(error) == _CONDITION_FAILED:
            return False
        raise
    return True


def _key(creator: str, sort: str) -> dict[str, Any]:
    return to_item({"pk": f"QUOTA#{creator}", "sk": sort})


def _table() -> str:
    return load(TableSettings).stories_table
