"""`enliven pause`: turn the kill switch; nothing new is made until `enliven resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import account
from cli.outcome import CommandFailed, Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven pause`."""
    account.arguments(command)


def run(options: Namespace) -> Exit:
    """Close the service."""
    from cloud.switch import PAUSED, REMEMBER_SECONDS  # noqa: PLC0415 - loads boto3

    name = turn(account.target(options), PAUSED)
    print(f"⏸ {name} is paused; within {REMEMBER_SECONDS:g} s nothing new is made.")
    print("  New stories are refused with 503; a story that reaches the engine ends with a reason.")
    print("  What the endpoint already has is finished. `enliven resume` opens it again.")
    return Exit.OK


def turn(target: account.Target, value: str) -> str:
    """Write the switch of a stack; returns the stack's name."""
    if "ServiceSwitch" not in target.outputs:
        raise CommandFailed(
            "stack_outdated",
            f"stack {target.stack_name!r} has no output ServiceSwitch: it is another stack, or "
            "one of an older version; deploy it again",
        )
    with account.failures():
        target.client("ssm").put_parameter(
            Name=target.outputs["ServiceSwitch"], Value=value, Type="String", Overwrite=True
        )
    return target.stack_name
