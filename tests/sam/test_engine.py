"""The container engine of our own: hidden while it runs, gone when it ends, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.sam import debian, engine
from local.sam import interpreter as interpreters
from local.sam.failure import SamError
from local.sam.runtime import Runtime

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 240.0
#: Starts an engine as a command does, says so, and waits to be killed.
_HOLDER = """
import sys, time
from pathlib import Path
from local.sam import engine, runtime
root = Path.cwd()
with engine._own(Path(sys.argv[1]), Path(sys.argv[2])) as found:
    print("up", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def own_engine() -> Iterator[Path]:
    """A place for another engine, which shares the binaries that the first one unpacked.

    A short one: a socket's path has at most 104 bytes.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can start an engine of our own")
    with tempfile.TemporaryDirectory(prefix="enliven-", dir="/tmp") as folder:
        place = Path(folder) / "engine"
        place.mkdir()
        unpacked = ROOT / ".aws-sam" / "engine" / "root"
        if unpacked.exists():
            (place / "root").symlink_to(unpacked)
        yield Path(folder)


def _processes_naming(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has just ended
            if text in line:
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_engine_ends_with_its_parent_however_that_ends(
    own_engine: Path, how: signal.Signals
) -> None:
    folder = own_engine / "run"
    folder.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, own_engine, folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n"
        assert _processes_naming(str(folder))
    finally:
        holder.send_signal(how)
        holder.wait()
        holder.stdout.close()
    deadline = time.monotonic() + _SECONDS
    while _processes_naming(str(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not _processes_naming(str(folder))
    assert str(folder) not in Path("/proc/mounts").read_text()


def test_an_engine_of_our_own_is_in_a_network_of_its_own(own_engine: Path) -> None:
    folder = own_engine / "run-beside"
    folder.mkdir()
    with engine._own(own_engine, folder) as found:
        inside = engine.run(found, ["ip", "-o", "-4", "addr"]).stdout
        outside = subprocess.run(
            ["ip", "-o", "-4", "addr"], capture_output=True, text=True, check=True
        ).stdout
    assert found.gateway in inside
    assert found.gateway not in outside
    assert not list(Path("/sys/fs/cgroup").glob(f"*/{folder.name}"))
    assert str(folder) not in Path("/proc/mounts").read_text()


def test_who_is_not_root_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SamError, match=r"only root can start one\. Start Docker .*WITHOUT=engine"):
        debian.engine_binaries(tmp_path)


def test_an_engine_that_was_asked_for_and_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(SamError, match=r"nothing\.sock, where no engine answers"):
        engine.at_hand()


def test_a_machine_without_the_runtimes_python_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    with pytest.raises(SamError, match=r"Python 3\.13.*was not found.*pyenv install 3\.13"):
        interpreters.find()


def test_a_shim_that_starts_nothing_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = interpreters.find()
    shims, versions = tmp_path / "shims", tmp_path / "bin"
    for folder in (shims, versions):
        folder.mkdir()
    (shims / "python3.13").write_text("#!/bin/sh\nexit 127\n")
    (shims / "python3.13").chmod(0o755)
    (versions / "python3.13").symlink_to(real)
    monkeypatch.setenv("PATH", os.pathsep.join([str(shims), str(versions)]))
    assert shutil.which("python3.13") == str(shims / "python3.13")
    assert interpreters.find() == versions / "python3.13"


#: Run where an engine is at hand: a page on the loopback, and a container that asks for it.
_VISITOR = """
import http.server, sys, threading
from pathlib import Path
from local.sam import engine, runtime

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a page of the loopback")

server = http.server.HTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
root = Path.cwd()
found_runtime = runtime.prepare(root, root / ".aws-sam")
with engine.engine(found_runtime, Path(sys.argv[1]), own_image=True) as found:
    assert not found.is_own, found
    with found.reaching([server.server_port]) as urls, found.client() as client:
        url = urls[server.server_port]
        asking = f"import urllib.request as r; print(r.urlopen('{url}').read().decode())"
        made = client.post("/containers/create", json={
            "Image": found.invoke_image, "Cmd": ["/var/lang/bin/python3.13", "-c", asking],
            "HostConfig": {"NetworkMode": "bridge"}})
        container = made.json()["Id"]
        client.post(f"/containers/{container}/start", timeout=120).raise_for_status()
        ended = client.post(f"/containers/{container}/wait", timeout=120).json()
        said = client.get(f"/containers/{container}/logs?stdout=1&stderr=1", timeout=120)
        client.delete(f"/containers/{container}").raise_for_status()
        print(url, ended, said.text)
"""


def test_an_engine_that_is_at_hand_reaches_the_loopback_by_the_bridges_own_address(
    own_engine: Path, interpreter: Runtime
) -> None:
    """Here the engine of our own is the one at hand, for who runs inside of its network."""
    assert interpreter.packages.is_dir()
    folder = own_engine / "run"
    folder.mkdir()
    with engine._own(own_engine, folder) as found:
        done = engine.run(
            found, [sys.executable, "-c", _VISITOR, own_engine], cwd=ROOT, timeout=_SECONDS
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"http://{found.gateway}:")
    assert "'StatusCode': 0" in done.stdout
    assert "a page of the loopback" in done.stdout


def test_two_engines_at_once_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with debian.store(tmp_path) as kept:
        with debian.store(tmp_path) as of_the_moment:
            assert of_the_moment != kept
        assert not of_the_moment.exists()
    with debian.store(tmp_path) as again:
        assert again == kept
