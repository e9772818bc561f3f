"""Debian's container engine, fetched by apt-get and unpacked; nothing is installed."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.sam.failure import SamError

_PACKAGES = ("docker.io", "containerd", "runc")
_NEEDED = ("dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-proxy")
_TOOLS = ("unshare", "nsenter", "setpriv", "ip")
_APT, _DPKG = "/usr/bin/apt-get", "/usr/bin/dpkg-deb"
_FETCH_SECONDS = 600
_REMEDY = (
    "Start Docker (or set DOCKER_HOST to an engine), or run this as root on Debian or Ubuntu: "
    "there an engine is unpacked from the package docker.io for the time of the command. "
    "Without any, `make invoke WITHOUT=engine` runs a function under Lambda's emulator"
)


def engine_binaries(folder: Path) -> tuple[Path, ...]:
    """Folders, for PATH, that hold an engine: none if it is on PATH, else unpacked below `folder`.

    Raises SamError that says why there can be none and what to do.
    """
    if all(shutil.which(name) for name in _NEEDED):
        _require_root()
        return ()
    unpacked = folder / "root"
    found = (unpacked / "usr" / "sbin", unpacked / "usr" / "bin")
    _require_root()
    if all(any((place / name).exists() for place in found) for name in _NEEDED):
        return found
    if not all(Path(tool).exists() for tool in (_APT, _DPKG)):
        raise SamError(f"No container engine answers, and there is no apt-get. {_REMEDY}")
    _fetch(unpacked)
    missing = [name for name in _NEEDED if not any((place / name).exists() for place in found)]
    if missing:
        raise SamError(f"Debian's docker.io lacks {', '.join(missing)} here. {_REMEDY}")
    return found


@contextlib.contextmanager
def store(folder: Path) -> Iterator[Path]:
    """Where an engine keeps its images: always the same place, so that they are made once.

    While another engine has it, `make start-api` for instance, a place for the moment.
    """
    kept = folder / "state"
    kept.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with tempfile.TemporaryDirectory(prefix="store-", dir=folder) as place:
                yield Path(place)
        else:
            yield kept


def _require_root() -> None:
    if os.geteuid() != 0:
        raise SamError(f"No container engine answers, and only root can start one. {_REMEDY}")
    absent = [name for name in _TOOLS if shutil.which(name) is None]
    if absent:
        raise SamError(
            f"No container engine answers, and {', '.join(absent)} (packages util-linux and "
            f"iproute2) are not there to start one. {_REMEDY}"
        )


def _fetch(unpacked: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        # apt's own user has to write here; the packages are checked against its signed lists.
        Path(place).chmod(0o777)
        if _apt("download", *_PACKAGES, directory=place).returncode != 0:
            # The lists may be absent or older than what the mirror still has.
            _apt("update", directory=place)
            again = _apt("download", *_PACKAGES, directory=place)
            if again.returncode != 0:
                raise SamError(
                    f"No container engine answers, and apt-get cannot fetch one. {_REMEDY}\n"
                    f"{again.stderr.strip()}"
                )
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir(parents=True)
        for package in sorted(Path(place).glob("*.deb")):
            subprocess.run([_DPKG, "--extract", package, unpacked], check=True)


def _apt(*arguments: str, directory: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_APT, "--quiet", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=_FETCH_SECONDS,
        check=False,
    )
