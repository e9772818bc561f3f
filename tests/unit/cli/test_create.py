"""`enliven create` against a played API: what is sent, written, shown, and the exit status."""

import json
from pathlib import Path
from typing import Any

from cli.main import main


def create(photo: Path, out: Path, *more: str) -> int:
    return main(["create", str(photo), "--profile", "stage", "--out", str(out), *more])


def test_a_ready_story_becomes_three_files(play: Any, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "er" / "beach.mp4"
    assert create(photo, out, "--prompt", "waves crash", "--seed", "7", "--people-consent") == 0
    assert out.stat().st_size == 1_024_000
    assert out.with_suffix(".jpg").read_bytes().startswith(b"\xff\xd8 a poster")
    record = json.loads(out.with_suffix(".json").read_bytes())
    assert record == play.view()
    assert play.created.model_dump() == {
        "prompt": "waves crash",
        "people_consent": True,
        "fit": "cover",
        "seed": 7,
    }
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "beach.jpg",
        "beach.json",
        "beach.mp4",
    ]
