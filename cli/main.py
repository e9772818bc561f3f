"""The `enliven` command: one module a subcommand, one place that turns failures into a line.

0  ready                            3  rejected, or held for review
2  usage, or the photo's fault      4  failed: the story, the stack, the time
"""

from __future__ import annotations

import io
import json
import sys
from argparse import ArgumentParser
from importlib import metadata
from typing import TYPE_CHECKING

from cli import create
from cli.outcome import CommandFailed, Exit
from cli.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence


def version() -> str:
    """The installed version, or that of the checkout this runs from."""
    try:
        return metadata.version("enliven")
    except metadata.PackageNotFoundError:
        return "(not installed: running from the checkout)"


def parser() -> ArgumentParser:
    """Every command with its arguments; argparse itself exits with 2 on wrong ones."""
    root = ArgumentParser(prog="enliven", description="Photo in, short video story out.")
    root.add_argument("--version", action="version", version=f"enliven {version()}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("create", help="make a video story from a photo")
    create.arguments(command)
    command.set_defaults(run=create.run)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; every failure is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows ? instead
    options = parser().parse_args(arguments)
    try:
        status: Exit = options.run(options)
    except CommandFailed as failure:
        print(f"✗ {failure.code}: {printable(failure.detail)}", file=sys.stderr)
        if getattr(options, "json", False):
            error = {"code": failure.code, "detail": failure.detail}
            print(json.dumps({"error": error}, ensure_ascii=False))
        return int(failure.status)
    except KeyboardInterrupt:
        print("✗ interrupted", file=sys.stderr)
        return int(Exit.INTERRUPTED)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
