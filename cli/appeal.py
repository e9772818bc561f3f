"""`enliven appeal`: ask another person to look at what was decided about your story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import acting
from cli.words import printable
from story.view import StoryView

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cli.outcome import Exit


def arguments(parser: ArgumentParser) -> None:
    """The arguments of `enliven appeal`."""
    acting.arguments(parser)
    parser.add_argument("--text", required=True, help="what the reviewer should know")


def run(options: Namespace) -> Exit:
    """Appeal, once, within seven days of a decision."""
    told, raw = acting.send(options, StoryView, "appeal", {"text": options.text})
    line = f"✓ appealed; the story is {told.status}, the appeal {told.appeal}"
    return acting.tell(options, raw, printable(line))
