"""The container engine that `sam local` runs functions on.

The one at hand is used (DOCKER_HOST, or Docker's own socket). Where there is none, and we are root
on Debian, one of our own is made for the time of a command: Debian's docker.io, unpacked into the
build folder and not installed, run in namespaces of its own. Its network, mounts and processes are
invisible to the machine, whose firewall is not touched; when its parent ends, however, the kernel
ends all of them. The local stack is reached through a socket in a private folder.
"""

import contextlib
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local.sam import debian, forwarder, image
from local.sam.children import bound, running, stop_children
from local.sam.failure import SamError
from local.sam.functions import host_architecture
from local.sam.runtime import Runtime

OFFICIAL_IMAGE = "public.ecr.aws/lambda/python"
_DEFAULT_SOCKETS = (Path("/var/run/docker.sock"), Path.home() / ".docker" / "run" / "docker.sock")
#: Private (RFC 1918), and unlikely to be anybody's: only the engine's own namespace sees it.
_BRIDGE_ADDRESS = "172.30.255.1"
#: A socket's path has at most 104 bytes; where TMPDIR leads may be longer by itself.
_SHORT = "/tmp"  # noqa: S108 - the folder in it is private and has a name of its own
_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_START_SECONDS = 240.0
_ANSWER_SECONDS = 10.0
_IMPORT_SECONDS = 600.0


@dataclass(frozen=True)
class Engine:
    """A running container engine, and how a function on it reaches this machine."""

    #: As DOCKER_HOST says it.
    host: str
    #: What a container calls the machine that the local stack runs on.
    gateway: str
    #: What a command has to be run with to see the engine's network: nothing, or nsenter.
    prefix: tuple[str, ...] = ()
    #: --invoke-image of `sam local`; None lets SAM take AWS's own.
    invoke_image: str | None = None
    skip_pull: bool = True
    #: Where sockets between the namespaces may be.
    folder: Path = field(default_factory=Path)
    is_own: bool = False

    def client(self) -> httpx.Client:
        """The engine's HTTP API."""
        kind, _, place = self.host.partition("://")
        if kind == "unix":
            transport = httpx.HTTPTransport(uds=place)
            return httpx.Client(transport=transport, base_url="http://engine")
        return httpx.Client(base_url=f"http://{place}")

    @contextlib.contextmanager
    def reaching(self, ports: Sequence[int]) -> Iterator[Mapping[int, str]]:
        """While the block runs, a container reaches these loopback ports at these URLs."""
        urls = {port: f"http://{self.gateway}:{port}" for port in ports}
        with contextlib.ExitStack() as stack:
            if self.is_own:
                inner = []
                outer = []
                for port in ports:
                    path = self.folder / f"to-{port}"
                    outer.append(f"unix:{path}=tcp:127.0.0.1:{port}")
                    inner.append(f"tcp:{self.gateway}:{port}=unix:{path}")
                stack.enter_context(_forwarding(self.folder / "outer.log", outer))
                stack.enter_context(_forwarding(self.folder / "inner.log", inner, self.prefix))
            elif self.gateway != "host.docker.internal":
                pairs = [f"tcp:{self.gateway}:{port}=tcp:127.0.0.1:{port}" for port in ports]
                stack.enter_context(_forwarding(self.folder / "bridge.log", pairs))
            yield urls

    @contextlib.contextmanager
    def published(self, port: int) -> Iterator[None]:
        """While the block runs, 127.0.0.1:port leads to the same port of the engine's network."""
        if not self.is_own:
            yield
            return
        path = self.folder / f"from-{port}"
        inner = [f"unix:{path}=tcp:127.0.0.1:{port}"]
        outer = [f"tcp:127.0.0.1:{port}=unix:{path}"]
        with (
            _forwarding(self.folder / "published-inner.log", inner, self.prefix),
            _forwarding(self.folder / "published-outer.log", outer),
        ):
            yield


@contextlib.contextmanager
def engine(runtime: Runtime, build_root: Path, *, own_image: bool = False) -> Iterator[Engine]:
    """The engine at hand, or one of our own until the block is left. Raises SamError.

    `own_image` uses the image of this machine's Python also on an engine that is at hand.
    """
    host = at_hand()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="enliven-", dir=_SHORT))
        )
        if host is not None:
            found = Engine(host, _gateway(host), folder=folder)
            if not own_image:
                skip_pull = _has_image(found, f"{OFFICIAL_IMAGE}:3.13-{host_architecture()}")
                yield Engine(host, found.gateway, skip_pull=skip_pull, folder=folder)
                return
        else:
            found = stack.enter_context(_own(build_root, folder))
        _install_image(found, runtime, folder)
        name = image.tag(host_architecture())
        yield Engine(
            found.host,
            found.gateway,
            found.prefix,
            invoke_image=name,
            folder=folder,
            is_own=found.is_own,
        )


def at_hand() -> str | None:
    """DOCKER_HOST or a default socket, if an engine answers there.

    Raises SamError for a DOCKER_HOST that does not answer: it was asked for.
    """
    named = os.environ.get("DOCKER_HOST")
    candidates = [named] if named else [f"unix://{path}" for path in _DEFAULT_SOCKETS]
    for candidate in candidates:
        if _answers(candidate):
            return candidate
    if named:
        raise SamError(f"DOCKER_HOST is {named}, where no engine answers; start it, or unset it")
    return None


