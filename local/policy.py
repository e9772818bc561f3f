"""Checks the moderation policy: `python -m local.policy [FOLDER]`; a part of `make check`."""
# ruff: noqa: T201 - a command line prints

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from story.errors import PolicyInvalid
from story.policy import rows

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """0 if the files of the folder, by default the project's, are a policy; 1 says why not."""
    try:
        policy = rows.load(Path(arguments[0]) if arguments else rows.FOLDER)
    except PolicyInvalid as error:
        print(f"The moderation policy is wrong: {error}", file=sys.stderr)
        return 1
    decided = sum(len(each) for gate in policy.gates.values() for each in gate.rows.values())
    print(f"policy {policy.version}: {decided} rows at {len(policy.gates)} gates")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
