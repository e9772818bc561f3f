import numpy as np
import pytest

from model_endpoint.engines.motion.movie import SOUND_RATE_HZ
from model_endpoint.engines.motion.sound.limiter import KNEE, limit
from model_endpoint.engines.motion.sound.loudness import integrated, mean_power
from model_endpoint.pixels import Map, as_map

CEILING = 0.89


def tone(seconds: float, decibels: float, hz: float = 1_000.0) -> Map:
    """A sine in both channels, its peak so far below full scale."""
    t = np.arange(round(seconds * SOUND_RATE_HZ)) / SOUND_RATE_HZ
    sine = 10 ** (decibels / 20) * np.sin(2 * np.pi * hz * t)
    return as_map(np.stack([sine, sine], axis=1))


def test_a_full_scale_sine_in_one_channel_reads_what_the_standard_says() -> None:
    # ITU-R BS.1770-4: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LKFS.
    sound = tone(5.0, 0.0, 997.0)
    sound[:, 1] = 0.0
    assert integrated(sound) == pytest.approx(-3.01, abs=0.02)


def test_quiet_passages_are_gated_out() -> None:
    # EBU Tech 3341, test signal 3: 10 s at -36, 60 s at -23, 10 s at -36 dBFS read -23.0 LUFS.
    sound = np.concatenate([tone(10, -36), tone(60, -23), tone(10, -36)])
    assert integrated(sound) == pytest.approx(-23.0, abs=0.1)


def test_silence_around_them_does_not_move_the_relative_gate() -> None:
    # EBU Tech 3341, test signal 4: the same with 10 s at -72 dBFS before and after.
    edge = tone(10, -72)
    sound = np.concatenate([edge, tone(10, -36), tone(60, -23), tone(10, -36), edge])
    assert integrated(sound) == pytest.approx(-23.0, abs=0.1)


def test_what_is_in_both_gates_is_averaged_as_power() -> None:
    # EBU Tech 3341, test signal 5: 20 s at -26, 20.1 s at -20, 20 s at -26 dBFS read -23.0 LUFS.
    sound = np.concatenate([tone(20, -26), tone(20.1, -20), tone(20, -26)])
    assert integrated(sound) == pytest.approx(-23.0, abs=0.1)


def test_low_tones_weigh_less_and_high_ones_more() -> None:
    middle, low, high = (integrated(tone(2, -20, hz)) for hz in (1_000.0, 30.0, 5_000.0))
    assert low < middle - 8
    assert middle + 2.5 < high < middle + 4.5


def test_silence_has_no_loudness_and_a_blink_cannot_be_measured() -> None:
    assert integrated(as_map(np.zeros((SOUND_RATE_HZ, 2)))) == -np.inf
    with pytest.raises(ValueError, match="19200"):
        integrated(tone(0.3, -20))


def test_the_power_to_balance_by_is_the_metered_one() -> None:
    noise = as_map(np.random.default_rng(1).normal(0, 0.1, (2 * SOUND_RATE_HZ, 2)))
    balanced = -0.691 + 10 * np.log10(mean_power(np.ascontiguousarray(noise.T)))
    assert balanced == pytest.approx(integrated(noise), abs=0.1)


def test_the_limiter_keeps_peaks_below_its_ceiling_and_leaves_the_rest_alone() -> None:
    random = np.random.default_rng(2)
    sound = as_map(random.normal(0, 0.05, (2, SOUND_RATE_HZ)))
    for at in (10, 12_345, 30_000, SOUND_RATE_HZ - 3):
        sound[:, at : at + 40] += 3.0
    limited = limit(sound.copy(), CEILING)
    assert np.abs(limited).max() <= CEILING
    far = slice(14_000, 29_000)
    assert np.array_equal(limited[:, far], sound[:, far])


def test_the_limiter_looks_around_the_loop() -> None:
    sound = as_map(np.full((2, 4_800), 0.1))
    sound[:, :20] = 2.0
    gain = limit(sound.copy(), CEILING) / sound
    assert gain[0, -1] < 0.6
    assert abs(gain[0, 0] - gain[0, -1]) < 0.02


def test_the_limiter_turns_a_loud_tone_down_and_adds_none() -> None:
    t = np.arange(SOUND_RATE_HZ) / SOUND_RATE_HZ
    loud = as_map(1.6 * np.sin(2 * np.pi * 220 * t) * (1.0 + 0.3 * np.sin(2 * np.pi * 3 * t)))
    limited = limit(np.stack([loud, loud]), CEILING)
    power = np.abs(np.fft.rfft(limited[0])) ** 2
    frequency = np.fft.rfftfreq(SOUND_RATE_HZ, 1 / SOUND_RATE_HZ)
    harmonics = power[frequency > 330].sum() / power.sum()
    assert 10 * np.log10(harmonics) < -45
    assert np.abs(limited).max() > KNEE
