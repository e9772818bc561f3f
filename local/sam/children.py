"""Child processes that end with their parent, however it ends."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from local.processes import log_tail
from local.sam.failure import SamError

_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.1


def bound(arguments: Sequence[str | Path]) -> list[str | Path]:
    """A command that the kernel kills when its parent is gone, where Linux's tools are at hand."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [*((setpriv, "--pdeathsig", "KILL") if setpriv else ()), *arguments]


@contextlib.contextmanager
def running(
    name: str,
    arguments: Sequence[str | Path],
    *,
    log: Path,
    ready: Callable[[], bool],
    seconds: float,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process until the block is left; enters once it is ready.

    Raises SamError, with the end of the log, if it ends before or is not ready in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            bound(arguments),
            cwd=directory,
            env=dict(os.environ if environment is None else environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + seconds
        while not ready():
            if process.poll() is not None:
                raise SamError(f"{name} ended while starting\n{log_tail(log)}")
            if time.monotonic() >= deadline:
                raise SamError(f"{name} was not ready within {seconds:g} s\n{log_tail(log)}")
            time.sleep(_POLL_SECONDS)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process by its id: asked first, forced after a while."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stop_children(process: subprocess.Popen[bytes]) -> None:
    """Ask the children of a process to end, by their ids, and wait until it ends with them."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    with contextlib.suppress(OSError):  # it has ended already
        for child in listed.read_text().split():
            os.kill(int(child), signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
