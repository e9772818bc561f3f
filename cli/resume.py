"""`enliven resume`: open the kill switch again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import account
from cli.outcome import Exit
from cli.pause import turn

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven resume`."""
    account.arguments(command)


def run(options: Namespace) -> Exit:
    """Open the service."""
    from cloud.switch import OPEN, REMEMBER_SECONDS  # noqa: PLC0415 - loads boto3

    name = turn(account.target(options), OPEN)
    print(f"▶ {name} is open; within {REMEMBER_SECONDS:g} s stories can be made.")
    return Exit.OK
