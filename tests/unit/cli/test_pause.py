"""`enliven pause` and `resume`, and which AWS a command works on."""

from dataclasses import replace

import pytest

from cli import account
from cli.main import main
from tests.unit.cli.cloud_account import SWITCH, deployed, value, without_aws

__all__ = ["deployed"]


def test_pause_closes_the_switch_and_resume_opens_it(
    deployed: account.Target, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pause"]) == 0
    assert value(deployed, SWITCH) == "paused"
    assert main(["pause"]) == 0, "twice is no failure"
    assert main(["resume"]) == 0
    assert value(deployed, SWITCH) == "open"
    told = capsys.readouterr().out
    assert "10 s" in told


def test_a_stack_without_a_switch_is_said_to_be_another(
    deployed: account.Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(account, "target", lambda _: replace(deployed, outputs={}))
    assert main(["pause"]) == 4
    assert "ServiceSwitch" in capsys.readouterr().err


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    without_aws(monkeypatch)
    return monkeypatch


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["pause", "--stack", "app", *arguments]) != 0
    return capsys.readouterr().err


@pytest.mark.usefixtures("shell")
def test_without_a_region_one_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert "pass --region" in _refused(capsys)


@pytest.mark.usefixtures("shell")
def test_without_credentials_the_way_to_get_some_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = _refused(capsys, "--region", "us-east-1")
    assert told.startswith("✗ credentials_missing")
    assert "aws configure" in told


def test_an_aws_that_is_not_there_is_named(
    shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        shell.setenv(name, "test")
    shell.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    shell.setenv("AWS_MAX_ATTEMPTS", "1")
    told = _refused(capsys, "--region", "us-east-1")
    assert told.startswith("✗ aws_unreachable")
    assert "127.0.0.1:9" in told


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredToken", "credentials_expired"),
        ("InvalidClientTokenId", "credentials_invalid"),
        ("AccessDenied", "permission_missing"),
        ("InternalFailure", "aws_failed"),
    ],
)
def test_what_aws_refuses_has_a_plain_name(code: str, expected: str) -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - half a second for one test

    with pytest.raises(account.CommandFailed) as caught, account.failures():
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeStacks")
    assert caught.value.code == expected


def test_without_a_local_stack_both_ways_on_are_told(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(account.checkout, "ROOT", tmp_path)
    assert main(["pause"]) == 4
    told = capsys.readouterr().err
    assert "enliven up" in told
    assert "--stack" in told
