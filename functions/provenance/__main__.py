"""`python -m provenance COMMAND`: what concerns Content Credentials and needs no stack."""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from provenance import asking


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked for; the exit status."""
    parser = ArgumentParser(prog="python -m provenance", description="Content Credentials.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    request = commands.add_parser("csr", help="write a certificate request that KMS has signed")
    asking.arguments(request)
    return asking.run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
