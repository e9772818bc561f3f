"""The finished sound: every part played, balanced, placed and set to one loudness."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from model_endpoint.engines.motion.movie import SOUND_RATE_HZ
from model_endpoint.engines.motion.sound.air import room, wind
from model_endpoint.engines.motion.sound.creatures import birds, crickets
from model_endpoint.engines.motion.sound.fire import fire
from model_endpoint.engines.motion.sound.limiter import KNEE, limit
from model_endpoint.engines.motion.sound.loudness import integrated, mean_power
from model_endpoint.engines.motion.sound.people import city, crowd
from model_endpoint.engines.motion.sound.place import Place
from model_endpoint.engines.motion.sound.ring import (
    ENVELOPE_RATE_HZ,
    Ring,
    Signal,
    Stereo,
    follow,
)
from model_endpoint.engines.motion.sound.score import Part, Score, Voice
from model_endpoint.engines.motion.sound.water import lapping, rain, stream, surf
from model_endpoint.pixels import Map, as_map

#: Integrated loudness of every clip, LUFS: well below speech, present on a phone.
LOUDNESS = -20.0
PEAK = 0.89
#: At each end of a clip that does not loop.
FADE_SECONDS = 0.35
#: Below, there is no time for a wave, nor for a measure of loudness.
LEAST_SECONDS = 1.0
#: What the limiter takes from the power is given back once when it is more, dB.
TOLERANCE = 0.3
TINY = 1e-12

#: How a voice sounds: on a ring, by chance, at a place, with a swell 0..1 on the slow ring or none.
Player: TypeAlias = Callable[[Ring, np.random.Generator, Place, Signal | None], Stereo]

PLAYERS: Mapping[Voice, Player] = MappingProxyType(
    {
        "surf": surf,
        "lapping": lapping,
        "wind": wind,
        "rain": rain,
        "stream": stream,
        "birds": birds,
        "crickets": crickets,
        "fire": fire,
        "city": city,
        "crowd": crowd,
        "room": room,
    }
)


def play(part: Part, ring: Ring, random: np.random.Generator) -> Stereo:
    """One part; level 1 is a K-weighted mean square of 1: (2, samples)."""
    swell = None if part.swell is None else follow(part.swell, ring.slower(ENVELOPE_RATE_HZ))
    sound = PLAYERS[part.voice](ring, random, Place(part.pan, part.width), swell)
    sound *= np.float32(part.level / np.sqrt(mean_power(sound) + TINY))
    return sound


def fades(ring: Ring) -> Signal:
    """The level of a clip between silences: a quarter of a sine at each end, (samples,)."""
    length = min(round(FADE_SECONDS * ring.rate_hz), ring.samples // 2)
    level = np.ones(ring.samples, dtype=np.float32)
    rise = as_map(np.sin(0.5 * np.pi * np.arange(length) / length))
    level[:length] = rise
    level[ring.samples - length :] = rise[::-1]
    return level


def compose(score: Score, seconds: float, *, seed: int, loop: bool) -> Map:
    """The score as (samples, 2) float32 at 48 kHz: |x| <= PEAK, -20 LUFS.

    With loop, the end runs on into the beginning: the ring has no seam, so nothing needs to be
    faded over. Without, both ends fade. A seed and a score mean one sound.
    """
    if seconds < LEAST_SECONDS:
        raise ValueError(f"{seconds} s of sound; at least {LEAST_SECONDS} s")
    ring = Ring(round(seconds * SOUND_RATE_HZ), seconds)
    mixed = as_map(np.zeros((2, ring.samples)))
    for index, part in enumerate(score.parts):
        if part.level > 0.0:
            mixed += play(part, ring, np.random.default_rng([seed, index]))
    if not loop:
        mixed *= fades(ring)
    return np.ascontiguousarray(at_loudness(mixed).T)


def at_loudness(mixed: Stereo) -> Stereo:
    """The mix at LOUDNESS with its peaks limited, in place: (2, samples)."""
    mixed *= np.float32(10.0 ** ((LOUDNESS - integrated(mixed.T)) / 20.0))
    if max(float(mixed.max()), -float(mixed.min())) <= KNEE:
        return mixed
    limited = limit(mixed, PEAK)
    lost = 20.0 * float(np.log10(np.linalg.norm(mixed) / np.linalg.norm(limited)))
    if lost <= TOLERANCE:
        return limited
    return limit(mixed * np.float32(10.0 ** (lost / 20.0)), PEAK)
