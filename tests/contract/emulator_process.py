"""A patched emulator to hold to its word, and how to wait for what it does."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from local import environments, processes, stack
from local.processes import Server
from local.stack import LocalStack

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 20
Found = TypeVar("Found")


@contextmanager
def started(folder: Path, *, strict_auth: bool) -> Iterator[LocalStack]:
    """The emulator alone; nothing here calls the other two processes."""
    (port,) = processes.free_ports(1)
    server = processes.start(
        "emulator",
        [sys.executable, "-m", "local.emulator"],
        port=port,
        health=stack.EMULATOR_HEALTH,
        directory=ROOT,
        environment=environments.of_emulator(
            port, "http://127.0.0.1:1", strict_auth=strict_auth, folder=folder
        ),
        log=folder / "emulator.log",
    )
    try:
        processes.wait_until_healthy(server, PATIENCE_SECONDS)
        absent = Server("absent", 0, "never", 1, "/", "")
        yield LocalStack(ROOT, folder, strict_auth, server, absent, absent)
    finally:
        processes.stop([server])


def eventually(look: Callable[[], Found | None]) -> Found:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"nothing within {PATIENCE_SECONDS} s"
        time.sleep(0.05)
    return found


def ended(states: Any, arn: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        described: dict[str, Any] = states.describe_execution(executionArn=arn)
        return None if described["status"] == "RUNNING" else described

    return eventually(look)
