"""What the README says of one function, run as a reader would."""

import json
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from local.sam.build import Build
from story.contracts import InspectPhotoOutput
from tests.checkout import ROOT, own_stack

README = (ROOT / "README.md").read_text("utf-8")
SECTION = "## One function, as Lambda runs it"
_SECONDS = 1_200


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with own_stack() as clean:
        yield clean


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
