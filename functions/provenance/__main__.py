"""`python -m provenance verify FILE`: what the credential of a file alone says, as JSON.

    0  verified: it holds, and its signer is one of the anchors'
    2  the file, or the anchors, cannot be read
    3  anything else: `answer` says what

A stack is not asked: the hidden mark and the look of a clip need one (`enliven verify`, POST
/verify). The file is read in a confined child.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

from provenance import sandbox
from provenance.answer import of_credential

_VERIFIED, _UNREADABLE, _OTHER = 0, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Read one file; the exit status."""
    parser = ArgumentParser(prog="python -m provenance", description="Content Credentials.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verify = commands.add_parser("verify", help="say what the credential of a file says, as JSON")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument(
        "--anchors", type=Path, metavar="PEM", help="certificates of whom you trust"
    )
    options = parser.parse_args(arguments)
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
