"""Phones on the local network: a client in a network namespace that these tests make themselves.

Needs root and `ip` (`make test` gets it where it can). What the front server lets through and what
it refuses is held without either by tests/unit/local/lan.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import bring_up
from local.bring_up import Laptop
from tests.local.deployment import PHOTO, ROOT, Deployment

#: Of TEST-NET-2 (RFC 5737): nobody's.
HERE, THERE, PREFIX = "198.51.100.1", "198.51.100.2", 30
_SECONDS = 180


@dataclass(frozen=True)
class Elsewhere:
    """Another host, as far as the network goes: its own loopback, one wire to this one."""

    namespace: str

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ip", "netns", "exec", self.namespace, sys.executable, *arguments],
            cwd=ROOT,
            input=given,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    if os.geteuid() != 0:
        pytest.skip("a network namespace is made by root only, and these tests do not run as root")
    if shutil.which("ip") is None:
        pytest.skip("there is no `ip`; on Debian it is in the package iproute2")
    name, wire = f"enliven-{os.getpid()}", f"en{os.getpid()}"

    def ip(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)

    made = ip("netns", "add", name)
    if made.returncode != 0:
        pytest.skip(f"`ip netns add` is not permitted here: {made.stderr.strip()}")
    try:
        pair = ip("link", "add", f"{wire}a", "type", "veth", "peer", f"{wire}b", "netns", name)
        if pair.returncode != 0:
            pytest.skip(f"`ip link add … type veth` is not permitted here: {pair.stderr.strip()}")
        for arguments in (
            ("addr", "add", f"{HERE}/{PREFIX}", "dev", f"{wire}a"),
            ("link", "set", f"{wire}a", "up"),
            ("-n", name, "addr", "add", f"{THERE}/{PREFIX}", "dev", f"{wire}b"),
            ("-n", name, "link", "set", f"{wire}b", "up"),
            ("-n", name, "link", "set", "lo", "up"),
        ):
            done = ip(*arguments)
            assert done.returncode == 0, (arguments, done.stderr)
        yield Elsewhere(name)
    finally:
        ip("link", "del", f"{wire}a")
        ip("netns", "del", name)


def _up(deployment: Deployment, lan: str | None) -> Laptop:
    return bring_up.up(
        ROOT,
        state_dir=deployment.stack.state_dir,
        strict_auth=True,
        model_server=("-m", "tests.local.container"),
        lan=lan,
    )


@pytest.fixture(scope="module")
def opened(deployment: Deployment, elsewhere: Elsewhere) -> Iterator[Laptop]:
    assert elsewhere
    try:
        yield _up(deployment, HERE)
    finally:
        assert _up(deployment, None).stack.lan is None


@pytest.fixture(scope="module")
def met(
    deployment: Deployment,
    opened: Laptop,
    elsewhere: Elsewhere,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What a phone met on its way."""
    assert opened.stack.lan is not None
    ana = deployment.people[0]
    told = {
        "page": f"{opened.stack.lan.url}/connect",
        "username": ana.username,
        "password": ana.password,
        "photo": str(PHOTO),
        "video": str(tmp_path_factory.mktemp("phone") / "story.mp4"),
        "ports": [server.port for server in opened.stack.servers],
    }
    done = elsewhere.run(str(Path(__file__).with_name("phone.py")), given=json.dumps(told))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"file": told["video"]}


def test_a_phone_makes_a_story_by_the_lan_address_alone(
    met: dict[str, Any], opened: Laptop, deployment: Deployment
) -> None:
    assert opened.stack.lan is not None
    assert (met["sent"], met["status"]) == (204, "READY"), met
    assert met["hosts"] == [f"{HERE}:{opened.stack.lan.port}"]
    assert (met["video"], met["poster"]) == ("video/mp4", "image/jpeg")
    assert met["part"] == [206, "ftyp"]
    (object_,) = (
        entry
        for entry in deployment.client("s3").list_objects_v2(Bucket=deployment.bucket("stories"))[
            "Contents"
        ]
        if entry["Key"].endswith("/story.mp4") and entry["Size"] == Path(met["file"]).stat().st_size
    )
    stored = deployment.client("s3").get_object(
        Bucket=deployment.bucket("stories"), Key=object_["Key"]
    )["Body"]
    assert Path(met["file"]).read_bytes() == stored.read(), "as it was signed, to the byte"


def test_a_phone_asks_where_a_clip_was_made_by_the_lan_address_alone(
    met: dict[str, Any], opened: Laptop
) -> None:
    assert opened.stack.lan is not None
    assert met["check"] == [204, "verified", f"{HERE}:{opened.stack.lan.port}"]
    assert met["check's page"] == ["ar", 2], "files go, and posters come, by that address"


def test_a_large_photo_streams_through_to_s3s_own_refusal(met: dict[str, Any]) -> None:
    assert met["large"] == [400, True]


def test_a_phone_cannot_see_a_story_or_a_video_without_what_it_takes(met: dict[str, Any]) -> None:
    assert met["without a token"] == 401
    assert met["as a visitor"] == 404
    assert met["keys"] == ["keys"]
    assert met["unsigned"] == 403


def test_a_phone_cannot_reach_the_control_plane(met: dict[str, Any]) -> None:
    assert len(met["refused"]) > 10
    for name, (status, code) in met["refused"].items():
        assert status in {400, 403, 404, 405}, (name, status)
        assert code, f"{name} was answered by something behind the front server"
    assert met["ports"] == dict.fromkeys(met["ports"], False)


def test_a_phone_is_shut_out_by_an_up_without_lan(
    deployment: Deployment, opened: Laptop, elsewhere: Elsewhere, met: dict[str, Any]
) -> None:
    assert met
    assert opened.stack.lan is not None
    port = opened.stack.lan.port
    knock = f"import socket; print(socket.socket().connect_ex(('{HERE}', {port})) == 0)"
    assert elsewhere.run("-c", knock).stdout == "True\n"
    closed = _up(deployment, None).stack
    assert elsewhere.run("-c", knock).stdout == "False\n"
    assert closed.lan is None
    assert all(server.is_healthy() for server in closed.servers)
    made = deployment.browser(deployment.people[0]).create()
    assert made["upload"]["url"].startswith(f"{deployment.stack.endpoint}/")
