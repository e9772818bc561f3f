import numpy as np
import pytest

from model_endpoint.engines.motion.sound.echo import echo
from model_endpoint.engines.motion.sound.grains import bubbles, onsets, ringing, scatter
from model_endpoint.engines.motion.sound.people import FORMANTS_HZ, glottis, vowel
from model_endpoint.engines.motion.sound.place import Place, gains
from model_endpoint.engines.motion.sound.ring import Ring, follow, leak
from model_endpoint.pixels import as_map

RING = Ring(24_000, 1.0)


def test_noise_has_its_power_in_its_band_and_deviation_one() -> None:
    noise = RING.noise(np.random.default_rng(1), 400.0, 1_600.0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    assert np.std(noise) == pytest.approx(1.0, abs=1e-3)
    assert power[300:2_000].sum() > 0.95 * power.sum()


def test_a_slower_rings_signal_keeps_its_values_when_stretched() -> None:
    slow = RING.slower(1_000.0)
    wave = as_map(np.cos(2 * np.pi * 5 * np.arange(slow.samples) / slow.samples))
    assert np.allclose(RING.stretch(wave)[::24], wave, atol=1e-5)


def test_a_swell_is_followed_at_any_sampling_and_around_the_loop() -> None:
    slow = RING.slower(100.0)
    fine, coarse = (
        follow(as_map(1.2 + np.cos(2 * np.pi * np.arange(n) / n)), slow) for n in (240, 24)
    )
    assert np.allclose(fine, coarse, atol=0.03)
    assert fine.max() == pytest.approx(1.0)
    assert int(fine.argmax()) % slow.samples in {0, 1, slow.samples - 1}
    assert np.all(follow(as_map([0.0, 0.0]), slow) == 0.0)
    assert np.allclose(follow(as_map([0.3]), slow), 1.0)


def test_what_leaks_lags_and_keeps_its_sum() -> None:
    pulse = as_map(np.zeros(200))
    pulse[150] = 1.0
    held = leak(pulse, 0.3, 100.0)
    assert held.sum() == pytest.approx(1.0, abs=1e-4)
    assert held[150] > held[190] > held[40] > 0.0


def test_panning_keeps_the_power() -> None:
    left, right = gains(as_map(np.linspace(-1, 1, 21)))
    assert np.allclose(left**2 + right**2, 1.0, atol=1e-6)
    assert right[0] == pytest.approx(0.0, abs=1e-6)
    assert left[10] == pytest.approx(right[10], abs=1e-6)


@pytest.mark.parametrize("width", [0.0, 0.4, 1.0])
def test_the_sides_of_spread_noise_have_the_stated_correlation_and_power(width: float) -> None:
    ring = Ring(192_000, 4.0)
    noise = ring.noise(np.random.default_rng(3), 300.0, 6_000.0)
    for pan in (0.0, 0.5):
        sides = Place(pan, width).spread(np.random.default_rng(4), noise)
        stated = np.cos(np.pi * width / 2)
        assert np.corrcoef(sides)[0, 1] == pytest.approx(stated, abs=0.06)
        assert (sides**2).mean(axis=1).sum() == pytest.approx(1.0, abs=0.08)


def test_a_place_reaches_from_its_point_to_everywhere() -> None:
    assert (Place(0.3, 0.0).left, Place(0.3, 0.0).right) == (0.3, 0.3)
    assert (Place(0.3, 1.0).left, Place(0.3, 1.0).right) == pytest.approx((-1.0, 1.0))
    spots = np.sort(Place(0.0, 1.0).spots(np.random.default_rng(1), 4))
    assert np.diff(spots).min() >= 0.25


def test_an_event_at_the_end_rings_on_at_the_start() -> None:
    body = as_map(np.arange(1.0, 11.0))[None]
    added = scatter(RING, np.array([RING.samples - 4]), body, as_map([[1.0], [0.5]]))
    assert np.array_equal(added[0, -4:], body[0, :4])
    assert np.array_equal(added[0, :6], body[0, 4:])
    assert np.allclose(added[1], 0.5 * added[0])


def test_events_come_where_the_density_is() -> None:
    density = as_map(np.r_[np.zeros(50), np.ones(50)])
    starts = onsets(np.random.default_rng(1), RING, 400.0, density)
    assert len(starts) == 400
    assert starts.min() >= 0.49 * RING.samples
    assert starts.max() < RING.samples


def test_low_bubbles_ring_longer_and_all_rise_in_pitch() -> None:
    zero = np.array([0])
    lasting = []
    for hz in (300.0, 1_500.0):
        sound = bubbles(RING, zero, as_map([hz]), as_map([[1.0], [1.0]]))[0]
        lasting.append(int((np.abs(sound) > 0.1).nonzero()[0].max()))
        crossings = np.nonzero(np.diff(np.signbit(sound[: lasting[-1]])))[0]
        assert crossings[-1] - crossings[-2] < crossings[2] - crossings[1]
    assert lasting[0] > 2 * lasting[1]


def test_a_struck_body_fades_and_ends_without_a_step() -> None:
    body = ringing(RING, as_map([500.0, 900.0]), as_map([60.0, 60.0]))
    quarter = body.shape[1] // 4
    assert np.abs(body[:, -quarter:]).max() < 0.1 * np.abs(body[:, :quarter]).max()
    assert np.abs(body[:, -1]).max() < 1e-3


def test_an_echo_comes_after_the_sound_and_dies_away() -> None:
    dry = as_map(np.zeros((2, RING.samples)))
    dry[:, 100] = 1.0
    wet = echo(np.random.default_rng(1), RING, dry, seconds=0.4, share=0.5, high_hz=4_000.0)
    first, second, late = (
        float((wet[:, a:b] ** 2).sum()) for a, b in ((200, 2_200), (4_200, 6_200), (12_000, 20_000))
    )
    assert first > 3 * second > 30 * late
    assert not np.allclose(wet[0], wet[1], atol=1e-3)


def test_a_voice_has_the_pitch_asked_for_and_vowels_their_formants() -> None:
    source = glottis(RING, np.random.default_rng(1), 120.0)
    cycles = np.nonzero((source[:-1] < 0.5) & (source[1:] >= 0.5))[0]
    assert len(cycles) == 120
    frequency = RING.bins(4_000.0)
    for formants in FORMANTS_HZ:
        tract = vowel(frequency, formants, 1.0)
        around = slice(int(formants[0]) - 60, int(formants[0]) + 60)
        assert abs(int(np.argmax(tract[around])) - 60) <= 30
