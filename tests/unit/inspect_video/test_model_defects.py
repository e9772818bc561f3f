"""Defects that only trained models make, each on a clip that has it and on one that nearly has."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspect_video.examination import examine
from story.errors import VideoDefective
from story.generation import EngineName, Wishes
from tests.unit.inspect_video.clips import (
    FRAMES,
    HEIGHT,
    WIDTH,
    Picture,
    crop,
    direction,
    encode,
    jpeg,
    photo,
    report,
)

TRAINED = EngineName(family="diffusion", name="wan-5b", version="2.2")
NAME = "stream_waterfall"


@functools.cache
def _photo(name: str = NAME) -> Picture:
    return photo(name).reduce(2)


@functools.cache
def _jpeg() -> bytes:
    return jpeg(_photo())


def _pushed(amount: float, name: str = NAME) -> Picture:
    """What a camera shows that has come nearer by a part of the crop."""
    picture = _photo(name)
    left, top, right, bottom = crop(picture).in_pixels(*picture.size)
    dx, dy = (right - left) * amount / 2, (bottom - top) * amount / 2
    box = (left + dx, top + dy, right - dx, bottom - dy)
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box=box)


def _moved(way: Callable[[float], float], name: str = NAME) -> list[Picture]:
    """A clip in which the camera is at way(t), t from 0 to 1."""
    return [_pushed(way(index / (FRAMES - 1)), name) for index in range(FRAMES)]


@functools.cache
def _steady() -> tuple[Picture, ...]:
    """A camera that comes nearer all the time."""
    return tuple(_moved(lambda t: 0.2 * t))


def _told(pictures: list[Picture], engine: EngineName = TRAINED, **changes: Any) -> str:
    asked = direction(loop=False, **changes)
    answer = report(crop(_photo()), engine=engine)
    try:
        examine(encode(pictures), answer, asked, _jpeg())
    except VideoDefective as defective:
        return str(defective)
    return ""


def _treated(change: Callable[[np.ndarray, float], np.ndarray]) -> list[Picture]:
    """The steady clip with every later frame changed: pixels (H, W, 3) and t to pixels."""
    treated = []
    for index, picture in enumerate(_steady()):
        t = index / (FRAMES - 1)
        pixels = change(np.asarray(picture, np.float32), t) if index else np.asarray(picture)
        treated.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    return treated


def test_a_camera_that_comes_nearer_or_turns_round_has_no_defect() -> None:
    assert not _told(list(_steady()))
    assert not _told(_moved(lambda t: 0.1 * (1 - np.cos(2 * np.pi * t))))


def _springs(t: float) -> float:
    return 0.3 * t if t < 0.7 else 0.3 * (t - 0.7)


def test_a_clip_that_springs_back_is_refused_and_of_any_trained_engine_only() -> None:
    sprung = _moved(_springs)
    assert "it springs back to its first frame at 1.3" in _told(sprung)
    procedural = EngineName(family="procedural", name="enliven-motion", version="2")
    assert not _told(sprung, procedural)


def test_slow_motion_is_refused_unless_it_was_asked_for() -> None:
    slow = _moved(lambda t: 0.012 * t)
    assert "it moves in slow motion" in _told(slow)
    assert not _told(slow, wishes=Wishes(speed=0.25))
    assert not _told(slow, wishes=Wishes(held=("everything",)))


def test_a_photo_that_is_left_after_a_moment_is_refused() -> None:
    other = _moved(lambda t: 0.2 * t, "sunset_hills")
    assert "it leaves the photo: 100% of its frames" in _told([*_steady()[:6], *other[6:]])
    faded = [
        Image.blend(one, two, min(1.0, index / 12))
        for index, (one, two) in enumerate(zip(_steady(), other, strict=True))
    ]
    assert "it leaves the photo" in _told(faded)


@pytest.mark.parametrize("alive", [True, False], ids=["flickering", "the same in each frame"])
def test_static_all_over_the_picture_is_refused(*, alive: bool) -> None:
    random = np.random.default_rng(1)
    frozen = random.normal(0, 35, (HEIGHT, WIDTH, 1))
    noisy = _treated(
        lambda pixels, _t: pixels + (random.normal(0, 35, frozen.shape) if alive else frozen)
    )
    assert "it is covered with static" in _told(noisy)


def test_rain_over_half_of_the_picture_is_no_static() -> None:
    random = np.random.default_rng(1)

    def rained(pixels: np.ndarray, _t: float) -> np.ndarray:
        streaks = random.random((HEIGHT, WIDTH, 1)) < 0.01
        streaks[HEIGHT // 2 :] = False
        return pixels + 80 * streaks

    assert not _told(_treated(rained))


def test_colours_that_drift_are_refused_unless_other_light_was_asked_for() -> None:
    drifted = _treated(lambda pixels, t: pixels * (1 + t * np.array([0.25, 0.0, -0.25])))
    assert "its colours drift by" in _told(drifted)
    assert not _told(drifted, wishes=Wishes(motions=("sky_hues",)))
    assert not _told(drifted, wishes=Wishes(preset="timelapse"))


def test_a_picture_that_only_becomes_brighter_has_kept_its_colours() -> None:
    assert "drift" not in _told(_treated(lambda pixels, t: pixels + 15 * t))
