"""`enliven down`: stop the local stack. Nothing that it held is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import checkout
from cli import profile as profiles
from cli.outcome import Exit
from cli.up import stack_failures

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(command: ArgumentParser) -> None:
    """`enliven down` takes none."""


def run(options: Namespace) -> Exit:  # noqa: ARG001 - every command is run the same way
    """Stop the stack and forget its profile, which points at nothing any more."""
    from local import stack  # noqa: PLC0415 - only when it is run

    with stack_failures():
        stopped = stack.stop(checkout.ROOT)
        profiles.path_of(profiles.LOCAL).unlink(missing_ok=True)
    print("✓ stopped" if stopped else "✓ nothing was running")
    return Exit.OK
