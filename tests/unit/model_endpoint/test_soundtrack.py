"""What is heard of a picture: where its sounds are, and what they swell with."""

from typing import cast, get_args

import numpy as np
import pytest

from model_endpoint.engines.motion import soundtrack as track
from model_endpoint.engines.motion.movie import SOUND_RATE_HZ
from model_endpoint.engines.motion.sound.loudness import integrated
from model_endpoint.engines.motion.soundtrack import pan_for, soundtrack
from model_endpoint.engines.motion.stage import Effect, Spot, Stage
from model_endpoint.pixels import Map, as_map, as_rgb
from story.generation import Ambience, Direction

WIDE, TALL = 160, 240
FPS, SECONDS = 24, 5.0
AMBIENCES = cast("tuple[Ambience, ...]", get_args(Ambience))


def shore() -> Stage:
    """A sea at the left, trees at the right, a fire at the right as well."""
    left = as_map(np.zeros((TALL, WIDE)))
    left[120:, : WIDE // 3] = 1.0
    return Stage(
        plate=as_rgb(np.full((TALL, WIDE, 3), 90, np.uint8)),
        home=(0, 0),
        size=(WIDE, TALL),
        horizon=100.0,
        depth=as_map(np.zeros((TALL, WIDE))),
        masks={"water": left, "foliage": as_map(left[:, ::-1])},
        flows={},
        faces=(),
        sources=(Spot("fire", 0.9 * WIDE, 0.8 * TALL, 6.0, 0.9, 0.9),),
        kind="sea",
        seconds=SECONDS,
        fps=FPS,
        loop=True,
    )


def foam() -> Map:
    """The height of the water on a shore, a value a frame: two swells, one of them higher."""
    time = np.arange(round(FPS * SECONDS)) / (FPS * SECONDS)
    swell = (0.5 - 0.5 * np.cos(4.0 * np.pi * time)) * (0.75 + 0.25 * np.cos(2.0 * np.pi * time))
    return as_map(swell)


def direction(ambience: Ambience | None) -> Direction:
    return Direction(
        story_id="0" * 32,
        inference_id="0" * 32 + "-1-1",
        prompt="",
        negative_prompt="",
        camera="auto",
        ambience="auto" if ambience is None else ambience,
        seed=5,
        seconds=SECONDS,
        fps=FPS,
        width=WIDE,
        height=TALL,
    )


def heard(ambience: Ambience | None) -> Map:
    waves = Effect("waves", "waves roll", sound=foam())
    sound = soundtrack(direction(ambience), shore(), (waves,))
    assert sound is not None
    return sound


def level(sound: Map) -> Map:
    """Root mean square of each frame, (frames,)."""
    by_frame = sound.astype(np.float64).reshape(round(FPS * SECONDS), -1)
    return as_map(np.sqrt(np.mean(by_frame**2, axis=1)))


@pytest.mark.parametrize("ambience", [None, "waves"])
def test_the_surf_swells_with_the_foam_that_is_seen(ambience: Ambience | None) -> None:
    assert np.corrcoef(level(heard(ambience)), foam())[0, 1] >= 0.6


def test_only_the_water_swells_with_the_foam() -> None:
    for ambience in ("birds", "crowd", "fire", "room", "rain", "night"):
        assert abs(np.corrcoef(level(heard(ambience)), foam())[0, 1]) < 0.5


def test_sounds_come_from_where_they_are_seen() -> None:
    stage = shore()
    for ambience in ("waves", "lapping", "stream"):
        assert pan_for(stage, ambience) < -0.3
    for ambience in ("birds", "night", "fire"):
        assert pan_for(stage, ambience) > 0.3
    for ambience in ("city", "crowd", "room", "rain", "wind"):
        assert pan_for(stage, ambience) == 0.0
    assert abs(max(pan_for(stage, each) for each in AMBIENCES)) <= track.WIDEST_PAN


@pytest.mark.parametrize("ambience", [each for each in AMBIENCES if each != "silence"])
def test_what_is_asked_for_is_stereo_as_loud_as_every_clip_and_as_long(ambience: Ambience) -> None:
    sound = heard(ambience)
    assert sound.shape == (round(SECONDS * SOUND_RATE_HZ), 2)
    assert integrated(sound) == pytest.approx(-20.0, abs=1.0)
    assert float(np.abs(sound).max()) < 0.9
    assert np.corrcoef(sound.T)[0, 1] < 0.98


def test_silence_has_no_soundtrack() -> None:
    assert soundtrack(direction("silence"), shore(), ()) is None


@pytest.mark.parametrize(
    ("ambience", "lowest", "highest"),
    [
        ("waves", 250.0, 1_500.0), ("wind", 150.0, 900.0), ("rain", 1_200.0, 4_500.0),
        ("stream", 400.0, 2_000.0), ("birds", 900.0, 3_500.0), ("night", 600.0, 3_500.0),
        ("fire", 250.0, 2_000.0), ("city", 150.0, 900.0), ("crowd", 300.0, 1_200.0),
        ("room", 80.0, 400.0),
    ],
)  # fmt: skip
def test_each_ambience_has_its_own_colour(
    ambience: Ambience, lowest: float, highest: float
) -> None:
    power = np.abs(np.fft.rfft(heard(ambience).mean(axis=1))) ** 2
    hertz = np.arange(len(power)) / SECONDS
    assert lowest < float((hertz * power).sum() / power.sum()) < highest
