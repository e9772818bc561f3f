"""`enliven block`: put photos on a deployed stack's block lists, from a file of hashes.

Each line is `sha256:` or `pdq:` and 64 hexadecimal digits; empty lines and those that begin with #
are passed over. A file with a wrong line changes nothing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.outcome import CommandFailed, Exit
from cloud import blocklist

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_LINE: Final = re.compile(r"(sha256|pdq):([0-9a-f]{64})")


def arguments(parser: ArgumentParser) -> None:
    """Which table, which list, which file."""
    parser.add_argument("file", type=Path, help="one hash a line: sha256:… or pdq:…")
    parser.add_argument("--table", required=True, help="the stories table (output StoriesTable)")
    parser.add_argument(
        "--list",
        choices=blocklist.LISTS,
        required=True,
        help="illegal: held, never reviewed, operators are told; banned: rejected",
    )


def run(options: Namespace) -> Exit:
    """Add every hash of the file; the file as a whole is checked first."""
    entries = read(options.file)
    os.environ["STORIES_TABLE"] = options.table
    for kind, digest in entries:
        (blocklist.add_sha256 if kind == "sha256" else blocklist.add_pdq)(digest, options.list)
    print(f"{len(entries)} hashes are on the list {options.list} of {options.table}")
    return Exit.OK


def read(path: Path) -> list[tuple[str, str]]:
    """(kind, digest) of every line. Raises CommandFailed for a line that is neither."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed("file_unreadable", f"{path}: {error}", Exit.USAGE) from error
    found = []
    for number, line in enumerate(lines, start=1):
        said = line.strip().lower()
        if not said or said.startswith("#"):
            continue
        match = _LINE.fullmatch(said)
        if match is None:
            raise CommandFailed(
                "line_invalid",
                f"{path}, line {number}: {line[:80]!r}; it must be sha256: or pdq: and 64 "
                "hexadecimal digits. Nothing was added.",
                Exit.USAGE,
            )
        found.append((match[1], match[2]))
    return found
