from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from model_endpoint.engines.motion.movie import SOUND_RATE_HZ
from model_endpoint.engines.motion.sound import (
    LOUDNESS,
    PEAK,
    Part,
    Score,
    Voice,
    compose,
    score_for,
)
from model_endpoint.engines.motion.sound.loudness import integrated
from model_endpoint.pixels import Map, as_map
from story.generation import Ambience

VOICES: tuple[Voice, ...] = get_args(Voice)
SOUNDING: tuple[Ambience, ...] = tuple(name for name in get_args(Ambience) if name != "silence")
WINDOW = SOUND_RATE_HZ // 20


def alone(voice: Voice, *, pan: float = 0.0, width: float = 0.7, swell: Map | None = None) -> Score:
    return Score((Part(voice, 1.0, pan, width, swell),))


def levels(sound: Map, window: int = WINDOW) -> NDArray[np.float64]:
    """Root mean square of both channels in windows one after the other."""
    whole = sound[: len(sound) // window * window].astype(np.float64)
    return np.asarray(np.sqrt((whole**2).mean(axis=1).reshape(-1, window).mean(axis=1)))


def spectrum(sound: Map) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies and the share of the power at each."""
    power = (np.abs(np.fft.rfft(sound, axis=0)) ** 2).sum(axis=1).astype(np.float64)
    return np.fft.rfftfreq(len(sound), 1 / SOUND_RATE_HZ), power / power.sum()


def two_waves(points: int = 72) -> Map:
    """Foam that comes in twice, the second time higher."""
    t = np.linspace(0, 1, points, endpoint=False)
    return as_map(
        0.2 + 0.6 * np.exp(-(((t - 0.25) / 0.07) ** 2)) + np.exp(-(((t - 0.7) / 0.09) ** 2))
    )


@pytest.mark.parametrize("loop", [True, False])
@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_alone_is_as_loud_as_every_clip_and_never_clips(
    voice: Voice, loop: bool
) -> None:
    for seed in (1, 2):
        sound = compose(alone(voice), 3.0, seed=seed, loop=loop)
        assert sound.shape == (3 * SOUND_RATE_HZ, 2)
        assert sound.dtype == np.float32
        assert np.abs(sound).max() <= PEAK
        assert integrated(sound) == pytest.approx(LOUDNESS, abs=1.0)


@pytest.mark.parametrize("first", range(0, len(VOICES), 2))
def test_mixtures_of_up_to_four_parts_have_the_same_loudness(first: int) -> None:
    voices = (VOICES * 2)[first : first + 4]
    weights = (1.0, 0.2, 0.6, 0.05)
    for count in (2, 3, 4):
        parts = tuple(
            Part(voice, weight, pan, 0.5, None)
            for voice, weight, pan in zip(
                voices[:count], weights[:count], (-0.8, 0.5, 0.0, 1.0), strict=False
            )
        )
        sound = compose(Score(parts), 2.5, seed=first, loop=True)
        assert np.abs(sound).max() <= PEAK
        assert integrated(sound) == pytest.approx(LOUDNESS, abs=1.0)


@pytest.mark.parametrize("voice", ["surf", "lapping", "wind", "fire", "rain", "stream", "city"])
def test_the_level_follows_the_swell(voice: Voice) -> None:
    swell = two_waves()
    sound = compose(alone(voice, swell=swell), 6.0, seed=4, loop=True)
    heard = levels(sound, SOUND_RATE_HZ // 12)
    assert np.corrcoef(heard, swell)[0, 1] >= 0.6


def test_surf_lies_closely_on_its_swell_and_is_brightest_at_its_height() -> None:
    swell = two_waves()
    sound = compose(alone("surf", swell=swell), 6.0, seed=8, loop=True)
    assert np.corrcoef(levels(sound, SOUND_RATE_HZ // 12), swell)[0, 1] >= 0.9

    def bright(at: float) -> float:
        start = round(at * SOUND_RATE_HZ)
        frequency, power = spectrum(sound[start : start + SOUND_RATE_HZ // 2])
        return float(power[frequency > 1_000].sum())

    assert bright(3.95) > 1.7 * bright(2.6)


@pytest.mark.parametrize("voice", VOICES)
def test_the_end_of_a_loop_runs_into_its_beginning(voice: Voice) -> None:
    louder, jumps = [], []
    for seed in range(12):
        sound = compose(alone(voice), 2.0, seed=seed, loop=True)
        around = np.roll(sound, 5 * WINDOW // 2, axis=0)[: 5 * WINDOW]
        before, near, seam, beyond, after = 20 * np.log10(levels(around))
        louder.append(seam - np.mean([before, near, beyond, after]))
        steps = np.abs(np.diff(sound, axis=0)).max(axis=1)
        jumps.append(np.abs(sound[0] - sound[-1]).max() <= np.quantile(steps, 0.999))
    assert abs(np.mean(louder)) < 1.5
    assert all(jumps)


def test_a_swell_that_jumps_at_the_loop_does_not_click() -> None:
    ramp = as_map(np.linspace(0.0, 1.0, 48))
    sound = compose(alone("surf", swell=ramp), 2.0, seed=1, loop=True)
    steps = np.abs(np.diff(sound, axis=0)).max(axis=1)
    assert np.abs(sound[0] - sound[-1]).max() <= steps.max()
    quiet_to_loud = [b / a for a, b in pairwise(levels(np.roll(sound, 4_800, axis=0), 480)[:20])]
    assert max(*quiet_to_loud, 1 / min(quiet_to_loud)) < 4.0


def test_a_clip_that_does_not_loop_begins_and_ends_in_silence() -> None:
    sound = compose(alone("stream"), 2.0, seed=1, loop=False)
    middle = levels(sound)[20]
    assert np.all(sound[0] == 0.0)
    assert np.all(sound[-1] == 0.0)
    assert levels(sound)[0] < 0.3 * middle
    assert levels(sound)[-1] < 0.3 * middle


@pytest.mark.parametrize("voice", VOICES)
def test_a_seed_means_one_sound(voice: Voice) -> None:
    one, same, other = (compose(alone(voice), 1.0, seed=s, loop=True) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other, atol=0.01)


@pytest.mark.parametrize(("frames", "fps"), [(97, 24), (121, 30), (25, 25)])
def test_the_sound_is_as_long_as_the_frames(frames: int, fps: int) -> None:
    for voice in ("birds", "crowd"):
        sound = compose(alone(voice), frames / fps, seed=1, loop=True)
        assert len(sound) == frames * SOUND_RATE_HZ // fps


@pytest.mark.parametrize("voice", ["surf", "stream", "fire", "lapping", "crowd"])
def test_a_narrow_sound_is_heard_where_it_is(voice: Voice) -> None:
    for pan in (-0.9, 0.6):
        sound = compose(alone(voice, pan=pan, width=0.0), 2.0, seed=3, loop=True)
        left, right = np.sqrt((sound.astype(np.float64) ** 2).mean(axis=0))
        assert (right > 2.0 * left) if pan > 0 else (left > 2.0 * right)


def test_the_wider_a_sound_the_less_its_sides_have_in_common() -> None:
    common = [
        float(np.corrcoef(compose(alone("rain", width=width), 3.0, seed=1, loop=True).T)[0, 1])
        for width in (0.0, 0.5, 1.0)
    ]
    assert common[0] == pytest.approx(1.0, abs=1e-3)
    assert 0.4 < common[1] < 0.95
    assert abs(common[2]) < 0.3


def test_a_part_of_small_weight_is_heard_less() -> None:
    def low(level: float) -> float:
        parts = (Part("crickets", 1.0, 0.0, 0.5, None), Part("rain", level, 0.0, 0.5, None))
        frequency, power = spectrum(compose(Score(parts), 2.0, seed=1, loop=True))
        return float(power[(frequency > 1_000) & (frequency < 2_500)].sum())

    assert low(0.1) < 0.3 * low(1.0)


@pytest.mark.parametrize("seed", range(3))
def test_birds_sing_in_their_range_now_and_then_and_are_not_piercing(seed: int) -> None:
    sound = compose(alone("birds"), 6.0, seed=seed, loop=True)
    frequency, power = spectrum(sound)
    assert power[(frequency > 1_500) & (frequency < 5_000)].sum() > 0.2
    assert power[frequency > 6_000].sum() < 0.01
    song = np.fft.rfft(sound.mean(axis=1))
    song[(frequency < 1_500) | (frequency > 5_000)] = 0.0
    loud = levels(np.fft.irfft(song)[:, None])
    # Half of the time nobody sings: what is there is far below the song.
    assert np.median(loud) < 0.4 * np.quantile(loud, 0.97)


def test_crickets_chirp_several_times_a_second_at_one_pitch() -> None:
    sound = compose(alone("crickets"), 6.0, seed=2, loop=True)
    frequency, power = spectrum(sound)
    choir = power[(frequency > 3_000) & (frequency < 4_600)].sum()
    assert choir > 10 * power[(frequency > 1_200) & (frequency < 2_800)].sum()
    assert choir > 0.1


def test_fire_crackles_and_rain_does_not() -> None:
    def peakedness(voice: Voice) -> float:
        steps = np.diff(compose(alone(voice), 4.0, seed=1, loop=True)[:, 0].astype(np.float64))
        return float((steps**4).mean() / (steps**2).mean() ** 2)

    assert peakedness("room") < 3.5
    assert peakedness("rain") < 15.0
    assert peakedness("fire") > 30.0


def test_a_room_is_dark_and_still() -> None:
    sound = compose(alone("room"), 4.0, seed=1, loop=True)
    frequency, power = spectrum(sound)
    assert (frequency * power).sum() < 400
    by_second = levels(sound, SOUND_RATE_HZ)
    assert by_second.max() < 1.3 * by_second.min()


def test_a_crowd_murmurs_in_syllables_between_low_and_telephone_tones() -> None:
    def syllables(voice: Voice) -> float:
        level = levels(compose(alone(voice), 8.0, seed=1, loop=True), 480)
        pace = np.abs(np.fft.rfft(level - level.mean())) ** 2 / level.mean() ** 2
        hertz = np.fft.rfftfreq(len(level), 0.01)
        return float(pace[(hertz >= 1.5) & (hertz <= 8.0)].sum())

    assert syllables("crowd") > 3.0 * syllables("room")
    frequency, power = spectrum(compose(alone("crowd"), 4.0, seed=1, loop=True))
    assert power[(frequency > 150) & (frequency < 3_400)].sum() > 0.9


def test_wind_is_brighter_in_a_gust() -> None:
    sound = compose(alone("wind", swell=two_waves()), 6.0, seed=1, loop=True)
    by_time = sound[: 12 * 24_000].reshape(12, 24_000, 2)
    loud = levels(sound, 24_000)

    def centre(piece: Map) -> float:
        frequency, power = spectrum(piece)
        return float((frequency * power).sum())

    assert centre(by_time[loud.argmax()]) > 1.3 * centre(by_time[loud.argmin()])


def test_a_swell_of_nothing_leaves_a_quiet_sea_not_silence() -> None:
    sound = compose(alone("surf", swell=as_map(np.zeros(24))), 2.0, seed=1, loop=True)
    assert integrated(sound) == pytest.approx(LOUDNESS, abs=1.0)


@pytest.mark.parametrize("ambience", SOUNDING)
def test_every_ambience_has_a_score_that_carries_place_and_swell(ambience: Ambience) -> None:
    swell = two_waves(24)
    score = score_for(ambience, swell=swell, pan=-0.4)
    assert score is not None
    leading, *others = score.parts
    assert leading.swell is swell
    assert leading.pan == -0.4
    assert all(part.swell is None and part.pan == 0.0 for part in others)
    assert all(part.level < leading.level for part in others)


def test_silence_has_no_score() -> None:
    assert score_for("silence") is None


def test_what_cannot_be_played_is_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        Part("surf", 1.5, 0.0, 0.0, None)
    with pytest.raises(ValueError, match="pan"):
        Part("surf", 1.0, -2.0, 0.0, None)
    with pytest.raises(ValueError, match="width"):
        Part("surf", 1.0, 0.0, 1.1, None)
    with pytest.raises(ValueError, match="none below 0"):
        Part("surf", 1.0, 0.0, 0.0, as_map([0.5, -0.1]))
    with pytest.raises(ValueError, match="finite"):
        Part("surf", 1.0, 0.0, 0.0, as_map([0.5, np.nan]))
    with pytest.raises(ValueError, match="shape"):
        Part("surf", 1.0, 0.0, 0.0, as_map([]))
    with pytest.raises(ValueError, match="above 0"):
        Score((Part("surf", 0.0, 0.0, 0.0, None),))
    with pytest.raises(ValueError, match="at least"):
        compose(alone("surf"), 0.4, seed=1, loop=True)
