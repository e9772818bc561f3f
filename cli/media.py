"""Where an object of a story still is, and why it is gone where it is not.

The service's promise: uploads and intermediates are removed when a story ends; what its outcome
asks to keep is in the evidence bucket, until a day that the record names.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from story.limits import MAX_CLIP_BYTES
from story.states import ENDED, Status

if TYPE_CHECKING:
    from cli.behind import Behind

PLACES = {
    "work": "the work bucket",
    "evidence": "the evidence bucket",
    "stories": "the stories bucket",
}


class Found(NamedTuple):
    """An object's bytes and where they were."""

    body: bytes
    bucket: str
    key: str
    #: One of PLACES.
    place: str


def find(behind: Behind, story_id: str, reference: dict[str, Any]) -> Found | None:
    """The object of a reference, where it was written or where it was kept; None if it is gone.

    A reference with a digest finds only those very bytes.
    """
    name = reference["key"].rsplit("/", 1)[1]
    kept = f"{story_id}/{name}"
    places = [
        (reference["bucket"], reference["key"]),
        (behind.bucket("evidence"), kept),
    ]
    if name == "poster.jpg":
        places.append((behind.bucket("stories"), kept))
    for bucket, key in dict.fromkeys(places):
        body = behind.read(bucket, key, MAX_CLIP_BYTES)
        if body is not None and is_same(body, reference):
            return Found(body, bucket, key, _place(behind, bucket))
    return None


def is_same(body: bytes, reference: dict[str, Any]) -> bool:
    """Whether bytes are those that a reference pins; one without a digest pins none."""
    expected = reference.get("sha256")
    return expected is None or hashlib.sha256(body).hexdigest() == expected


def _place(behind: Behind, bucket: str) -> str:
    return next((name for name in PLACES if behind.bucket(name) == bucket), bucket)


def why_gone(record: dict[str, Any]) -> str:
    """Why intermediates of a story are not there any more; goes on after "gone: …; "."""
    status = Status(record["status"])
    if status not in ENDED:
        return f"the story is {status}, and what is not there has not been made yet"
    until = record.get("evidence_until")
    ended = f"{status}, {when(record['updated_at'])}"
    cleared = f"uploads and intermediates are cleared when a story ends ({ended})"
    if until is None:
        return cleared
    if datetime.fromisoformat(until) > datetime.now(UTC):
        return f"{cleared}; evidence is kept until {when(until)}, but only what its outcome needs"
    return f"{cleared}, and its evidence was kept until {when(until)}"


def when(moment: str) -> str:
    """A moment of a record as people read it, e.g. 26 Nov 2026, 07:10:29 UTC."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")
