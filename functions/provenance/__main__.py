"""`python -m provenance COMMAND`: what concerns Content Credentials and needs no stack.

    verify FILE   what the credential of a file alone says, as JSON; the exit status is
                  0  verified: it holds, and its signer is one of the anchors'
                  2  the file, or the anchors, cannot be read
                  3  anything else: `answer` says what
    csr           a certificate request that KMS has signed

The hidden mark and the look of a clip need a stack (`enliven verify`, POST /verify).
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

_VERIFIED, _UNREADABLE, _OTHER = 0, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked for; the exit status."""
    from provenance import asking  # noqa: PLC0415 - each command imports what it needs

    parser = ArgumentParser(prog="python -m provenance", description="Content Credentials.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verify = commands.add_parser("verify", help="say what the credential of a file says, as JSON")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument(
        "--anchors", type=Path, metavar="PEM", help="certificates of whom you trust"
    )
    asking.arguments(
        commands.add_parser("csr", help="write a certificate request that KMS has signed")
    )
    options = parser.parse_args(arguments)
    return asking.run(options) if options.command == "csr" else _verify(options)


def _verify(options: Namespace) -> int:
    """Read one file, in a confined child."""
    from provenance import sandbox  # noqa: PLC0415 - the other command needs no reader
    from provenance.answer import of_credential  # noqa: PLC0415 - the same

    try:
        anchors = options.anchors.read_text("utf-8") if options.anchors else None
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{options.anchors}: {error}\n")
        return _UNREADABLE
    said = of_credential(sandbox.read(options.file, anchors))
    sys.stdout.write(said.model_dump_json(indent=2) + "\n")
    if said.credential.unreadable is not None:
        return _UNREADABLE
    return _VERIFIED if said.answer == "verified" else _OTHER


if __name__ == "__main__":
    sys.exit(main())
