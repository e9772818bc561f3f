"""Every function, for real in a container, on a real story of a real local stack."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from local import users
from local.bring_up import Laptop
from local.processes import free_ports
from local.sam import api, targets
from local.sam.build import Build
from local.sam.golden_story import GoldenStory
from local.sam.invoke import Containers
from story import contracts, view
from tests.contract.definition import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
STATES = [name for name in targets.TARGETS if name in contracts.STATES]


def test_every_function_of_the_template_and_every_state_can_be_invoked() -> None:
    assert {target.function for target in targets.TARGETS.values()} == set(FUNCTIONS)
    assert set(contracts.STATES) == set(STATES)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_container_answers_in_its_contract(
    containers: Containers, story: GoldenStory, name: str
) -> None:
    target = targets.named(name)
    event = target.prepare(story)
    answer = containers.invoke(target.function, event)
    output = targets.checked(target, story, event, answer.value)
    if name in contracts.STATES:
        assert type(output) is contracts.STATES[name][1]


def test_the_api_is_served_to_who_has_signed_in(
    containers: Containers, host: Build, laptop: Laptop, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    token = users.access_token(laptop.stack, laptop.stack.outputs, laptop.users[0])
    log = tmp_path / "api.log"
    with (
        api.serving(host, containers, port, log) as url,
        httpx.Client(base_url=url, timeout=120) as client,
    ):
        assert client.get("/stories").status_code == httpx.codes.UNAUTHORIZED
        assert client.get(
            "/stories", headers={"Authorization": "Bearer a.forged.token"}
        ).status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
        client.headers["Authorization"] = f"Bearer {token}"
        made = client.post(
            "/stories", json={"prompt": "clouds drift"}, headers={"Idempotency-Key": "one"}
        )
        assert made.status_code == httpx.codes.CREATED, made.text
        created = view.StoryCreated.model_validate_json(made.text)
        found = client.get(f"/stories/{created.story.id}")
        assert view.StoryView.model_validate_json(found.text).id == created.story.id
        listed = view.StoryList.model_validate_json(client.get("/stories").text)
        assert created.story.id in {each.id for each in listed.stories}


def test_make_invoke_says_that_the_stack_is_not_up(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.sam", "--state-dir", tmp_path, "invoke", "InspectPhoto"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "The local stack is not up: `make up` starts it\n"


def test_what_invoke_prints_is_the_answer(laptop: Laptop, host: Build) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "local.sam", "--state-dir", str(laptop.stack.state_dir)),
            *("invoke", "story_progress", "--without-engine"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}
    assert "StoryProgress answered as Progress says, in " in done.stderr
    assert host.template.is_file()
