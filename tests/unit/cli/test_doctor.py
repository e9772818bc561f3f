"""`enliven doctor` looks at the machine it runs on: what it says follows from what is there."""

import json
import os
from pathlib import Path

import pytest

from cli import checkout, doctor
from cli.main import main

ABSENT_PID = 2**22 + 1  # above the highest process id that Linux gives


def test_this_checkout_can_run_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    for name in ("Python", "wheels", "project", "weights", "ports"):
        assert checks[name]["health"] == "OK"


def test_every_line_fits_a_narrow_terminal_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    assert main(["doctor"]) == 4
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "The demo cannot run: packages, project." in shown
    assert shown.count("→ get the whole checkout") == 2
    assert "→ run `enliven up`" in shown


def test_a_package_that_is_not_installed_is_missing(tmp_path: Path) -> None:
    lock = tmp_path / "dev.txt"
    lock.write_text("no-such-package==1.0 \\\n    --hash=sha256:0\n    # via x\nhttpx==0.28.1\n")
    assert doctor.packages(lock)[1:3] == ("missing", "not installed: no-such-package")


def test_another_version_than_the_locked_one_is_weak(tmp_path: Path) -> None:
    lock = tmp_path / "dev.txt"
    lock.write_text("rich==1.0 \\\n    --hash=sha256:0\n")
    check = doctor.packages(lock)
    assert check.health == "weak"
    assert check.found.endswith("(locked: 1.0)")


def test_a_package_for_another_system_is_not_asked_for(tmp_path: Path) -> None:
    lock = tmp_path / "dev.txt"
    lock.write_text("no-such-package==1.0 ; sys_platform == 'plan9' \\\n    --hash=sha256:0\n")
    assert doctor.packages(lock)[1:3] == ("OK", "0 of 0 as locked")


@pytest.mark.parametrize(
    ("least", "good", "health"), [(2**62, 2**62, "missing"), (1, 2**62, "weak"), (1, 1, "OK")]
)
def test_room_on_the_disk_is_judged_by_what_the_stack_needs(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    least: int,
    good: int,
    health: str,
) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK_BYTES", least)
    monkeypatch.setattr(doctor, "GOOD_DISK_BYTES", good)
    assert doctor.disk(tmp_path).health == health


def test_a_stack_that_has_died_is_told_with_its_logs(tmp_path: Path) -> None:
    names = ("emulator", "standins", "model")
    server = {"pid": ABSENT_PID, "started": "1", "port": 9, "health": "/"}
    record = {
        "strict_auth": False,
        "engine": "motion",
        "secret_key": "00",
        "lan": None,
        "servers": {n: server | {"name": n, "log": f"{n}.log"} for n in names},
    }
    (tmp_path / ".enliven").mkdir()
    (tmp_path / ".enliven" / "stack.json").write_text(json.dumps(record))
    assert [check[:3] for check in doctor.stack(tmp_path)] == [
        (name, "weak", f"has ended; its log is {name}.log") for name in names
    ]


def test_a_record_of_the_stack_that_is_garbage_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / ".enliven").mkdir()
    (tmp_path / ".enliven" / "stack.json").write_text("[]")
    (check,) = doctor.stack(tmp_path)
    assert check.health == "weak"
    assert "--fresh" in check.remedy


def test_a_profile_that_others_can_read_is_weak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    profile = {
        "api_url": "http://127.0.0.1:1/x",
        "client_id": "c",
        "region": "us-east-1",
        "username": "ada",
        "password": "p",
        "root_certificate": "root.pem",
    }
    folder = tmp_path / ".enliven"
    folder.mkdir()
    (folder / "root.pem").write_text("-")
    path = folder / "profile.json"
    path.write_text(json.dumps(profile))
    path.chmod(0o644)
    assert doctor.profile().remedy == f"chmod 600 {path}"
    path.chmod(0o600)
    assert doctor.profile().health == "OK"
    (folder / "root.pem").unlink()
    assert doctor.profile().health == "weak"


def test_ffmpeg_is_optional(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.ffmpeg().health == "weak"
    fake = tmp_path / "ffmpeg"
    fake.write_text("")
    fake.chmod(0o755)
    assert doctor.ffmpeg() == ("ffmpeg", "OK", os.fspath(fake), "")
