from pathlib import Path

import av
import pytest
from PIL import Image

from model_endpoint.__main__ import main
from story.generation import Report

PHOTO = str(Path(__file__).resolve().parents[3] / "photos" / "coffee_cup.jpg")


def test_a_photo_becomes_a_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clip.mp4"
    options = ["--out", str(out), "--size", "180x320", "--seconds", "1", "--fps", "12"]
    assert main([PHOTO, *options, "--camera", "orbit"]) == 0
    report = Report.model_validate_json(capsys.readouterr().out)
    assert report.camera == "orbit"
    with av.open(str(out)) as container:
        assert container.streams.video[0].frames == report.frames == 12


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size", "720"], "720x1280"),
        (["--size", "721x1280"], "width"),
        (["--seconds", "99"], "seconds"),
        (["--fps", "1"], "fps"),
        (["--seed", "-1"], "seed"),
    ],
)
def test_an_option_out_of_range_is_one_line_and_status_2(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([PHOTO, *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_photo_that_is_none_is_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "note.jpg"
    text.write_text("not a photo")
    small = tmp_path / "small.png"
    Image.new("RGB", (90, 300)).save(small)
    whole = Path(PHOTO).read_bytes()
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole[: len(whole) // 2])
    for path, said in (
        (tmp_path / "missing.jpg", "missing.jpg"),
        (text, "not a complete"),
        (cut, "not a complete"),
        (small, "90 by 300"),
    ):
        assert main([str(path)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


def test_an_unknown_camera_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([PHOTO, "--camera", "spin"])
    assert ended.value.code == 2
    assert "push_in" in capsys.readouterr().err
