"""Prompts that fit a photo: pure, from the names of what it shows.

A suggestion says nothing twice: what it asks for is what story.vocabulary reads in it, as in any
prompt, and it fits a photo if the photo shows each of those motions, by suggestions.json. So no
suggestion promises waves without water, or hair without a face.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from story.generation import Motion
from story.vocabulary import read

#: As many as a phone shows beside each other, one of them for any photo.
MOST = 4


@cache
def data() -> dict[str, Any]:
    """What shows what, and what may be suggested: data beside this module."""
    loaded: dict[str, Any] = json.loads(
        Path(__file__).with_name("suggestions.json").read_text("utf-8")
    )
    return loaded


@cache
def asked(prompt: str) -> tuple[Motion, ...]:
    """The motions that a suggestion asks for, as any reader of it understands."""
    return read(prompt).motions


def shown(tags: tuple[str, ...], people: int) -> frozenset[Motion]:
    """The motions that a photo with these tags and faces has a place for."""
    known, names = data(), set(tags)
    by_tags = {motion for motion, signs in known["shown_by"].items() if not names.isdisjoint(signs)}
    hidden = {motion for motion, signs in known["hidden_by"].items() if names & set(signs)}
    by_people = set(known["shown_by_people"]) if people else set()
    return frozenset((by_tags - hidden) | by_people | set(known["anywhere"]))


def for_photo(tags: tuple[str, ...], people: int) -> tuple[str, ...]:
    """At most MOST prompts, each of which shows something new; the last fits any photo."""
    known, there = data(), shown(tags, people)
    chosen: list[str] = []
    covered: set[Motion] = set()
    waiting = [each for each in known["suggestions"] if set(asked(each)) <= there]
    while waiting and len(chosen) < MOST - 1:
        best = max(waiting, key=lambda each: len(set(asked(each)) - covered))
        if not set(asked(best)) - covered:
            break
        chosen.append(best)
        covered |= set(asked(best))
        waiting.remove(best)
    chosen += known["for_any_photo"][: max(1, MOST - 1 - len(chosen))]
    return tuple(chosen[:MOST])
