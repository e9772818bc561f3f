"""Water: waves that break, waves that lap, rain and a stream."""

import numpy as np

from model_endpoint.engines.motion.sound.grains import (
    bubbles,
    bursts,
    onsets,
    ringing,
    scatter,
)
from model_endpoint.engines.motion.sound.place import Place, gains
from model_endpoint.engines.motion.sound.ring import (
    ENVELOPE_RATE_HZ,
    LEAST_CARRIED,
    Ring,
    Signal,
    Stereo,
    carried,
    leak,
    unit,
)
from model_endpoint.pixels import Map, as_map

WAVE_SECONDS = 5.5
LAP_SECONDS = 1.3
#: Foam hisses on after the wave has broken.
FOAM_SECONDS = 0.9
#: Bubbles that are heard one by one sound below half of this rate, however far they rise.
BUBBLE_RATE_HZ = 12_000.0


def arrivals(
    random: np.random.Generator, slow: Ring, every_seconds: float, rise_seconds: float, fall: float
) -> Signal:
    """Waves that come in, one about every so many seconds: 0..1 on the slow ring.

    Each rises in rise_seconds and falls `fall` times as slowly: (t/a)² e^(2 - 2t/a) after its start
    until its peak, then the same, slower.
    """
    count = max(1, round(slow.seconds / every_seconds))
    time = np.arange(slow.samples) / slow.rate_hz
    total = np.zeros(slow.samples)
    for index in range(count):
        start = (index + random.uniform(-0.2, 0.2)) * slow.seconds / count
        since = ((time - start) % slow.seconds) / rise_seconds
        slowed = np.where(since < 1.0, since, 1.0 + (since - 1.0) / fall)
        total += random.uniform(0.7, 1.0) * slowed**2 * np.exp(2.0 - 2.0 * slowed)
    return as_map(total / total.max())


def surf(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """Breaking waves: a low roar, a body, a bright crash at their height, foam that hisses on."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    if swell is None:
        swell = arrivals(random, slow, WAVE_SECONDS, rise_seconds=0.9, fall=2.2)
    height = ring.envelope(swell)
    foam = ring.envelope(as_map(0.7 * leak(swell, FOAM_SECONDS, slow.rate_hz) + 0.3 * swell))
    grain = 1.0 + 0.25 * ring.noise(random, 8.0, 40.0)
    layers = (
        (ring.noise(random, 50.0, 230.0, 0.4), 0.45 * (0.22 + height)),
        (ring.noise(random, 180.0, 1_300.0, 0.7), 1.00 * (0.13 + height)),
        (ring.noise(random, 700.0, 4_500.0, 0.9), 0.55 * height * height),
        (ring.noise(random, 2_500.0, 8_500.0, 0.7), 0.16 * (0.08 + foam) * grain),
    )
    return as_map(sum(place.spread(random, noise) * level for noise, level in layers))


def lapping(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """Small waves at a quay or a lake's edge: soft slaps with a gulp of bubbles in each."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    laps = arrivals(random, slow, LAP_SECONDS, rise_seconds=0.16, fall=2.0)
    if swell is not None:
        laps = as_map((0.5 + 0.5 * laps) * (0.1 + swell))
    height = ring.envelope(laps)
    wet = ring.slower(BUBBLE_RATE_HZ)
    starts = onsets(random, wet, 26.0, as_map(laps**1.5))
    hz = as_map(260.0 * 2.0 ** random.triangular(0.0, 0.6, 2.2, len(starts)))
    size = as_map(random.lognormal(0.0, 0.5, len(starts)) * (300.0 / hz) ** 0.8)
    sides = gains(place.positions(random, len(hz))) * size
    gulps = ring.stretch(bubbles(wet, starts, hz, sides))
    slap = place.spread(random, ring.noise(random, 160.0, 900.0, 0.8)) * (0.14 + height)
    spray = place.spread(random, ring.noise(random, 900.0, 3_600.0, 0.8)) * (height * height)
    return as_map(slap + 0.22 * spray + 0.3 * unit(gulps))


def stream(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """A stream: many small bubbles over a soft rush, now and then a deeper gurgle."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    eddies = as_map(np.exp(0.7 * slow.noise(random, 0.6, 5.0, 0.5)))
    wet = ring.slower(BUBBLE_RATE_HZ)
    small = onsets(random, wet, 150.0, eddies)
    small_hz = as_map(520.0 * 2.0 ** random.triangular(0.0, 0.8, 2.4, len(small)))
    deep = onsets(random, wet, 9.0, eddies)
    deep_hz = as_map(random.uniform(230.0, 480.0, len(deep)))
    starts, hz = np.concatenate([small, deep]), np.concatenate([small_hz, deep_hz])
    size = as_map(random.lognormal(0.0, 0.45, len(hz)) * (600.0 / hz) ** 0.5)
    sides = gains(place.positions(random, len(hz))) * size
    bubbling = ring.stretch(bubbles(wet, starts, hz, sides))
    flow = ring.envelope(as_map(0.75 + 0.25 * eddies / eddies.mean()))
    rush = place.spread(random, ring.noise(random, 350.0, 2_400.0, 0.8)) * flow
    return carried(ring, unit(bubbling) + np.float32(0.75) * rush, swell)


def rain(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """Steady rain: the hiss of the many drops far away and the patter of the near ones."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    shower = as_map(1.0 + 0.12 * slow.noise(random, 0.2, 1.5, 0.5))
    if swell is not None:
        shower = as_map(shower * (LEAST_CARRIED + swell))
    hiss = ring.noise(random, 900.0, 6_500.0, 0.8) + 0.5 * ring.noise(random, 220.0, 1_100.0, 0.8)
    far = place.spread(random, as_map(hiss)) * ring.envelope(shower)
    return far + np.float32(0.45) * near_drops(ring, random, place, shower)


def near_drops(ring: Ring, random: np.random.Generator, place: Place, density: Map) -> Stereo:
    """Drops that are heard one by one: some splash, some tap on what they hit; deviation 1."""
    taps = onsets(random, ring, 120.0, density)
    tap_hz = as_map(700.0 * 2.0 ** random.uniform(0.0, 2.2, len(taps)))
    tapped = ringing(ring, tap_hz, as_map(random.uniform(350.0, 900.0, len(taps))))
    splashes = onsets(random, ring, 160.0, density)
    splashed = bursts(random, ring, as_map(random.uniform(0.004, 0.012, len(splashes))))
    total = as_map(np.zeros((2, ring.samples)))
    for starts, bodies, level in ((taps, tapped, 1.0), (splashes, splashed, 0.22)):
        size = as_map(level * np.minimum(random.lognormal(-0.3, 0.6, len(starts)), 2.5))
        total += scatter(ring, starts, bodies, gains(place.positions(random, len(starts))) * size)
    return unit(total)
