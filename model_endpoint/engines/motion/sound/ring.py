"""Time as a ring: every signal here ends where it begins, so that a loop has no seam to hide.

A signal made by an inverse FFT of the clip's length continues at its end with its beginning. So
does an event that is added modulo that length: what rings beyond the end is heard at the start.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, as_map

#: One channel: (samples,) float32.
Signal: TypeAlias = NDArray[np.float32]
#: Left and right: (2, samples) float32, contiguous by channel.
Stereo: TypeAlias = NDArray[np.float32]

#: A band's noise is left out beyond so many times its upper edge, where it is 50 dB down.
BAND_END = 4.0
#: Envelopes are drawn at this rate: nothing in them is faster than 50 Hz.
ENVELOPE_RATE_HZ = 100.0
#: A given swell is smoothed by a Gaussian of this deviation: steps of a mask must not click.
SWELL_SMOOTHING_SECONDS = 0.05
#: Where the fall of a band towards 0 Hz ends.
LOWEST_HZ = 1e-3
#: What is left of a steady sound between its swells, against 1 added by the highest.
LEAST_CARRIED = 0.3
TINY = 1e-9


def band(frequency: Signal, low_hz: float, high_hz: float, slope: float = 0.0) -> Signal:
    """Magnitudes of a smooth pass band, 24 dB per octave outside, f^-slope inside: (bins,)."""
    f = np.maximum(frequency, np.float32(LOWEST_HZ))
    above = (np.float32(low_hz) / f) ** 4
    below = (f / np.float32(high_hz)) ** 4
    passed = 1.0 / ((1.0 + above) * (1.0 + below))
    return as_map(passed * (f / np.float32(low_hz)) ** np.float32(-slope) if slope else passed)


def unit(sound: Signal) -> Signal:
    """The sound, in place, with a mean square of 1 over all channels; silence stays silent."""
    flat = sound.reshape(-1)
    sound /= np.sqrt(np.dot(flat, flat) / flat.size) + np.float32(TINY)
    return sound


def leak(coarse: Signal, seconds: float, rate_hz: float) -> Signal:
    """The signal held by a leaky memory of so many seconds, around the ring: (n,) to (n,)."""
    time = np.arange(len(coarse)) / rate_hz
    memory = np.exp(-time / seconds)
    held = np.fft.irfft(np.fft.rfft(coarse) * np.fft.rfft(memory / memory.sum()), len(coarse))
    return as_map(np.maximum(held, 0.0))


@dataclass(frozen=True, slots=True)
class Ring:
    """A clip's time: so many samples, evenly over so many seconds, then from the start again."""

    samples: int
    seconds: float

    @property
    def rate_hz(self) -> float:
        """Samples per second."""
        return self.samples / self.seconds

    def slower(self, rate_hz: float) -> "Ring":
        """The same time at about this rate: bin k of both is k cycles in the clip."""
        return Ring(max(2, round(self.seconds * rate_hz)), self.seconds)

    def bins(self, up_to_hz: float = np.inf) -> Signal:
        """The frequencies of a real FFT over the ring, in Hz, two at least."""
        last = self.samples // 2
        if np.isfinite(up_to_hz):
            last = min(last, max(1, int(up_to_hz * self.seconds)))
        return as_map(np.arange(last + 1) / self.seconds)

    def noise(
        self, random: np.random.Generator, low_hz: float, high_hz: float, slope: float = 0.0
    ) -> Signal:
        """Gaussian noise in a band, mean 0, deviation 1: (samples,).

        Below some hertz it is a slow drift, with whole cycles in the clip.
        """
        frequency = self.bins(BAND_END * high_hz)
        chance = random.standard_normal((2, len(frequency)), dtype=np.float32)
        gain = band(frequency, low_hz, high_hz, slope)
        gain[0] = 0.0
        spectrum = np.empty(len(frequency), dtype=np.complex64)
        np.multiply(chance[0], gain, out=spectrum.real)
        np.multiply(chance[1], gain, out=spectrum.imag)
        return unit(as_map(np.fft.irfft(spectrum, self.samples)))

    def stretch(self, coarse: Signal) -> Signal:
        """A slower ring's signal at every sample: (..., n) to (..., samples), band-limited."""
        spectrum = np.fft.rfft(coarse)
        spectrum *= np.float32(self.samples / coarse.shape[-1])
        return as_map(np.fft.irfft(spectrum, self.samples))

    def envelope(self, coarse: Signal) -> Signal:
        """A slow level, drawn at every sample, nowhere below 0: (n,) to (samples,)."""
        return as_map(np.maximum(self.stretch(coarse), 0.0))


def carried(ring: Ring, sound: Stereo, swell: Signal | None) -> Stereo:
    """A steady sound on a slow ring's swell, if there is one; it never goes away altogether."""
    return sound if swell is None else sound * ring.envelope(as_map(LEAST_CARRIED + swell))


def follow(swell: Map, slow: Ring) -> Signal:
    """A given swell on a slow ring, smoothed, its highest point 1: (n,) to (slow.samples,).

    Half of what never goes away is taken out: a shore with foam at all times still breathes.
    A swell that is 0 throughout stays 0.
    """
    values = np.append(swell, swell[0])
    given = np.interp(
        np.arange(slow.samples) / slow.samples, np.linspace(0, 1, len(values)), values
    )
    gauss = np.exp(-0.5 * (2.0 * np.pi * slow.bins() * SWELL_SMOOTHING_SECONDS) ** 2)
    smooth = np.maximum(np.fft.irfft(np.fft.rfft(given) * gauss, slow.samples), 0.0)
    smooth -= 0.5 * smooth.min()
    highest = float(smooth.max())
    return as_map(smooth / highest if highest > TINY else np.zeros_like(smooth))
