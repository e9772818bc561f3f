"""The `enliven` command: one module a subcommand, one place that turns failures into a line.

0  done: ready, valid, up              3  rejected, held for review, no valid credential
2  usage, or the file's own fault      4  failed: the story, the stack, the time
"""

from __future__ import annotations

import io
import json
import os
import sys
from argparse import ArgumentParser
from importlib import import_module, metadata
from typing import TYPE_CHECKING

from cli.outcome import CommandFailed, Exit
from cli.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Each is a module `cli.NAME` with `arguments(parser)` and `run(options)`.
COMMANDS = {
    "create": "make a video story from a photo",
    "verify": "check the Content Credentials of a file",
    "moderate": "ask the gates about a photo and words, without a stack",
    "explain": "write a page that shows all of a story",
    "replay": "run one state of a story again, without changing the story",
    "post": "let others see a story, through gate 3, for a day",
    "report": "say that a posted story should not be seen",
    "appeal": "ask another person to look at what was decided about your story",
    "review": "decide about stories that wait for a reviewer",
    "up": "start the local stack and deploy to it",
    "down": "stop the local stack",
    "doctor": "check whether this machine can run the demo",
    "block": "put photos on a stack's block lists",
    "pause": "stop making new stories, without a deployment",
    "resume": "make stories again after a pause",
    "deploy": "deploy to AWS: costs, checks, build, changes, one story",
    "destroy": "delete a stack in AWS, and say what stays",
    "costs": "what a stack costs a month, at rest and with stories",
    "capacity": "instances, waits and dollars a story for a number of stories a day",
    "certificate": "ask for, install or look at the signing certificate",
}


def version() -> str:
    """The installed version, or that of the checkout this runs from."""
    try:
        return metadata.version("enliven")
    except metadata.PackageNotFoundError:
        return "(not installed: runs from its checkout)"


def parser(arguments: Sequence[str]) -> ArgumentParser:
    """The parser; only the command that is named is imported, since some take half a second."""
    root = ArgumentParser(prog="enliven", description="Photo in, short video story out.")
    root.add_argument("--version", action="version", version=f"enliven {version()}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(
            name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
        )
        if name in arguments:
            module = import_module(f"cli.{name}")
            module.arguments(command)
            command.set_defaults(run=module.run)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; a failure is a line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows ? instead
    given = sys.argv[1:] if arguments is None else arguments
    options = None
    try:
        options = parser(given).parse_args(given)
        status: Exit = options.run(options)
        sys.stdout.flush()
    except CommandFailed as failure:
        print(f"✗ {failure.code}: {printable(failure.detail)}", file=sys.stderr)
        for line in failure.log.splitlines():
            print(f"  {printable(line)}", file=sys.stderr)
        if getattr(options, "json", False):
            document = {"error": {"code": failure.code, "detail": failure.detail}}
            print(json.dumps(failure.document | document, indent=2, ensure_ascii=False))
        return int(failure.status)
    except KeyboardInterrupt:
        print("✗ interrupted", file=sys.stderr)
        return int(Exit.INTERRUPTED)
    except OSError as error:
        # What commands open themselves they answer for; what is left is our own output. Nobody
        # who has stopped reading needs to hear of it, nor of what the interpreter still flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"✗ output_failed: {error.strerror}", file=sys.stderr)
        return int(Exit.FAILED)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
