"""Opening on a running stack: what is started, recorded, and stopped again."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import deploy, processes, stack
from local.environments import SECRET_KEY
from local.lan import opening
from local.lan.opening import Origin
from local.lan.settings import VARIABLE, Settings
from local.processes import StackError
from local.stack import LocalStack

API = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: phones, ProtocolType: HTTP}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: 'ROUTE'}
Outputs:
  ApiId: {Value: !Ref Api}
"""
ROOT = Path(__file__).resolve().parents[4]
OUTPUTS = {
    "UserPoolId": "us-east-1_Pool",
    "UserPoolClientId": "client",
    "UploadsBucket": "uploads",
    "ChecksBucket": "checks",
    "StoriesBucket": "stories",
}


def outputs(laptop: LocalStack, folder: Path, route: str) -> dict[str, str]:
    template = folder / "template.yaml"
    template.write_text(API.replace("ROUTE", route))
    return OUTPUTS | deploy.deploy(laptop, template=template, stack_name="phones")


@pytest.fixture
def origin(laptop: LocalStack) -> Iterator[Origin]:
    """The loopback stands for a LAN's address here; `up` takes none of its kind."""
    yield opening.origin(laptop, processes.LOOPBACK)
    opening.close(stack.find(laptop.project_root, state_dir=laptop.state_dir) or laptop)


def test_who_is_let_in_is_recorded_and_shut_out_again(
    laptop: LocalStack, origin: Origin, tmp_path: Path
) -> None:
    found = outputs(laptop, tmp_path, "GET /stories")
    opened = opening.serve(laptop, found, origin)
    assert opened.lan is not None
    assert (opened.lan.url, origin.page) == (origin.url, f"{origin.url}/connect")
    assert stack.find(laptop.project_root, state_dir=laptop.state_dir) == opened
    # The same address again keeps the port: links and an app's settings stay good.
    assert opening.origin(opened, processes.LOOPBACK) == origin
    again = opening.serve(opened, found, origin)
    assert again.lan is not None
    assert not opened.lan.is_alive()
    assert again.lan.is_healthy()
    closed = opening.close(again)
    assert closed.lan is None
    assert not again.lan.is_alive()
    assert stack.find(laptop.project_root, state_dir=laptop.state_dir) == laptop
    assert all(server.is_healthy() for server in laptop.servers)


def test_it_closes_by_itself(front: Settings) -> None:
    over = front.model_dump(mode="json") | {
        "port": processes.free_ports(1)[0],
        "secret_key": "of nobody",
        "closes_at": time.time() - 1,
    }
    done = subprocess.run(
        [sys.executable, "-m", "local.lan"],
        env=os.environ | {VARIABLE: json.dumps(over), "PYTHONPATH": "functions"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the time is over" in done.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "the front server needs ENLIVEN_LAN; `enliven up --lan` sets it"),
        ({VARIABLE: '{"port": "x"}'}, "ENLIVEN_LAN is not fit: "),
    ],
)
def test_without_settings_it_does_not_start(given: dict[str, str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.lan"],
        env=os.environ | {"PYTHONPATH": "functions"} | given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr


def test_a_route_that_is_too_wide_lets_nobody_in(
    laptop: LocalStack, origin: Origin, tmp_path: Path
) -> None:
    found = outputs(laptop, tmp_path, "ANY /{proxy+}")
    with pytest.raises(StackError, match=r"cannot be let in: .*ANY /\{proxy\+\}"):
        opening.serve(laptop, found, origin)
    assert stack.find(laptop.project_root, state_dir=laptop.state_dir) == laptop


def test_a_port_that_is_taken_lets_nobody_in(
    laptop: LocalStack, tmp_path: Path, origin: Origin
) -> None:
    taken = Origin(origin.address, laptop.standins.port)
    with pytest.raises(StackError, match=r"lan ended while starting"):
        opening.serve(laptop, outputs(laptop, tmp_path, "GET /stories"), taken)
    assert laptop.standins.is_healthy()


def test_what_links_are_signed_with_is_drawn_anew_and_kept_to_its_owner(
    laptop: LocalStack,
) -> None:
    record = laptop.state_dir / "stack.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    kept = json.loads(record.read_text())["secret_key"]
    assert kept == laptop.secret_key != SECRET_KEY
    assert len(bytes.fromhex(kept)) == 32
    assert kept not in repr(laptop)
    assert laptop.environment()["AWS_SECRET_ACCESS_KEY"] == kept
