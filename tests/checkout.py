"""The stack of this checkout, which `make up` brings up: one test at a time has it."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def own_stack() -> Iterator[dict[str, str]]:
    """An environment for commands, without what make and the test runner hand down.

    Tests of other processes wait until it is over; a stack that was up stays up.
    """
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTEST", "AWS_"))
    }
    with (ROOT / ".venv" / "own-stack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        was_up = (ROOT / ".enliven" / "profile.json").exists()
        yield clean
        subprocess.run(["make", "up" if was_up else "down"], cwd=ROOT, env=clean, check=True)
