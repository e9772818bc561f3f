"""What stands in the way before a story can be looked at: the profile, the stack, the rights."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ProfileNotFound

from cli import checkout
from cli.behind import aws_failures
from cli.main import main
from cli.outcome import CommandFailed
from local.processes import free_ports

STORY = "0f" * 16
COMMANDS = (["explain", STORY], ["replay", STORY, "LabelVideo"])


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local profile whose stack has just ended."""
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    (port,) = free_ports(1)
    path = tmp_path / ".enliven" / "profile.json"
    path.parent.mkdir()
    content = {
        "api_url": f"http://127.0.0.1:{port}",
        "client_id": "client",
        "region": "us-east-1",
        "username": "ana",
        "password": "a throw-away password",
        "stack": "enliven",
        "aws_endpoint_url": f"http://127.0.0.1:{port}",
    }
    path.write_text(json.dumps(content))
    return path


def refuse(code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "because"}}
    return ClientError(answer, "GetObject")


@pytest.mark.parametrize("arguments", COMMANDS)
def test_without_a_profile_the_way_to_one_is_told(
    profile: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    profile.unlink()
    assert main(arguments) == 4
    assert "run `enliven up`" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_profile_that_names_no_stack_is_told_what_it_lacks(
    profile: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    content = json.loads(profile.read_text())
    del content["stack"]
    profile.write_text(json.dumps(content))
    assert main(arguments) == 4
    said = capsys.readouterr().err
    assert "has no `stack`" in said
    assert "docs/debugging.md" in said


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_stack_that_is_down_is_told(
    profile: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert profile.exists()
    assert main(arguments) == 4
    said = capsys.readouterr().err
    assert "is the stack up? run `enliven up`" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (NoCredentialsError(), "aws_credentials_missing", "names no `aws_profile`"),
        (ProfileNotFound(profile="rita"), "aws_failed", "rita"),
        (refuse("AccessDenied"), "aws_refused", "these AWS credentials may not (AccessDenied)"),
        (refuse("AccessDeniedException"), "aws_refused", "docs/debugging.md"),
        (refuse("ExpiredToken"), "aws_failed", "ExpiredToken: because"),
    ],
)
def test_what_aws_says_becomes_a_sentence(error: Exception, code: str, said: str) -> None:
    with pytest.raises(CommandFailed) as failed, aws_failures("read the record"):
        raise error
    assert failed.value.code == code
    assert failed.value.detail.startswith("cannot read the record: ")
    assert said in failed.value.detail
