"""Long-lived processes of the laptop stack: started, recognised again, waited for and stopped.

A process is known by its id *and* its start time, so that a reused id is never signalled.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LOG_TAIL_LINES = 25
_STOP_SECONDS = 8.0
_POLL_SECONDS = 0.05
_PROBE_SECONDS = 2.0


@dataclass(frozen=True)
class _Child:
    process: subprocess.Popen[bytes]
    started: str


#: Children of this interpreter by process id, kept so that they can be reaped when they end.
_children: dict[int, _Child] = {}


class StackError(Exception):
    """The laptop stack cannot do what was asked; the message says why."""


@dataclass(frozen=True)
class Server:
    """One running process that listens on a port, of the loopback unless it says otherwise."""

    name: str
    pid: int
    #: As the system reports it; only ever compared with itself.
    started: str
    port: int
    #: Path of the health check.
    health: str
    log: str
    host: str = LOOPBACK

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        known = _children.get(self.pid)
        if known is not None and known.started == self.started:
            # A child whose main thread has ended shows as a zombie while others still run.
            return known.process.poll() is None
        return start_time(self.pid) == self.started

    def is_healthy(self) -> bool:
        """Whether it runs and answers its health check."""
        return self.is_alive() and _answers(self.url + self.health)


def start_time(pid: int) -> str | None:
    """When a process started, or None if it does not run (a zombie does not)."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        # Fields after the command, which may itself hold blanks and brackets: state is the first
        # of them and starttime, in clock ticks since boot, the 20th (proc(5)).
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    listed = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return None if not listed or listed.startswith("Z") else listed.split(maxsplit=1)[1]


def free_ports(count: int, host: str = LOOPBACK) -> list[int]:
    """Distinct ports of an address of this machine that nothing listens on now."""
    with contextlib.ExitStack() as open_sockets:
        ports = []
        for _ in range(count):
            listener = open_sockets.enter_context(socket.socket())
            listener.bind((host, 0))
            ports.append(int(listener.getsockname()[1]))
        return ports


def start(
    name: str,
    arguments: Sequence[str],
    *,
    port: int,
    health: str,
    directory: Path,
    environment: Mapping[str, str],
    log: Path,
    host: str = LOOPBACK,
) -> Server:
    """Start a process in a session of its own; its output goes to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(
            arguments,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = start_time(child.pid)
    if started is None:
        child.wait()
        raise StackError(f"{name} ended at once\n{log_tail(log)}")
    _children[child.pid] = _Child(child, started)
    return Server(name, child.pid, started, port, health, str(log), host)


def wait_until_healthy(server: Server, seconds: float) -> None:
    """Wait for the first good answer.

    Raises StackError, with the end of the log, if the process ends or the time is up.
    """
    deadline = time.monotonic() + seconds
    while not _answers(server.url + server.health):
        if not server.is_alive():
            raise StackError(f"{server.name} ended while starting\n{log_tail(Path(server.log))}")
        if time.monotonic() >= deadline:
            raise StackError(
                f"{server.name} gave no good answer on {server.url}{server.health} within "
                f"{seconds:g} s\n{log_tail(Path(server.log))}"
            )
        time.sleep(_POLL_SECONDS)


def stop(servers: Sequence[Server]) -> None:
    """Stop processes and their children: asked first, forced after a few seconds.

    Raises StackError for a process that cannot be ended.
    """
    for server in servers:
        _signal(server, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while any(server.is_alive() for server in servers) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    for server in servers:
        if server.is_alive():
            _signal(server, signal.SIGKILL)
    deadline = time.monotonic() + _STOP_SECONDS
    for server in servers:
        while server.is_alive():
            if time.monotonic() >= deadline:
                raise StackError(f"{server.name} (process {server.pid}) does not end")
            time.sleep(_POLL_SECONDS)
        child = _children.get(server.pid)
        if child is not None and child.started == server.started:
            del _children[server.pid]


def log_tail(log: Path) -> str:
    """The last lines of a log, headed by its path."""
    lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    return "\n".join([f"--- {log}", *lines])


def _signal(server: Server, number: signal.Signals) -> None:
    """Signal a process and the workers it started, which share its session's group."""
    if server.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, number)


def _answers(url: str) -> bool:
    # An opener of its own: a proxy from the environment must not answer for this machine's port.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_PROBE_SECONDS) as response:
            return bool(response.status == 200)  # noqa: PLR2004 - OK
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
