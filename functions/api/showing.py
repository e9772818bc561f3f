"""A posted story as others may see it: pure. Nothing of who made it, or of what was asked for."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from story import labels, limits
from story.contracts import Credential, ObjectRef, ShownClip
from story.generation import EngineName
from story.states import Status, effective
from story.view import PostedStory, PublicCredential

Link = Callable[[Literal["video", "poster"], int], str]


class Public(Enum):
    """What a stranger may know of a story."""

    SHOWN = "shown"
    #: Is posted, for viewers alone who are known to be of an age.
    RESTRICTED = "restricted"
    #: Was posted, and waits for a reviewer.
    HIDDEN = "hidden"
    REMOVED = "removed"
    GONE = "gone"
    UNKNOWN = "unknown"


_WITHDRAWN = {Status.UNDER_REVIEW: Public.HIDDEN, Status.REMOVED: Public.REMOVED}


def publicity(record: Mapping[str, Any], now: datetime, *, age: int = 0) -> Public:
    """Whether strangers see a story now, saw it once, or never did.

    `age` is how old the viewer is known to be at least, in years: 0 of whoever has no account.
    """
    if "posted_at" not in record:
        return Public.UNKNOWN
    if "deleted_at" in record:
        return Public.GONE
    status = effective(record, now)
    if status in _WITHDRAWN:
        return _WITHDRAWN[status]
    if status is not Status.POSTED or not link_seconds(record, now):
        return Public.GONE
    return Public.RESTRICTED if age < int(record.get("age_restriction", 0)) else Public.SHOWN


def link_seconds(record: Mapping[str, Any], now: datetime) -> int:
    """For how long a link to a story's media may be good: never beyond its expiry. 0: no link."""
    status = effective(record, now)
    if status is Status.READY:
        return limits.DOWNLOAD_URL_SECONDS
    if status is not Status.POSTED:
        return 0
    # Links count whole seconds from the one that has begun, so the rest is cut off.
    left = datetime.fromisoformat(record["expires_at"]) - now
    return min(limits.DOWNLOAD_URL_SECONDS, int(left.total_seconds()))


def shown(record: Mapping[str, Any], *, link: Link, share_url: str, now: datetime) -> PostedStory:
    """One story that is SHOWN, with links for now."""
    engine = EngineName.model_validate_json(record["engine"])
    label = labels.for_engine(engine)
    credential = Credential.model_validate_json(record["credential"])
    clip = ShownClip.model_validate_json(record["clip"])
    seconds = link_seconds(record, now)
    return PostedStory(
        id=record["story_id"],
        caption=record.get("caption"),
        alt_text=clip.alt_text,
        video_url=link("video", seconds),
        poster_url=link("poster", seconds),
        width=clip.width,
        height=clip.height,
        seconds=clip.seconds,
        posted_at=record["posted_at"],
        expires_at=record["expires_at"],
        # A story made before it had a language was labelled in this one.
        label=label.words[record.get("language", labels.DEFAULT_LANGUAGE)],
        made=label.made_description(engine),
        engine=engine,
        credential=PublicCredential(
            **credential.model_dump(include=set(PublicCredential.model_fields))
        ),
        video_sha256=ObjectRef.model_validate_json(record["video"]).sha256,
        share_url=share_url,
    )
