"""Fire: a low flicker, a breath of hiss, and wood that crackles in fits."""

import numpy as np

from model_endpoint.engines.motion.sound.grains import bursts, onsets, ringing, scatter
from model_endpoint.engines.motion.sound.place import Place, gains
from model_endpoint.engines.motion.sound.ring import ENVELOPE_RATE_HZ, Ring, Signal, Stereo, unit
from model_endpoint.pixels import as_map

#: The loudest crackle against the middle one: beyond, one snap would set the level for all.
LOUDEST_CRACKLE = 3.0
#: Nothing snaps at arm's length: the air has taken what is above half of this rate.
CRACKLE_RATE_HZ = 16_000.0
#: The air of some metres: crackles are dull above.
DULL_HZ = 4_500.0


def fire(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """A camp fire. Its flames follow the swell; wood crackles when it likes."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    flicker = np.exp(0.3 * slow.noise(random, 0.8, 7.0, 0.6))
    if swell is not None:
        flicker = flicker * (0.2 + swell)
    flame = ring.envelope(as_map(flicker / flicker.mean()))
    roar = ring.noise(random, 60.0, 260.0, 0.6)
    breath = ring.noise(random, 300.0, 1_600.0, 0.9)
    hiss = ring.noise(random, 1_800.0, 6_000.0, 0.7)
    bed = place.spread(random, as_map(roar + 0.4 * breath + 0.05 * hiss)) * flame
    wood = crackle(ring.slower(CRACKLE_RATE_HZ), random, place)
    return bed + np.float32(0.5) * ring.stretch(wood)


def crackle(ring: Ring, random: np.random.Generator, place: Place) -> Stereo:
    """Snaps in fits, a few deeper pops, and the fine tick of embers: deviation 1."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    fits = as_map(np.exp(1.1 * slow.noise(random, 0.5, 8.0, 0.4)))
    snaps = onsets(random, ring, 16.0, fits)
    pops = onsets(random, ring, 2.0)
    ticks = onsets(random, ring, 45.0, fits)
    kinds = (
        (snaps, bursts(random, ring, as_map(random.uniform(0.003, 0.012, len(snaps)))), 0.55),
        (
            snaps,
            ringing(
                ring,
                as_map(random.uniform(900.0, 2_800.0, len(snaps))),
                as_map(random.uniform(300.0, 800.0, len(snaps))),
            ),
            0.8,
        ),
        (
            pops,
            ringing(
                ring,
                as_map(random.uniform(280.0, 700.0, len(pops))),
                as_map(random.uniform(110.0, 220.0, len(pops))),
            ),
            1.1,
        ),
        (ticks, bursts(random, ring, as_map(random.uniform(0.001, 0.003, len(ticks)))), 0.25),
    )
    total = as_map(np.zeros((2, ring.samples)))
    for starts, bodies, level in kinds:
        loud = np.minimum(random.lognormal(0.0, 0.8, len(starts)), LOUDEST_CRACKLE)
        sides = gains(place.positions(random, len(starts))) * as_map(level * loud)
        total += scatter(ring, starts, bodies, sides)
    dulled = np.fft.rfft(total) / (1.0 + (ring.bins() / np.float32(DULL_HZ)) ** 2)
    total = as_map(np.fft.irfft(dulled, ring.samples))
    return unit(total)