def _answers(host: str) -> bool:
    if host.startswith("unix://") and not _listens(host.removeprefix("unix://")):
        return False
    try:
        with Engine(host, "").client() as client:
            answer = client.get("/_ping", timeout=_ANSWER_SECONDS)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _gateway(host: str) -> str:
    """Where a container finds this machine: the bridge's address, or Docker Desktop's name."""
    with Engine(host, "").client() as client:
        told = client.get("/info", timeout=_ANSWER_SECONDS).json()
        if sys.platform != "linux" or "Docker Desktop" in told.get("OperatingSystem", ""):
            return "host.docker.internal"
        network = client.get("/networks/bridge", timeout=_ANSWER_SECONDS).json()
    gateways = [each.get("Gateway") for each in network.get("IPAM", {}).get("Config", [])]
    if not gateways or not gateways[0]:
        raise SamError(
            f"The engine at {host} has no bridge network with a gateway: functions could not reach "
            "the local stack"
        )
    return str(gateways[0])


def _has_image(found: Engine, name: str) -> bool:
    with found.client() as client:
        answer = client.get(f"/images/{name}/json", timeout=_ANSWER_SECONDS)
    return answer.status_code == httpx.codes.OK


def _install_image(found: Engine, runtime: Runtime, folder: Path) -> None:
    """Give the engine the image of this machine's Python, unless it has this very one."""
    name = image.tag(host_architecture())
    recipe = image.recipe(runtime)
    with found.client() as client:
        known = client.get(f"/images/{name}/json", timeout=_ANSWER_SECONDS)
        if known.status_code == httpx.codes.OK:
            labels = known.json()["Config"].get("Labels") or {}
            if labels.get(image.RECIPE_LABEL) == recipe:
                return
        archive = folder / "image.tar"
        image.write(runtime, archive)
        repository, _, version = name.rpartition(":")
        changes = [*image.CHANGES, f"LABEL {image.RECIPE_LABEL}={recipe}"]
        with archive.open("rb") as packed:
            answer = client.post(
                "/images/create",
                params={
                    "fromSrc": "-",
                    "repo": repository,
                    "tag": version,
                    "platform": f"linux/{'amd64' if platform.machine() == 'x86_64' else 'arm64'}",
                    "changes": changes,
                },
                content=iter(lambda: packed.read(1 << 20), b""),
                timeout=_IMPORT_SECONDS,
            )
        archive.unlink()
    told = [json.loads(line) for line in answer.text.splitlines() if line.startswith("{")]
    if answer.status_code != httpx.codes.OK or any("error" in line for line in told):
        raise SamError(f"The engine did not take the image of Python: {answer.text.strip()}")


@contextlib.contextmanager
def _own(build_root: Path, folder: Path) -> Iterator[Engine]:
    binaries = debian.engine_binaries(build_root / "engine")
    listening = folder / "docker.sock"
    # Control groups are the machine's: these have a name of their own, so that they can be removed.
    group = folder.name
    with debian.store(build_root / "engine") as state, _control_groups_removed(group):
        command: list[str | Path] = [
            # Until its parent ends: then the kernel ends the first process of the namespace, and
            # with it every other one, containers included.
            *("unshare", "--net", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child"),
            *("sh", "-c", 'ip link set lo up && exec "$@"', "sh"),
            *("dockerd", "--iptables=false", "--ip6tables=false", "--ip-masq=false"),
            *("--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{group}"),
            *("--bip", f"{_BRIDGE_ADDRESS}/24", "--host", f"unix://{listening}"),
            *("--data-root", state, "--exec-root", folder / "exec"),
            *("--pidfile", folder / "dockerd.pid"),
        ]
        path = os.pathsep.join([*map(str, binaries), os.environ.get("PATH", os.defpath)])
        host = f"unix://{listening}"
        with running(
            "dockerd",
            command,
            log=folder / "dockerd.log",
            ready=lambda: _answers(host),
            seconds=_START_SECONDS,
            environment={"PATH": path, "HOME": str(folder)},
        ) as process:
            prefix = ("nsenter", f"--net=/proc/{process.pid}/ns/net")
            try:
                yield Engine(host, _BRIDGE_ADDRESS, prefix, folder=folder, is_own=True)
            finally:
                # unshare passes no signal on; it ends, and reaps, when what it started ends.
                stop_children(process)


@contextlib.contextmanager
def _control_groups_removed(name: str) -> Iterator[None]:
    """Afterwards, remove the empty control groups of this name, in every hierarchy."""
    yield
    for place in (_CONTROL_GROUPS / name, *_CONTROL_GROUPS.glob(f"*/{name}")):
        for folder, _, _ in os.walk(place, topdown=False):
            with contextlib.suppress(OSError):  # something is still ending in it
                Path(folder).rmdir()


@contextlib.contextmanager
def _forwarding(log: Path, pairs: Sequence[str], prefix: Sequence[str] = ()) -> Iterator[None]:
    command = [*prefix, sys.executable, "-m", forwarder.__name__, *pairs]
    with running(
        "the forwarder",
        command,
        log=log,
        ready=lambda: forwarder.READY in log.read_text().splitlines(),
        seconds=_START_SECONDS,
        directory=Path(__file__).resolve().parents[2],
    ):
        yield


def run(
    found: Engine, arguments: Sequence[str | Path], **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command where the engine's network is seen; it ends with this process."""
    environment = dict(options.pop("env", os.environ)) | {"DOCKER_HOST": found.host}
    return subprocess.run(
        bound([*found.prefix, *arguments]),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
