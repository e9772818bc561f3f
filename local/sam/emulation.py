"""Lambda's runtime interface emulator without a container engine: the same handlers, real limits.

SAM brings the emulator that AWS puts into its images; under it runs the runtime's own interface
client with the build's interpreter, in an environment that holds what Lambda sets and nothing
else. What a container adds, and this lacks: a file system of its own, and the memory limit.
"""

import contextlib
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.environments import REGION
from local.processes import free_ports
from local.sam.children import running
from local.sam.failure import SamError
from local.sam.functions import Function, host_architecture
from local.sam.invoke import Answer
from local.sam.runtime import Runtime

_START_SECONDS = 60.0
#: Beyond the function's own time-out, for what the emulator does itself.
_MARGIN_SECONDS = 60.0
_KB = 1024


@dataclass(frozen=True)
class Timed:
    """One invocation under the emulator."""

    answer: Answer
    seconds: float
    #: The largest resident size of all of the function's processes so far.
    peak_bytes: int


@dataclass(frozen=True)
class Emulation:
    """A function that waits for events."""

    function: Function
    pid: int
    url: str
    log: Path

    def invoke(self, event: dict[str, Any]) -> Timed:
        """Run the function once. Raises SamError if it was ended at its time-out."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self.url, json.dumps(event).encode(), {"Content-Type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        began = time.monotonic()
        try:
            limit = self.function.timeout_s + _MARGIN_SECONDS
            with opener.open(request, timeout=limit) as response:
                said = response.read().decode()
        except (OSError, urllib.error.HTTPError) as error:
            raise SamError(
                f"{self.function.name} gave no answer: {error}\n{self._log()}"
            ) from error
        seconds = time.monotonic() - began
        try:
            value = json.loads(said)
        except ValueError as error:
            raise SamError(f"{self.function.name} gave no answer: {said}\n{self._log()}") from error
        return Timed(Answer(value, self._log()), seconds, _peak_bytes(self.pid))

    def _log(self) -> str:
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def emulated(
    function: Function,
    runtime: Runtime,
    sam: Path,
    environment: Mapping[str, str],
    folder: Path,
) -> Iterator[Emulation]:
    """Run a function under the emulator until the block is left."""
    port, runtime_port = free_ports(2)
    log = folder / f"{function.name}.log"
    command = [
        _emulator(sam),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}", "--log-level", "error"),
        # -S: nothing but the function, its layers and the runtime's packages can be imported.
        *(str(runtime.python), "-s", "-S", "-B", "-m", "awslambdaric", function.handler),
    ]
    with running(
        function.name,
        command,
        log=log,
        ready=lambda: _listens(port),
        seconds=_START_SECONDS,
        environment=lambda_environment(function, runtime) | dict(environment),
        directory=function.code,
    ) as process:
        url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        yield Emulation(function, process.pid, url, log)


def lambda_environment(function: Function, runtime: Runtime) -> dict[str, str]:
    """What Lambda sets for every function (developer guide, "Defined runtime variables")."""
    path = [*function.import_path, runtime.packages]
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": ":".join(str(part.resolve()) for part in path),
        "LAMBDA_TASK_ROOT": str(function.code.resolve()),
        "_HANDLER": function.handler,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_s),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def _emulator(sam: Path) -> str:
    """The emulator inside of the SAM command line's own environment."""
    name = f"aws-lambda-rie-{host_architecture()}"
    pattern = f"lib/python3.*/site-packages/samcli/local/rapid/{name}"
    found = sorted(sam.parent.parent.glob(pattern))
    if not found:
        raise SamError(f"{sam} brings no {name}")
    found[0].chmod(0o755)
    return str(found[0])


def _listens(port: int) -> bool:
    table = Path("/proc/net/tcp").read_text()
    # Local address and port in hexadecimal, then the remote's; 0A is LISTEN (proc(5)).
    return re.search(rf": 0100007F:{port:04X} \S+ 0A ", table) is not None


def _peak_bytes(pid: int) -> int:
    """VmHWM of a process and all that it started."""
    total = 0
    with contextlib.suppress(OSError):  # one of them has just ended
        status = Path(f"/proc/{pid}/status").read_text()
        if found := re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE):
            total += int(found[1]) * _KB
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                total += _peak_bytes(int(child))
    return total
