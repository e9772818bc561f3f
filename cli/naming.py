"""What a STORY argument names: an id, or the record that `enliven create` wrote beside a video."""

from __future__ import annotations

import json
from pathlib import Path

from cli.outcome import CommandFailed, Exit
from story.identifiers import STORY_ID

ARGUMENT_HELP = "the story's id, or the .json that `enliven create` wrote beside the video"
MAX_RECORD_BYTES = 1_000_000


def story_id(named: str) -> str:
    """The id of the story that is meant. Raises CommandFailed (exit status 2) if there is none."""
    if STORY_ID.fullmatch(named):
        return named
    if not named.endswith(".json"):
        raise CommandFailed(
            "usage",
            f"{named[:80]!r} is no story's id: 32 digits and letters from a to f, as "
            "`enliven create` prints it, or the .json that it wrote",
            Exit.USAGE,
        )
    try:
        with Path(named).open("rb") as file:
            found = json.loads(file.read(MAX_RECORD_BYTES))["id"]
    except OSError as error:
        raise CommandFailed("usage", f"{named}: {error.strerror}", Exit.USAGE) from error
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str) or not STORY_ID.fullmatch(found):
        raise CommandFailed(
            "usage", f"{named}: this is not the record of a story: it has no story's id", Exit.USAGE
        )
    return found
