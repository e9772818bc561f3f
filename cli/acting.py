"""One act on one story, as the profile's user: what post, report and appeal have in common."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from cli import profile as profiles
from cli.client import Deadline, StoriesApi
from cli.outcome import CommandFailed, Exit
from cli.words import printable
from story.identifiers import STORY_ID

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cli.client import Answer

_TIMEOUT_SECONDS = 60.0
#: Of what was given in place of an id, so many characters are told.
_SHOWN = 40


def arguments(parser: ArgumentParser) -> None:
    """Which story, as whom, and how it is told."""
    parser.add_argument("story", metavar="STORY", help="its id")
    parser.add_argument("--profile", default=profiles.LOCAL, metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print what the API answers")


def require_story(given: str) -> None:
    """Raises CommandFailed if that is no story's id."""
    if not STORY_ID.fullmatch(given):
        raise CommandFailed(
            "story_not_found",
            f"{printable(given[:_SHOWN])!r} is no story's id: 32 lower-case hexadecimal digits",
            Exit.USAGE,
        )


def send(
    options: Namespace, model: type[Answer], act: str, said: dict[str, object]
) -> tuple[Answer, bytes]:
    """The answer to POST /stories/{id}/{act}, parsed and as it came. Raises CommandFailed."""
    require_story(options.story)
    with closing(StoriesApi(profiles.load(options.profile), Deadline(_TIMEOUT_SECONDS))) as api:
        return api.call(model, "POST", f"/stories/{options.story}/{act}", said)


def tell(options: Namespace, raw: bytes, line: str) -> Exit:
    """Print the line, or what the API answered."""
    print(raw.decode() if options.json else line)
    return Exit.OK
