"""`enliven up` and `down`: what they keep, what they write, and how they fail.

That the stack comes up for real is what tests/local show.
"""

import json
import os
import stat
from pathlib import Path

import pytest

from cli import checkout, profile, up
from cli.main import main
from cli.outcome import CommandFailed
from local.processes import Server, StackError
from local.stack import PARAMETERS, LocalStack
from local.users import DemoUser

OUTPUTS = {"ApiId": "a1b2", "UserPoolId": "us-east-1_Pool", "UserPoolClientId": "client"}
ANA = DemoUser("ana", "a throw-away password", ())


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStack:
    """The record of a stack; nothing here talks to it."""
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    (tmp_path / "functions" / "api").mkdir(parents=True)
    (tmp_path / "functions" / "api" / "handler.py").write_text("answer = 42\n")
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    (tmp_path / ".enliven").mkdir()
    emulator, standins, model = (
        Server(name, 1, "long ago", 4566 + index, "/", f"{name}.log")
        for index, name in enumerate(("emulator", "standins", "model"))
    )
    return LocalStack(tmp_path, tmp_path / ".enliven", False, emulator, standins, model)


def test_the_profile_that_up_writes_is_the_one_that_create_reads(stack: LocalStack) -> None:
    root = stack.state_dir / "root.pem"
    root.write_text("-")
    path = up.write_profile(stack, OUTPUTS, ANA, root)
    read = profile.load("local")
    assert read.api_url == "http://127.0.0.1:4566/_aws/execute-api/a1b2/$default"
    assert read.sign_in_url == "http://127.0.0.1:4566"
    assert (read.client_id, read.region, read.username) == ("client", "us-east-1", "ana")
    assert read.password is not None
    assert read.password.get_secret_value() == ANA.password
    assert read.root_certificate == root
    assert ANA.password not in repr(read)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_profile_that_others_could_read_is_closed_to_them(stack: LocalStack) -> None:
    path = profile.path_of("local")
    path.write_text("old")
    path.chmod(0o644)
    up.write_profile(stack, OUTPUTS, ANA, stack.state_dir / "root.pem")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_stack_is_complete_only_as_it_was_when_up_went_through(stack: LocalStack) -> None:
    before = up.signature(stack)
    assert not up.is_complete(stack.state_dir, before)
    profile.path_of("local").write_text("{}")
    (stack.state_dir / up.RECORD).write_text(before)
    assert up.is_complete(stack.state_dir, up.signature(stack))
    profile.path_of("local").unlink()
    assert not up.is_complete(stack.state_dir, before)


@pytest.mark.parametrize("name", ["functions/api/handler.py", "template.yaml", "layers/new.txt"])
def test_a_changed_or_added_source_is_deployed_again(stack: LocalStack, name: str) -> None:
    before = up.signature(stack)
    path = stack.project_root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("changed, with another length\n")
    assert up.signature(stack) != before


def test_a_restarted_process_is_deployed_to_again(stack: LocalStack) -> None:
    emulator = stack.emulator
    again = Server(emulator.name, 2, "now", emulator.port, emulator.health, emulator.log)
    restarted = LocalStack(
        stack.project_root, stack.state_dir, False, again, stack.standins, stack.model
    )
    assert up.signature(restarted) != up.signature(stack)


def test_an_address_for_phones_is_deployed_and_so_is_its_end(stack: LocalStack) -> None:
    closed = up.signature(stack)
    opened = up.signature(stack, {**PARAMETERS, "MediaEndpoint": "http://192.168.1.5:4280"})
    assert opened != closed
    assert up.signature(stack, dict(PARAMETERS)) == closed


def test_compiled_code_beside_a_source_is_no_change(stack: LocalStack) -> None:
    before = up.signature(stack)
    cache = stack.project_root / "functions" / "api" / "__pycache__"
    cache.mkdir()
    (cache / "handler.cpython-311.pyc").write_bytes(os.urandom(8))
    assert up.signature(stack) == before


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("command", ["up", "down"])
def test_a_record_that_cannot_be_read_stops_the_command_and_is_kept(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / ".enliven" / "stack.json"
    record.write_text(json.dumps({"servers": []}))
    assert main([command]) == 4
    error = capsys.readouterr().err
    assert error.startswith(f"✗ stack_failed: {record} is not a record of this version's stack")
    assert record.exists()


@pytest.mark.usefixtures("stack")
def test_down_twice_is_down(capsys: pytest.CaptureFixture[str]) -> None:
    profile.path_of("local").write_text("{}")
    assert main(["down"]) == 0
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "✓ nothing was running\n" * 2
    assert not profile.path_of("local").exists()


def test_the_log_of_a_process_that_failed_is_kept_apart_from_the_sentence() -> None:
    with pytest.raises(CommandFailed) as failed, up.stack_failures():
        raise StackError("emulator ended while starting\nline 1\nline 2")
    assert failed.value.detail == "emulator ended while starting"
    assert failed.value.log == "line 1\nline 2"
