"""`enliven explain STORY`: one page with everything that is known of a story."""

from __future__ import annotations

import os
import time
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING

from cli import naming
from cli import profile as profiles
from cli.outcome import CommandFailed, Exit
from cli.words import seconds, size

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

PURPOSE = """\
Writes one HTML page that needs no network: the photo and the video, when each state ran, what went
in and out of it, what the gates saw and scored, what the engine saw and chose, the Content
Credentials, the cost. For stories in any status. What was cleared is said to be, with the reason.

The page holds the photo, the video and the prompt: it is for the story's creator and for reviewers,
and is written so that only you can read it.
"""


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven explain`."""
    command.formatter_class = RawDescriptionHelpFormatter
    command.description = PURPOSE
    command.add_argument("story", metavar="STORY", help=naming.ARGUMENT_HELP)
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="where the page goes (out/explain-….html)"
    )
    command.add_argument(
        "--photo",
        type=Path,
        metavar="FILE",
        help="the original photo, to show where it was cleared",
    )
    command.add_argument("--profile", default=profiles.LOCAL, metavar="NAME")


def run(options: Namespace) -> Exit:
    """Write the page; raises CommandFailed when the story cannot be read."""
    began = time.monotonic()
    story_id = naming.story_id(options.story)
    out = options.out or Path("out") / f"explain-{story_id[:8]}.html"
    if out.suffix.lower() not in {".html", ".htm"} or out.is_dir():
        raise CommandFailed("usage", f"--out {out}: must name an .html file", Exit.USAGE)
    # boto3, OpenCV, c2pa: seconds that `--help` and mistakes need not pay.
    from cli.behind import open_story  # noqa: PLC0415
    from cli.dossier import gather  # noqa: PLC0415
    from cli.explained import render  # noqa: PLC0415

    behind, record = open_story(options.profile, story_id)
    root = behind.profile.root_certificate
    try:
        anchors = root.read_bytes() if root is not None else None
    except OSError as error:
        raise CommandFailed("anchors_unreadable", f"{root}: {error.strerror}") from error
    page = render(gather(behind, record, options.photo, anchors)).encode()
    _write(out, page)
    took = seconds(time.monotonic() - began)
    print(f"✓ {out} ({size(len(page))}) in {took}: {record['status']} story {story_id}")
    return Exit.OK


def _write(out: Path, page: bytes) -> None:
    """Write the page, readable by its owner only: it holds what the story holds."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        private = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(private, "wb") as file:
            out.chmod(0o600)  # also if it was there before, with another mode
            file.write(page)
    except OSError as error:
        raise CommandFailed("file_unwritable", f"{out}: {error.strerror}") from error
