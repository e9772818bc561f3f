"""How loud a sound is to people: integrated loudness after ITU-R BS.1770-4, at 48 kHz."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.movie import SOUND_RATE_HZ
from model_endpoint.pixels import Map, as_map

#: BS.1770: blocks of 400 ms that overlap by three quarters, so one starts each 100 ms.
HOP_SAMPLES = SOUND_RATE_HZ // 10
BLOCK_HOPS = 4
BLOCK_SAMPLES = BLOCK_HOPS * HOP_SAMPLES
#: Blocks below this are silence, LUFS.
ABSOLUTE_GATE = -70.0
#: Blocks this far below the mean of the others are pauses, LU.
RELATIVE_GATE = -10.0
#: The loudness of a mean square of 1, LUFS.
OFFSET = -0.691
#: Filtered at once; the filter has forgotten what was before after one hop (its slowest pole falls
#: by e^-24 in it), so chunks that begin a hop early are filtered exactly.
CHUNK_HOPS = 5
TINY = 1e-20

#: Biquads of BS.1770-4, tables 1 and 2: numerator and denominator in powers of 1/z.
SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


@cache
def k_weighting(length: int) -> NDArray[np.complex64]:
    """Response of the K filter at the bins of a real FFT of this length: (bins,)."""
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(length))
    response = np.ones_like(delay)
    for above, below in (SHELF, HIGH_PASS):
        response *= np.polyval(above[::-1], delay) / np.polyval(below[::-1], delay)
    return np.asarray(response, dtype=np.complex64)


def hop_powers(sound: Map) -> NDArray[np.float64]:
    """K-weighted power of each full 100 ms, channels summed: (samples, channels) to (hops,)."""
    hops = len(sound) // HOP_SAMPLES
    chunks = -(-hops // CHUNK_HOPS)
    fresh = CHUNK_HOPS * HOP_SAMPLES
    # The filter starts from silence: one hop of zeros before the sound.
    padded = np.zeros((sound.shape[1], HOP_SAMPLES + chunks * fresh), dtype=np.float32)
    heard = min(len(sound), chunks * fresh)
    padded[:, HOP_SAMPLES : HOP_SAMPLES + heard] = sound[:heard].T
    length = HOP_SAMPLES + fresh
    pieces = np.lib.stride_tricks.sliding_window_view(padded, length, axis=1)[:, ::fresh]
    spectra = np.fft.rfft(pieces)
    spectra *= k_weighting(length)
    filtered = np.fft.irfft(spectra, length)[:, :, HOP_SAMPLES:]
    by_hop = filtered.reshape(sound.shape[1], -1, HOP_SAMPLES)
    return np.asarray(np.einsum("chs,chs->h", by_hop, by_hop)[:hops] / HOP_SAMPLES, np.float64)


def mean_power(sound: Map) -> float:
    """About the K-weighted power of (channels, samples), pauses included, both channels summed.

    By Parseval's theorem on each hop's spectrum, without filtering: to balance, not to meter.
    """
    hops = sound.shape[1] // HOP_SAMPLES
    spectra = np.fft.rfft(sound[:, : hops * HOP_SAMPLES].reshape(-1, HOP_SAMPLES))
    squares = np.einsum("hb,hb->b", spectra.real, spectra.real)
    squares += np.einsum("hb,hb->b", spectra.imag, spectra.imag)
    weighted = np.sum(squares * np.abs(k_weighting(HOP_SAMPLES)) ** 2)
    return float(2.0 * weighted / (hops * HOP_SAMPLES**2))


def lufs(power: float) -> float:
    """Loudness of a K-weighted mean square."""
    return OFFSET + 10.0 * float(np.log10(power + TINY))


def integrated(sound: Map) -> float:
    """Integrated loudness in LUFS of (samples, channels) at 48 kHz, gated twice; -inf if silent.

    A mean square z of the K-weighted channels is -0.691 + 10 log10 z LUFS. The mean goes over the
    blocks above -70 LUFS that are at most 10 LU below the mean of all those.
    """
    if len(sound) < BLOCK_SAMPLES:
        raise ValueError(f"{len(sound)} samples; loudness needs {BLOCK_SAMPLES} at least")
    hops = hop_powers(as_map(sound))
    blocks = np.convolve(hops, np.full(BLOCK_HOPS, 1.0 / BLOCK_HOPS), mode="valid")
    level = OFFSET + 10.0 * np.log10(blocks + TINY)
    heard = level > ABSOLUTE_GATE
    if not heard.any():
        return -np.inf
    gate = lufs(float(blocks[heard].mean())) + RELATIVE_GATE
    return lufs(float(blocks[heard & (level > gate)].mean()))
