"""`enliven moderate` and `python -m local.moderate`: the real handlers on the real stand-ins."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cli import main as enliven
from local import moderate
from local.moderate import Asked, Gatekeeper, Refused, gates
from story import policy
from story.errors import PhotoTooSmall, PhotoUnreadable

ROOT = Path(__file__).resolve().parents[3]
BEACH = ROOT / "photos" / "sky_sea_bridge.jpg"
THREAT = "cut off her head in a pool of blood"


def test_the_environment_and_the_log_are_as_before_when_the_gates_are_closed() -> None:
    before = dict(os.environ)
    with gates():
        pass
    assert dict(os.environ) == before
    assert logging.root.manager.disable == logging.NOTSET


@pytest.fixture(scope="module")
def gatekeeper() -> Iterator[Gatekeeper]:
    with gates() as opened:
        yield opened


def test_a_photo_and_words_without_harm_are_allowed_and_all_of_it_is_said(
    gatekeeper: Gatekeeper,
) -> None:
    said = gatekeeper.judge(Asked(photo=BEACH.read_bytes(), prompt="gentle waves"))
    assert (said["verdict"], said["gate"], said["reasons"]) == ("allow", "input", [])
    assert said["policy"] == policy.version()
    assert "bedrock guardrails" in said["models"]
    assert any(model.startswith("rekognition moderation") for model in said["models"])
    json.dumps(said)


@pytest.mark.parametrize("field", ["prompt", "caption"])
def test_words_are_judged_without_a_photo(gatekeeper: Gatekeeper, field: str) -> None:
    said = gatekeeper.judge(Asked(**{field: THREAT}))  # type: ignore[arg-type]  # one of its texts
    assert said["verdict"] == "reject"
    assert said["reasons"][0]["code"] == "violence"
    assert {found["row"] for found in said["findings"]} >= {"words/VIOLENCE"}


def test_a_caption_that_is_posted_is_judged_by_its_own_rows(gatekeeper: Gatekeeper) -> None:
    said = gatekeeper.judge(Asked(gate="posting", caption=THREAT))
    assert said["verdict"] == "reject"
    assert {found["row"].partition("/")[0] for found in said["findings"]} == {"posting"}


def test_a_picture_is_judged_as_a_frame_by_the_rows_of_video(gatekeeper: Gatekeeper) -> None:
    said = gatekeeper.judge(Asked(gate="video", photo=BEACH.read_bytes()))
    assert (said["verdict"], said["gate"]) == ("allow", "video")


def test_what_is_no_photo_is_an_error_and_no_verdict(gatekeeper: Gatekeeper) -> None:
    with pytest.raises(PhotoUnreadable):
        gatekeeper.judge(Asked(photo=b"not a photo"))
    tiny = io.BytesIO()
    Image.new("RGB", (20, 20)).save(tiny, "PNG")
    with pytest.raises(PhotoTooSmall):
        gatekeeper.judge(Asked(photo=tiny.getvalue()))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked(), "nothing_to_judge"),
        (Asked(gate="video", prompt="waves"), "nothing_to_judge"),
        (Asked(gate="posting"), "nothing_to_judge"),
        (Asked(gate="posting", photo=b"photo", caption="waves"), "nothing_to_judge"),
        (Asked(prompt=" "), "prompt_invalid"),
        (Asked(prompt="w" * 601), "prompt_invalid"),
        (Asked(caption="w" * 301), "caption_invalid"),
    ],
)
def test_what_no_gate_can_judge_is_refused_before_anything_starts(asked: Asked, code: str) -> None:
    with pytest.raises(Refused) as raised:
        moderate.require_sense(asked)
    assert raised.value.code == code


def _error(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["error"]
    return found


def test_a_file_that_cannot_be_taken_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in (moderate.main, lambda given: enliven.main(["moderate", *given])):
        assert run(["--photo", str(tmp_path / "none.jpg")]) == 2
        assert _error(capsys) == {
            "code": "photo_missing",
            "detail": f"{tmp_path / 'none.jpg'} cannot be read: No such file or directory",
        }
        large = tmp_path / "large.jpg"
        large.write_bytes(bytes(100))
        with monkeypatch.context() as patch:
            patch.setattr(moderate, "MAX_UPLOAD_BYTES", 99)
            assert run(["--photo", str(large)]) == 2
        found = _error(capsys)
        assert found["code"] == "photo_too_large"
        assert found["detail"].endswith("has 100 bytes; at most 99 are taken")
        assert run([]) == 2
        assert _error(capsys)["code"] == "nothing_to_judge"


def test_the_command_prints_one_document_and_its_status_says_what_it_is(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("no photo")
    for command in (
        [sys.executable, "-m", "local.moderate"],
        [sys.executable, "-m", "cli.main", "moderate"],
    ):
        ended = subprocess.run(
            [*command, "--photo", str(other)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 2, ended.stderr
        assert json.loads(ended.stdout)["error"]["code"] == "photo_unreadable"
