"""`enliven post`: let others see a READY story, through gate 3, for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from cli import acting
from cli.words import printable
from story.contracts import Visibility
from story.view import StoryView

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cli.outcome import Exit


def arguments(parser: ArgumentParser) -> None:
    """The arguments of `enliven post`."""
    acting.arguments(parser)
    parser.add_argument(
        "--to", choices=get_args(Visibility), default="everyone", help="who may see it (everyone)"
    )
    parser.add_argument("--caption", metavar="TEXT", help="in place of the story's own")


def run(options: Namespace) -> Exit:
    """Post it; the address of its page is printed."""
    said: dict[str, object] = {"visibility": options.to}
    if options.caption is not None:
        said["caption"] = options.caption
    told, raw = acting.send(options, StoryView, "post", said)
    line = f"✓ posted until {told.expires_at}: {told.share_url}"
    return acting.tell(options, raw, printable(line))
