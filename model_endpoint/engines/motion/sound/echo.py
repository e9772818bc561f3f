"""The air around a sound: a diffuse echo that makes near sounds distant and thin ones soft."""

import numpy as np

from model_endpoint.engines.motion.sound.ring import Ring, Stereo, band
from model_endpoint.pixels import as_map

#: An echo has died away when it is so many powers of e down (60 dB).
DEAD_POWERS = 6.9


def echo(
    random: np.random.Generator,
    ring: Ring,
    dry: Stereo,
    *,
    seconds: float,
    share: float,
    high_hz: float,
) -> Stereo:
    """The sound with an echo of this reverberation time: (2, samples) to (2, samples).

    The echo is noise that decays exponentially, another for each ear, with `share` of the sound's
    power, dull above high_hz. Where the clip is shorter than the echo, it goes round the ring.
    """
    length = min(ring.samples, round(seconds * ring.rate_hz))
    decay = np.exp(-DEAD_POWERS * np.arange(length) / (seconds * ring.rate_hz))
    tail = random.standard_normal((2, length), dtype=np.float32) * as_map(decay)
    tail /= np.sqrt((tail**2).sum(axis=1, keepdims=True))
    colour = band(ring.bins(), 150.0, high_hz)
    wet = np.fft.rfft(dry) * np.fft.rfft(tail, ring.samples) * colour
    amount = np.sqrt(share)
    return as_map(np.sqrt(1.0 - share) * dry + amount * np.fft.irfft(wet, ring.samples))
