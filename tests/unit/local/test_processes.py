import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes
from local.processes import Server, StackError

SLEEPER = "import time; print('started', flush=True); time.sleep(60)"


def begin(folder: Path, program: str) -> Server:
    (port,) = processes.free_ports(1)
    return processes.start(
        "sleeper",
        [sys.executable, "-c", program],
        port=port,
        health="/ping",
        directory=folder,
        environment={"PATH": os.environ["PATH"]},
        log=folder / "logs" / "sleeper.log",
    )


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Server]:
    server = begin(tmp_path, SLEEPER)
    yield server
    processes.stop([server])


def test_a_started_process_is_alive_until_it_is_stopped(tmp_path: Path) -> None:
    server = begin(tmp_path, SLEEPER)
    assert server.is_alive()
    processes.stop([server])
    assert not server.is_alive()
    assert processes.start_time(server.pid) is None


def test_a_process_that_ignores_the_polite_signal_is_ended_all_the_same(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    server = begin(tmp_path, stubborn)
    processes.stop([server])
    assert not server.is_alive()


def test_another_process_with_the_same_id_is_neither_alive_nor_stopped(sleeper: Server) -> None:
    earlier = dataclasses.replace(sleeper, started="long ago")
    assert not earlier.is_alive()
    processes.stop([earlier])
    assert sleeper.is_alive()


def test_a_process_that_is_alive_but_silent_is_not_healthy(sleeper: Server) -> None:
    assert sleeper.is_alive()
    assert not sleeper.is_healthy()


def test_a_process_that_ends_while_starting_is_reported_with_its_last_words(
    tmp_path: Path,
) -> None:
    server = begin(tmp_path, "import time; time.sleep(0.2); raise SystemExit('no weights')")
    with pytest.raises(StackError, match=r"(?s)sleeper ended while starting.*no weights"):
        processes.wait_until_healthy(server, 30)


def test_a_process_that_never_answers_is_given_up(sleeper: Server) -> None:
    with pytest.raises(StackError, match=r"(?s)no good answer on http://127.*within 0.3 s"):
        processes.wait_until_healthy(sleeper, 0.3)


def test_a_zombie_does_not_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()  # until it has ended; it is reaped below
    child.stdout.close()
    while processes.start_time(child.pid) is not None:
        pass
    assert child.wait() == 0


def test_free_ports_are_distinct() -> None:
    assert len(set(processes.free_ports(8))) == 8
