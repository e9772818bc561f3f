"""Short events on the ring: when they happen, how they ring, and how they are added up."""

import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.sound.ring import TINY, Ring, Signal, Stereo
from model_endpoint.pixels import Map, as_map

#: A ringing body is cut when it has fallen by so many powers of e (35 dB), and eased out before.
RING_POWERS = 4.0
#: The part of a body, at its end, in which it is eased out.
EASE = 0.15
#: Bubbles are drawn in so many groups of about one size.
BUBBLE_SIZES = 8
#: How much a bubble's tone has risen when it has fallen by a power of e.
BUBBLE_RISE = 0.1


def onsets(
    random: np.random.Generator, ring: Ring, per_second: float, density: Signal | None = None
) -> NDArray[np.int64]:
    """When independent events start, in samples: (events,); one event at least.

    density (n,), any scale, over the ring: more of them happen where it is higher.
    """
    chance = np.sort(random.uniform(size=max(1, round(per_second * ring.seconds))))
    if density is not None:
        total = np.concatenate([[0.0], np.cumsum(density + TINY, dtype=np.float64)])
        chance = np.interp(chance, total / total[-1], np.linspace(0.0, 1.0, len(total)))
    return (chance * ring.samples).astype(np.int64)


def scatter(ring: Ring, starts: NDArray[np.int64], bodies: Map, levels: Map) -> Stereo:
    """Events added up: starts (n,), bodies (n, length), levels (2, n); (2, samples)."""
    where = (starts[:, None] + np.arange(bodies.shape[1])) % ring.samples
    flat = where.ravel()
    return np.stack(
        [
            as_map(np.bincount(flat, (bodies * side[:, None]).ravel(), ring.samples))
            for side in as_map(levels)
        ]
    )


def ringing(ring: Ring, hz: Map, decay: Map, rise: float = 0.0) -> Map:
    """Struck resonances sin(2π f(t) t) e^(-dt), f(t) = f (1 + rise d t): (n,) to (n, length).

    decay d is per second. A bubble of air in water rings so, with rise 0.1 as it nears the surface:
    K. van den Doel, Physically Based Models for Liquid Sounds, ACM Trans. Appl. Perception, 2005.
    """
    length = max(8, round(RING_POWERS / float(decay.min()) * ring.rate_hz))
    time = as_map(np.arange(length) / ring.rate_hz)
    damping = decay[:, None] * time
    phase = (2.0 * np.float32(np.pi)) * hz[:, None] * time
    if rise:
        phase *= 1.0 + np.float32(rise) * damping
    ease = np.minimum(1.0, (1.0 - np.arange(length) / length) / EASE)
    return as_map(np.sin(phase) * np.exp(-damping) * as_map(ease))


def bubbles(ring: Ring, starts: NDArray[np.int64], hz: Map, levels: Map) -> Stereo:
    """Bubbles that start so and sound at these frequencies, added up: (2, samples).

    starts, hz (n,), levels (2, n). With radius r = 3 / f metres a bubble's decay is
    0.13 / r + 0.0072 r^-1.5 per second (van den Doel).
    """
    radius = 3.0 / hz
    decay = as_map(0.13 / radius + 0.0072 * radius**-1.5)
    total = as_map(np.zeros((2, ring.samples)))
    # Those of about one size together: the low ones ring ten times as long as the high ones.
    for some in np.array_split(np.argsort(hz), min(BUBBLE_SIZES, len(hz))):
        bodies = ringing(ring, hz[some], decay[some], BUBBLE_RISE)
        total += scatter(ring, starts[some], bodies, levels[:, some])
    return total


def bursts(random: np.random.Generator, ring: Ring, seconds: Map) -> Map:
    """Snaps of noise that fade by 35 dB in so many seconds each: (n,) to (n, length)."""
    length = max(8, round(float(seconds.max()) * ring.rate_hz))
    time = as_map(np.arange(length) / ring.rate_hz)
    fading = np.exp(-RING_POWERS * time / seconds[:, None])
    return random.standard_normal((len(seconds), length), dtype=np.float32) * as_map(fading)
