import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from local import stack
from local.stack import LocalStack

ROOT = Path(__file__).resolve().parents[3]
MODEL = (str(Path(__file__).with_name("tar_model.py")),)
PATIENCE_SECONDS = 20
Found = TypeVar("Found")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def small_model() -> tuple[str, ...]:
    """What the interpreter runs in place of the real model server."""
    return MODEL


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """All three processes; the model server is a small one."""
    state_dir = tmp_path_factory.mktemp("laptop")
    try:
        yield stack.start(ROOT, state_dir=state_dir, model_server=MODEL)
    finally:
        stack.stop(ROOT, state_dir=state_dir)


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Found | None]], Found]:
    """Look again until something is there."""

    def wait(look: Callable[[], Found | None]) -> Found:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := look()) is None:
            assert time.monotonic() < deadline, f"nothing within {PATIENCE_SECONDS} s"
            time.sleep(0.05)
        return found

    return wait
