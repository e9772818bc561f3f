"""`enliven create` when the server, the network or the time fails it: one line, never a trace."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

PROJECT = Path(__file__).resolve().parents[3]
Instead = Callable[[Any], bool]


def create(photo: Path, out: Path, *more: str) -> int:
    return main(["create", str(photo), "--profile", "stage", "--out", str(out), *more])


def hang_up(stage: Any) -> bool:
    return bool(stage.hang_up())


def answers(status: int, body: object, kind: str = "application/json") -> Instead:
    return lambda stage: bool(stage.answer(status, body, kind))


def problem(status: int, code: str) -> Instead:
    return lambda stage: bool(stage.problem(status, code, "In plain words."))


def first(times: int, instead: Instead) -> Instead:
    """Fail so often, then tell the truth."""
    left = [times]

    def act(stage: Any) -> bool:
        left[0] -= 1
        return left[0] >= 0 and instead(stage)

    return act


@pytest.mark.parametrize(
    ("path", "instead", "status", "line"),
    [
        ("/api/stories", problem(422, "prompt_invalid"), 2, "✗ prompt_invalid: In plain words."),
        ("/api/stories", problem(429, "quota_used_up"), 4, "✗ quota_used_up: In plain words."),
        ("/api/stories", problem(500, "internal"), 4, "✗ internal: In plain words."),
        ("/api/stories", answers(502, b"<html>Bad Gateway"), 4, "answered 502 '<html>Bad Gat"),
        ("/api/stories", answers(200, b"garbage"), 4, "sent no StoryCreated: the body: Invalid"),
        ("/api/stories", answers(200, {"story": {}}), 4, "sent no StoryCreated: story.id: Field"),
        ("/api/stories", answers(401, {"message": "Unauthorized"}), 4, "answered 401"),
        ("/api/stories", hang_up, 4, "✗ connection_lost: "),
        ("/cognito", answers(500, b"oops"), 4, "✗ sign_in_failed: "),
        ("/cognito", answers(200, b"[]"), 4, "✗ sign_in_failed: "),
        ("/cognito", hang_up, 4, "✗ connection_lost: "),
        ("/uploads", answers(500, b"<Code>InternalError</Code>"), 4, "✗ upload_failed: "),
        ("/uploads", answers(403, b"<Code>AccessDenied</Code>"), 2, "✗ upload_refused: "),
        ("/uploads", answers(404, b"what?"), 4, "✗ upload_failed: "),
        ("/uploads", hang_up, 4, "✗ connection_lost: "),
    ],
)
def test_each_failure_before_the_workflow_is_one_line_with_its_exit_status(
    *,
    play: Any,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    path: str,
    instead: Instead,
    status: int,
    line: str,
) -> None:
    play.instead[("POST", path)] = instead
    assert create(photo, tmp_path / "a.mp4") == status
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1
    assert play.polls == 0


@pytest.mark.parametrize("instead", [problem(500, "internal"), answers(503, b""), hang_up])
def test_a_poll_that_fails_now_and_then_does_no_harm(
    play: Any, photo: Path, tmp_path: Path, instead: Instead
) -> None:
    play.instead[("GET", "/api/stories/")] = first(4, instead)
    assert create(photo, tmp_path / "a.mp4") == 0


@pytest.mark.parametrize(
    ("instead", "code"),
    [
        (problem(500, "internal"), "internal"),
        (hang_up, "connection_lost"),
        (problem(404, "story_missing"), "story_missing"),
        (answers(200, {"id": "x"}), "answer_invalid"),
    ],
)
def test_a_story_that_cannot_be_asked_for_ends_the_command(
    *,
    play: Any,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    instead: Instead,
    code: str,
) -> None:
    play.instead[("GET", "/api/stories/")] = instead
    assert create(photo, tmp_path / "a.mp4") == 4
    assert capsys.readouterr().err.startswith(f"✗ {code}: ")


def test_a_token_that_expired_is_renewed(play: Any, photo: Path, tmp_path: Path) -> None:
    play.instead[("GET", "/api/stories/")] = first(1, answers(401, {"message": "Unauthorized"}))
    assert create(photo, tmp_path / "a.mp4") == 0
    assert [path for _, path in play.requests].count("/cognito/") == 2


def test_fields_that_a_newer_api_adds_are_no_fault(play: Any, photo: Path, tmp_path: Path) -> None:
    play.extra = {"mood": "sunny"}
    assert create(photo, tmp_path / "a.mp4") == 0
    assert json.loads((tmp_path / "a.json").read_bytes())["mood"] == "sunny"


def test_a_download_that_breaks_off_is_tried_again_with_a_fresh_url(
    play: Any, photo: Path, tmp_path: Path
) -> None:
    def half(stage: Any) -> bool:
        stage.send_response(200)
        stage.send_header("Content-Length", str(len(play.video)))
        stage.end_headers()
        stage.wfile.write(play.video[:1_000])
        return bool(stage.hang_up())

    play.instead[("GET", "/files/story.mp4")] = first(1, half)
    assert create(photo, tmp_path / "a.mp4") == 0
    assert (tmp_path / "a.mp4").read_bytes() == play.video


def test_a_download_that_fails_leaves_no_half_file_and_no_secret_in_the_message(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"the last story")
    play.instead[("GET", "/files/story.mp4")] = answers(403, b"<Code>AccessDenied</Code>")
    assert create(photo, tmp_path / "a.mp4") == 4
    assert (tmp_path / "a.mp4").read_bytes() == b"the last story"
    assert [path.name for path in tmp_path.glob("*a.*")] == ["a.mp4"]
    assert "secret" not in capsys.readouterr().err


def test_a_story_that_takes_too_long_ends_the_command_and_says_where_it_was(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.never_ends, play.stops_at = True, "GenerateVideo"
    assert create(photo, tmp_path / "a.mp4", "--timeout", "1.2") == 4
    assert re.match(
        rf"✗ time_out: story {'3f' * 16} was PROCESSING \(GenerateVideo\) when --timeout 1.2 s",
        capsys.readouterr().err,
    )


def test_a_server_that_says_nothing_does_not_outlast_the_time_out(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    released = threading.Event()

    def hang(stage: Any) -> bool:
        released.wait(20)
        return bool(stage.hang_up())

    play.instead[("POST", "/api/stories")] = hang
    assert create(photo, tmp_path / "a.mp4", "--timeout", "1") == 4
    assert not released.is_set()
    released.set()
    assert capsys.readouterr().err.startswith("✗ server_silent: http://127.0.0.1")


@pytest.mark.usefixtures("play")
def test_an_address_where_nobody_listens_says_what_to_do(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening: connections are refused
        rewrite(tmp_path, cognito_url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert create(photo, tmp_path / "a.mp4") == 4
    assert capsys.readouterr().err.endswith("is the stack up? run `enliven up`\n")


def rewrite(tmp_path: Path, **changes: object) -> None:
    path = tmp_path / "home/.config/enliven/stage.json"
    profile = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in profile.items() if v is not None}))


@pytest.mark.usefixtures("play")
def test_a_wrong_password_is_told_in_the_words_of_cognito(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(tmp_path, password="wrong")
    assert create(photo, tmp_path / "a.mp4") == 4
    error = capsys.readouterr().err
    assert error == (
        "✗ sign_in_refused: ada: NotAuthorizedException: Incorrect username or password.\n"
    )


def test_a_challenge_of_cognito_is_named(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.challenge = "NEW_PASSWORD_REQUIRED"
    assert create(photo, tmp_path / "a.mp4") == 4
    assert "asks ada for NEW_PASSWORD_REQUIRED" in capsys.readouterr().err


def test_the_password_may_come_from_the_environment(
    play: Any,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rewrite(tmp_path, password=None)
    assert create(photo, tmp_path / "a.mp4") == 4
    assert "has no `password` and ENLIVEN_PASSWORD is not set" in capsys.readouterr().err
    monkeypatch.setenv("ENLIVEN_PASSWORD", play.signs_in_as)
    assert create(photo, tmp_path / "a.mp4") == 0


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"api_url": "http://api.example.com"}, "api_url: Value error"),
        ({"client_id": None}, "client_id: Field required"),
        ({"clientid": "x"}, "clientid: Extra inputs are not permitted"),
        ({"password": 5}, "password: Input should be a valid string"),
    ],
)
@pytest.mark.usefixtures("play")
def test_a_profile_that_is_wrong_says_which_key(
    *,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    complaint: str,
) -> None:
    rewrite(tmp_path, **changes)
    assert create(photo, tmp_path / "a.mp4") == 4
    error = capsys.readouterr().err
    assert error.startswith("✗ profile_invalid: ")
    assert complaint in error


@pytest.mark.usefixtures("play")
def test_a_profile_that_is_missing_says_where_it_was_looked_for(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(photo, tmp_path / "a.mp4", "--profile", "prod") == 4
    error = capsys.readouterr().err
    assert error.startswith("✗ profile_missing: no profile 'prod': looked at ")
    assert str(tmp_path / "home/.config/enliven/prod.json") in error


def test_an_error_with_json_is_a_document_too(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.instead[("POST", "/api/stories")] = problem(429, "quota_used_up")
    assert create(photo, tmp_path / "a.mp4", "--json") == 4
    document = json.loads(capsys.readouterr().out)
    assert document == {"error": {"code": "quota_used_up", "detail": "In plain words."}}


def spawn(photo: Path, out: Path, **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "cli.main", "create", str(photo)),
            *("--profile", "stage", "--out", str(out)),
        ],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": f"{PROJECT / 'functions'}{os.pathsep}{PROJECT}"},
        **streams,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_output_that_cannot_be_written_is_one_line(play: Any, photo: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = spawn(photo, tmp_path / "a.mp4", stdout=full, stderr=subprocess.PIPE)
        _, error = process.communicate(timeout=20)
    assert process.returncode == 4
    assert error.decode() == "✗ output_failed: No space left on device\n"
    assert play.polls == 0


def test_ctrl_c_ends_with_one_line(play: Any, photo: Path, tmp_path: Path) -> None:
    play.never_ends, play.stops_at = True, "GenerateVideo"
    # A shell lets what it starts in the background ignore Ctrl-C, and so would our child.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = spawn(photo, tmp_path / "a.mp4", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    signal.signal(signal.SIGINT, before)
    while play.polls < 2:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert error.decode() == "✗ interrupted\n"


def test_on_a_terminal_the_workflow_is_redrawn_and_its_end_stays(
    play: Any, photo: Path, tmp_path: Path
) -> None:
    play.states_a_poll = 1
    pty = pytest.importorskip("pty", reason="pseudo-terminals are POSIX")
    control, terminal = pty.openpty()
    process = spawn(photo, tmp_path / "a.mp4", stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            more = os.read(control, 65_536)
        except OSError:  # Linux reports the end of a terminal as an error
            more = b""
        if not more:
            break
        shown += more
    os.close(control)
    assert process.wait(timeout=20) == 0
    text = shown.decode()
    assert "\x1b[2K" in text  # lines are redrawn
    final = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.rpartition("\x1b[2K")[2])
    assert [line.split()[:2] for line in final.splitlines()[1:4]] == [
        ["✓", "UploadPhoto"],
        ["✓", "InspectPhoto"],
        ["✓", "ReadPhotoCreden…"],
    ]
    assert "READY in " in final
