"""Sound without a recording: noise shaped in the frequency domain, where every loop is seamless.

A signal made by an inverse FFT of the clip's length continues at its end with its beginning, and so
does any envelope with whole cycles in a clip.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.movie import SOUND_RATE_HZ
from model_endpoint.pixels import Map, as_map
from story.generation import Ambience

#: One channel in float64, while it is made.
Signal: TypeAlias = NDArray[np.float64]

#: Loudness of the finished sound, LUFS: well below speech and music; a room is nearly silent.
LOUDNESS: dict[Ambience, float] = {
    "wind": -24.0,
    "waves": -21.0,
    "stream": -22.0,
    "rain": -22.0,
    "night": -28.0,
    "room": -38.0,
}
PEAK = 0.89
#: At the ends of a clip that does not loop.
FADE_SECONDS = 0.35
#: How much of each channel is its own: 0 mono, 1 nothing in common.
SPREAD = 0.6


def bins(samples: int) -> Signal:
    """The frequencies of a real FFT over so many samples, in Hz."""
    return np.asarray(np.fft.rfftfreq(samples, 1.0 / SOUND_RATE_HZ), dtype=np.float64)


def shaped_noise(random: np.random.Generator, gain: Signal) -> Signal:
    """Noise whose spectrum has the magnitude `gain` (samples/2 + 1,), deviation 1."""
    spectrum = gain * np.exp(2j * np.pi * random.uniform(size=len(gain)))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum)
    return np.asarray(noise / (np.std(noise) + 1e-12))


def band(frequency: Signal, low: float, high: float, slope: float = 0.0) -> Signal:
    """A smooth pass band from low to high Hz, falling with `slope` powers of frequency inside."""
    f = np.maximum(frequency, 1.0)
    passed = 1.0 / (1.0 + (low / f) ** 4) / (1.0 + (f / high) ** 4)
    return np.asarray(passed * (f / 1_000.0) ** -slope)


def swell(random: np.random.Generator, phase: Signal, cycles: tuple[int, ...]) -> Signal:
    """A slow envelope around 1, 0..2, with whole cycles in the clip. phase (samples,) 0..1."""
    waves = [np.sin(2 * np.pi * (n * phase + random.uniform())) / (1 + i) for i, n in
             enumerate(cycles)]  # fmt: skip
    total = np.sum(waves, axis=0)
    return np.asarray(1.0 + 0.9 * total / np.abs(total).max())


def voices(
    ambience: Ambience, random: np.random.Generator, frequency: Signal, phase: Signal
) -> Signal:
    """One channel of an ambience, before its loudness is set: (samples,)."""

    def noise(low: float, high: float, slope: float = 0.0) -> Signal:
        return shaped_noise(random, band(frequency, low, high, slope))

    seconds = len(phase) / SOUND_RATE_HZ
    every = max(1, round(seconds))
    if ambience == "wind":
        gusts = swell(random, phase, (1, 2, 3))
        return noise(60, 500, 0.6) * gusts + 0.25 * noise(400, 1_800, 0.8) * gusts**2
    if ambience == "waves":
        beats = max(1, round(seconds / 5.0))
        crash = np.clip(np.sin(2 * np.pi * (beats * phase - 0.25)) * 0.5 + 0.5, 0, 1) ** 2
        return 0.55 * noise(50, 350, 0.5) + noise(300, 5_000, 0.7) * (0.12 + crash)
    if ambience == "stream":
        bubble = swell(random, phase, (every * 3, every * 5, every * 7))
        return noise(350, 2_600, 0.3) * (0.6 + 0.4 * bubble) + 0.35 * noise(1_500, 8_000, 0.5)
    if ambience == "rain":
        drops = np.zeros_like(phase)
        count = round(90 * seconds)
        drops[random.integers(0, len(phase), count)] = random.exponential(1.0, count)
        ping = np.fft.irfft(np.fft.rfft(drops) * band(frequency, 1_200, 6_000), len(phase))
        # The loudest drops are rounded off: they would set the level for all others.
        soft = 3.0 * np.tanh(ping / (3.0 * np.std(ping) + 1e-12))
        return 0.5 * noise(700, 9_000, 0.4) + 0.35 * np.asarray(soft)
    if ambience == "night":
        chirps = np.maximum(0.0, np.sin(2 * np.pi * every * 2 * phase)) ** 3
        trill = 0.5 + 0.5 * np.sin(2 * np.pi * round(34 * seconds) * phase)
        cricket = chirps * trill * np.sin(2 * np.pi * round(4_300 * seconds) * phase)
        return noise(60, 400, 0.8) + 0.9 * cricket * swell(random, phase, (1, 2))
    return noise(40, 250, 1.0) + 0.15 * noise(250, 2_500, 1.0)


def k_weighting(frequency: Signal) -> Signal:
    """Magnitude of the K filter of ITU-R BS.1770-4, table 1 and 2 (48 kHz): (bins,)."""
    z = np.exp(-2j * np.pi * frequency / SOUND_RATE_HZ)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.abs(shelf * high))


def loudness(sound: Map) -> float:
    """Integrated loudness in LUFS of (samples, channels), without gating: nothing here pauses.

    ITU-R BS.1770-4: -0.691 + 10 log10 of the K-weighted channels' summed mean squares.
    """
    weight = k_weighting(bins(len(sound)))
    power = 0.0
    for channel in np.asarray(sound, dtype=np.float64).T:
        heard = np.fft.irfft(np.fft.rfft(channel) * weight, len(sound))
        power += float(np.mean(heard**2))
    return -0.691 + 10.0 * float(np.log10(power + 1e-20))


def compose(ambience: Ambience, seconds: float, *, seed: int, loop: bool) -> Map | None:
    """(samples, 2) float32 at SOUND_RATE_HZ, |x| ≤ PEAK; None for silence."""
    if ambience == "silence":
        return None
    samples = 2 * round(seconds * SOUND_RATE_HZ / 2)
    frequency = bins(samples)
    phase = np.arange(samples) / samples
    random = np.random.default_rng(seed)
    middle, left, right = (voices(ambience, random, frequency, phase) for _ in range(3))
    sound = np.stack([(1.0 - SPREAD) * middle + SPREAD * side for side in (left, right)], axis=1)
    sound *= 10.0 ** ((LOUDNESS[ambience] - loudness(as_map(sound))) / 20.0)
    sound *= min(1.0, PEAK / float(np.abs(sound).max()))
    if not loop:
        fade = np.minimum(1.0, np.minimum(phase, 1.0 - phase) * seconds / FADE_SECONDS)
        sound *= fade[:, None]
    return as_map(sound)
