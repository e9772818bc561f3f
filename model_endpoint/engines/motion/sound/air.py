"""Air: wind with gusts, and the tone of a quiet room."""

import numpy as np

from model_endpoint.engines.motion.sound.place import Place
from model_endpoint.engines.motion.sound.ring import ENVELOPE_RATE_HZ, Ring, Signal, Stereo, carried
from model_endpoint.pixels import as_map


def wind(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """Wind in the open: gusts that grow brighter as they grow stronger, leaves at their height."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    gusts = np.exp(0.33 * slow.noise(random, 0.12, 0.5, 0.3))
    if swell is not None:
        gusts = 0.15 + swell
    flutter = 1.0 + 0.1 * slow.noise(random, 1.5, 6.0, 0.7)
    force = ring.envelope(as_map(gusts / gusts.mean() * np.maximum(flutter, 0.2)))
    layers = (
        (ring.noise(random, 70.0, 320.0, 0.5), 0.55 * (0.25 + force)),
        (ring.noise(random, 260.0, 900.0, 0.9), 0.60 * force * force),
        (ring.noise(random, 1_200.0, 4_500.0, 0.9), 0.11 * force * force),
    )
    return as_map(sum(place.spread(random, noise) * level for noise, level in layers))


def room(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """A quiet room: soft, dark and nearly still."""
    tone = ring.noise(random, 70.0, 450.0, 0.9) + 0.25 * ring.noise(random, 400.0, 3_000.0, 1.0)
    still = place.spread(random, as_map(tone))
    return carried(ring, still, swell)
