"""`enliven report`: say that a posted story should not be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import acting
from story.review import ReportReason
from story.review_view import ReportReceived

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cli.outcome import Exit


def arguments(parser: ArgumentParser) -> None:
    """The arguments of `enliven report`."""
    acting.arguments(parser)
    parser.add_argument("--reason", required=True, choices=[each.value for each in ReportReason])
    parser.add_argument("--text", metavar="TEXT", help="for the reviewer alone")


def run(options: Namespace) -> Exit:
    """Report it; what follows is not told."""
    said: dict[str, object] = {"reason": options.reason}
    if options.text is not None:
        said["text"] = options.text
    _, raw = acting.send(options, ReportReceived, "report", said)
    return acting.tell(options, raw, "✓ the report has come; a person looks at it if it has to be")
