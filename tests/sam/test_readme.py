"""What the README says of one function, run as a reader would."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.sam.build import Build
from story.contracts import InspectPhotoOutput

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SECTION = "## One function, as Lambda runs it"
_SECONDS = 1_200


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Without what make and the test runner hand down; a stack that was up stays up."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTEST", "AWS_"))
    }
    was_up = (ROOT / ".enliven" / "stack.json").exists()
    yield clean
    subprocess.run(["make", "up" if was_up else "down"], cwd=ROOT, env=clean, check=True)


def test_the_commands_for_one_function_run(environment: dict[str, str], host: Build) -> None:
    assert host.template.is_file()
    block = README.split(SECTION)[1].split("```sh\n")[1].split("```")[0]
    commands = block.splitlines()
    assert commands == ["make up", "make invoke STATE=InspectPhoto"]
    for command in commands:
        done = subprocess.run(
            shlex.split(command),
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert InspectPhotoOutput.model_validate(json.loads(done.stdout))
