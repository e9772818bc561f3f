"""Photos as nobody takes them: a clip or a clear refusal, in bounded time and memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest

from model_endpoint.photo import read_photo
from tests.quality.hostile import PHOTOS, greys, scene

ROOT = Path(__file__).parents[2]
#: Bounds of one small clip: each photo's seconds on a loaded machine, and the memory of all.
SECONDS = 20.0
PEAK_BYTES = 900 * 10**6

REFUSED = {
    "one_pixel_wide": "PhotoTooSmall: 1 by 4000 px",
    "very_long": "PhotoTooSmall: 12000 by 200 px",
    "half_a_file": "PhotoUnreadable: not a complete JPEG, PNG or WebP photo",
    "no_photo": "PhotoUnreadable: not a complete JPEG, PNG or WebP photo",
    "nothing": "PhotoUnreadable: not a complete JPEG, PNG or WebP photo",
}
#: What a reader has to get right: grey levels, 0..255, that a photo may differ in the mean.
SAME_SCENE = {"cmyk": 5.0, "palette": 16.0, "broken_exif": 5.0}
SAME_GREY = {"sixteen_bits": 2.0, "grey": 4.0}


class Line(TypedDict):
    photo: str
    outcome: str
    seconds: float
    peak_bytes: int


@pytest.fixture(scope="module")
def lines() -> dict[str, Line]:
    """What one process, whose processor time and memory are limited, made of each photo."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.quality.hostile"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"},
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS * len(PHOTOS),
    )
    assert ran.returncode == 0, ran.stderr
    found: list[Line] = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["photo"]: line for line in found}


@pytest.mark.parametrize("name", PHOTOS)
def test_a_hostile_photo_becomes_a_clip_or_is_refused_in_words(
    lines: dict[str, Line], name: str
) -> None:
    expected = REFUSED.get(name, "12 frames")
    assert lines[name]["outcome"].startswith(expected)


@pytest.mark.parametrize("name", PHOTOS)
def test_no_photo_takes_long(lines: dict[str, Line], name: str) -> None:
    assert lines[name]["seconds"] <= SECONDS


def test_no_photo_takes_much_memory(lines: dict[str, Line]) -> None:
    assert max(line["peak_bytes"] for line in lines.values()) <= PEAK_BYTES


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("name", SAME_SCENE)
def test_colours_survive_their_encoding(name: str) -> None:
    away = np.abs(read_photo(PHOTOS[name]()).astype(np.int16) - scene())
    assert away.mean() <= SAME_SCENE[name]


@pytest.mark.parametrize("name", SAME_GREY)
def test_greys_survive_their_encoding(name: str) -> None:
    away = np.abs(read_photo(PHOTOS[name]()).astype(np.int16) - greys()[..., None])
    assert away.mean() <= SAME_GREY[name]
