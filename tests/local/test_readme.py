"""The README cannot lie: each command in it is run, and its receipt is one that a story prints."""

import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from tests.checkout import ROOT, own_stack

README = (ROOT / "README.md").read_text()
#: Not run here: what runs this very test, and what tests/sam runs, where the build is.
BY_CI = {"make test", "make invoke STATE=InspectPhoto"}
_SECONDS = 300


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with own_stack() as clean:
        yield clean


def test_every_command_of_the_readme_runs(environment: dict[str, str]) -> None:
    ran = 0
    for command in commands():
        if command in BY_CI:
            continue
        done = subprocess.run(
            shlex.split(command),
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        ran += 1
    assert ran >= 5


def test_the_receipt_in_the_readme_is_one_that_a_story_prints() -> None:
    found = re.search(r"<!-- receipt -->\n```text\n(.*?)\n```", README, re.DOTALL)
    assert found, "the README shows a receipt; `make bench` writes it"
    for said in ("InspectPhoto", "SignVideo", "READY in", "gates", "engine", "seed", "verified by"):
        assert said in found[1]


def test_every_file_that_the_readme_links_to_is_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)|src=\"([^\"]+)\"", README):
        path = "".join(target)
        assert (ROOT / path).exists(), path
