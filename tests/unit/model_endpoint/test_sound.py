from typing import get_args

import numpy as np
import pytest

from model_endpoint.engines.motion.movie import SOUND_RATE_HZ
from model_endpoint.engines.motion.sound import LOUDNESS, PEAK, compose, loudness
from story.generation import Ambience

SOUNDING = [name for name in get_args(Ambience) if name != "silence"]


def test_silence_has_no_sound() -> None:
    assert compose("silence", 2.0, seed=1, loop=True) is None


@pytest.mark.parametrize("ambience", SOUNDING)
def test_no_ambience_clips_and_each_has_its_loudness(ambience: Ambience) -> None:
    sound = compose(ambience, 3.0, seed=1, loop=True)
    assert sound is not None
    assert sound.shape == (3 * SOUND_RATE_HZ, 2)
    assert np.abs(sound).max() <= PEAK + 1e-6
    assert loudness(sound) == pytest.approx(LOUDNESS[ambience], abs=0.5)


@pytest.mark.parametrize("ambience", SOUNDING)
def test_a_loops_seam_is_no_larger_than_its_other_steps(ambience: Ambience) -> None:
    sound = compose(ambience, 2.0, seed=3, loop=True)
    assert sound is not None
    steps = np.abs(np.diff(sound, axis=0))
    assert np.all(np.abs(sound[0] - sound[-1]) <= steps.max(axis=0))


def test_the_channels_differ_and_so_do_seeds() -> None:
    one, same, other = (compose("wind", 1.0, seed=s, loop=True) for s in (1, 1, 2))
    assert one is not None
    assert same is not None
    assert other is not None
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)
    assert np.asarray(np.corrcoef(one.T))[0, 1] < 0.9


def test_a_clip_that_does_not_loop_fades_at_both_ends() -> None:
    sound = compose("stream", 2.0, seed=1, loop=False)
    assert sound is not None
    edge, middle = np.abs(sound[:480]).mean(), np.abs(sound[48_000:52_800]).mean()
    assert edge < 0.1 * middle
    assert np.abs(sound[-480:]).mean() < 0.1 * middle


def test_loudness_of_a_full_scale_sine_in_one_channel_is_the_standards() -> None:
    # ITU-R BS.1770-4: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LUFS.
    t = np.arange(SOUND_RATE_HZ) / SOUND_RATE_HZ
    tone = np.stack([np.sin(2 * np.pi * 997 * t), np.zeros_like(t)], axis=1)
    assert loudness(tone.astype(np.float32)) == pytest.approx(-3.01, abs=0.05)
