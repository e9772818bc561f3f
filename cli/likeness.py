"""Whether what a replay made is what the story had.

Objects are compared by their bytes: the history has their digests. Only the scratch story's id,
which is written into some of them, is read as the story's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Literal

from cli.wiring import references

Likeness = Literal["same", "differs", "unknown"]
#: The bytes of an object, by its bucket and key.
Read = Callable[[str, str], bytes]


def compare(now: Any, then: Any, ids: tuple[str, str], read: Read) -> Likeness:
    """What became of one thing; `ids` are the scratch story's and the story's.

    A reference without a digest, such as the endpoint's result, cannot be compared.
    """
    if then is None:
        return "unknown"
    objects, before = references(now), references(then)
    if not objects:
        renamed = json.loads(json.dumps(now).replace(*ids))
        return "same" if renamed == then else "differs"
    if len(objects) != len(before):
        return "differs"
    if not all("sha256" in each for each in before):
        return "unknown"
    scratch, story = (each.encode() for each in ids)
    for each, had in zip(objects, before, strict=True):
        body = read(each["bucket"], each["key"]).replace(scratch, story)
        if hashlib.sha256(body).hexdigest() != had["sha256"]:
            return "differs"
    return "same"
