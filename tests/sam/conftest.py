"""One build, one local stack and one container engine for all tests here."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import bring_up, stack
from local.bring_up import Laptop
from local.sam import build, engine, functions, invoke, runtime
from local.sam.build import Build
from local.sam.engine import Engine
from local.sam.golden_story import GoldenStory
from local.sam.invoke import Containers
from local.sam.runtime import Runtime

ROOT = Path(__file__).resolve().parents[2]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
BUILDS = ROOT / functions.BUILD_FOLDER
_BUILD_SECONDS = 1_200


@pytest.fixture(scope="session", autouse=True)
def _ended_like_an_interrupt() -> Iterator[None]:
    """Who ends the tests, a CI's time limit for instance, ends what they started with them."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def made() -> dict[str, Build]:
    """What `make build` leaves, from nothing."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "local.sam", "build"],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    sys.stdout.write(done.stdout)
    return {each: build.find(ROOT, each) for each in functions.ARCHITECTURES}


@pytest.fixture(scope="session")
def host(made: dict[str, Build]) -> Build:
    """The build that this machine can run."""
    return made[functions.host_architecture()]


@pytest.fixture(scope="session")
def interpreter() -> Runtime:
    return runtime.prepare(ROOT, BUILDS)


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    state_dir = tmp_path_factory.mktemp("stack")
    try:
        yield bring_up.up(ROOT, state_dir=state_dir)
    finally:
        stack.stop(ROOT, state_dir=state_dir)


@pytest.fixture(scope="session")
def story(laptop: Laptop) -> GoldenStory:
    return GoldenStory(laptop.stack, dict(laptop.stack.outputs))


@pytest.fixture(scope="session")
def running(interpreter: Runtime) -> Iterator[Engine]:
    with engine.engine(interpreter, BUILDS) as found:
        yield found


@pytest.fixture(scope="session")
def containers(host: Build, story: GoldenStory, running: Engine) -> Iterator[Containers]:
    with invoke.containers(host, story, running, SAM) as found:
        yield found
