"""`python -m provenance csr`: a certificate request for a key in KMS, signed there.

    0  written      2  the subject is no name, or KMS or the file says no

For whoever has a key and no stack, or runs a ceremony elsewhere; `enliven certificate csr` takes
the key from a stack.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509

from cloud.clients import client
from provenance.certificate_request import csr

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DONE: Final = 0
REFUSED: Final = 2


def arguments(command: ArgumentParser) -> None:
    """The arguments of `python -m provenance csr`."""
    command.add_argument("--key", required=True, metavar="KEY", help="id, ARN or alias in KMS")
    command.add_argument(
        "--subject", required=True, help="RFC 4514, e.g. CN=Stories of Example,O=Example Ltd,C=GB"
    )
    command.add_argument("--out", type=Path, metavar="PEM", help="a file, else standard output")


def run(options: Namespace) -> int:
    """Ask KMS to sign a request, and write it; the exit status."""
    try:
        subject = x509.Name.from_rfc4514_string(options.subject)
    except ValueError as error:
        return _refuse(
            f"--subject {options.subject!r} is no RFC 4514 name ({error}); right is, for example,"
            " CN=Stories of Example,O=Example Ltd,C=GB"
        )
    try:
        request = csr(client("kms"), options.key, subject)
    except (ClientError, BotoCoreError, ValueError) as error:
        return _refuse(f"KMS made no request with key {options.key}: {error}")
    if options.out is None:
        sys.stdout.write(request)
        return DONE
    try:
        options.out.write_text(request, encoding="ascii")
    except OSError as error:
        return _refuse(f"{options.out}: {error.strerror}")
    sys.stderr.write(f"{options.out}: a request for {subject.rfc4514_string()}, signed in KMS\n")
    return DONE


def _refuse(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return REFUSED
