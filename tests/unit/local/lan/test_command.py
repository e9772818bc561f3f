"""`enliven up --lan` and `enliven up`, on a real stack with the template deployed to it.

The loopback stands for a LAN's address, which a test machine may not have.
"""

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import profile
from cli.main import main
from local import processes, stack
from local.lan import address
from local.stack import LocalStack

TARGET = "AWSCognitoIdentityProviderService."


@pytest.fixture
def here(
    laptop: LocalStack,
    small_model: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The command line works on the tests' stack, and finds the loopback fit."""
    begin = functools.partial(stack.start, state_dir=laptop.state_dir, model_server=small_model)
    look = functools.partial(stack.find, state_dir=laptop.state_dir)
    monkeypatch.setattr(stack, "start", begin)
    monkeypatch.setattr(stack, "find", look)
    monkeypatch.setattr(address, "choose", lambda _wanted: processes.LOOPBACK)
    yield laptop.state_dir
    running = look(laptop.project_root)
    if running is not None and running.lan is not None:
        stack.keep_lan(running, None)


def up(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    status = main(["up", *arguments])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return captured.out


def signed_in(page: dict[str, str], state_dir: Path) -> dict[str, str]:
    user = json.loads((state_dir / "users.json").read_text())[0]
    answer = httpx.post(
        page["cognito_url"],
        headers={"X-Amz-Target": TARGET + "InitiateAuth"},
        json={
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": page["client_id"],
            "AuthParameters": {"USERNAME": user["username"], "PASSWORD": user["password"]},
        },
        trust_env=False,
    )
    return {"Authorization": f"Bearer {answer.json()['AuthenticationResult']['AccessToken']}"}


def create(api_url: str, bearer: dict[str, str], key: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{api_url}/stories",
        headers=bearer | {"Idempotency-Key": key},
        json={"prompt": "clouds drift"},
        trust_env=False,
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    form: dict[str, Any] = answer.json()["upload"]
    return form


def test_phones_are_let_in_for_a_while_and_shut_out_by_the_next_up(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = up(capsys, "--lan")
    found = re.search(r"(http://127\.0\.0\.1:\d+)/connect", told)
    assert found, told
    assert "Open to your network until" in told
    origin = found[1]
    page = httpx.get(f"{origin}/connect", trust_env=False).json()
    bearer = signed_in(page, here)
    form = create(page["api_url"], bearer, "by-the-LAN")
    assert form["url"].startswith(f"{origin}/")

    zeros = form["fields"] | {"x-amz-signature": "0" * 64}
    forged = httpx.post(form["url"], data=zeros, files={"file": b"photo"}, trust_env=False)
    assert (forged.status_code, forged.json()["code"]) == (403, "signature_invalid")
    other = form["fields"] | {"key": "uploads/another/photo"}
    moved = httpx.post(form["url"], data=other, files={"file": b"photo"}, trust_env=False)
    assert (moved.status_code, "Policy Condition failed" in moved.text) == (403, True)
    sent = httpx.post(form["url"], data=form["fields"], files={"file": b"photo"}, trust_env=False)
    assert sent.status_code == 204, sent.text

    again = up(capsys, "--lan")
    assert "shut out for a moment" in again
    assert "none since it was brought up" in again
    assert f"{origin}/connect" in again, "an app keeps its address"

    closed = up(capsys)
    assert "shut out" in closed
    assert "/connect" not in closed
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{origin}/connect", trust_env=False)
    local = json.loads((here / profile.path_of(profile.LOCAL).name).read_text())
    form = create(local["api_url"], bearer, "by-the-loopback")
    assert form["url"].startswith(f"{local['aws_endpoint_url']}/")
