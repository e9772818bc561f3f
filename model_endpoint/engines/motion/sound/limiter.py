"""Keeping peaks below a ceiling by turning the level down around them, not by bending the wave."""

import numpy as np

from model_endpoint.engines.motion.sound.ring import Stereo
from model_endpoint.pixels import Map, as_map

#: Peaks are looked at, and the level is set, once in so many samples (1 ms).
STEP_SAMPLES = 48
#: The level moves down before a peak and up after it in this many steps.
REACH_STEPS = 8
#: Above this the level begins to give way.
KNEE = 0.6


def curve(peak: Map, ceiling: float) -> Map:
    """The gain for a peak: 1 up to the knee, then so that the result nears the ceiling."""
    room = ceiling - KNEE
    over = np.maximum(peak - KNEE, 0.0)
    return as_map(np.where(over > 0.0, (KNEE + room * np.tanh(over / room)) / (peak + 1e-9), 1.0))


def limit(sound: Stereo, ceiling: float) -> Stereo:
    """The sound with |x| <= ceiling, both channels alike, around the ring: (2, samples).

    The gain of a step is the least that any step within reach asks for, smoothed by a shorter
    window: so it has arrived when the peak comes, and a line from step to step stays below.
    """
    samples = sound.shape[1]
    steps = samples // STEP_SAMPLES
    edges = np.arange(steps) * samples // steps
    peak = np.maximum.reduceat(np.abs(sound).max(axis=0), edges)
    asked = curve(as_map(peak), ceiling)
    offsets = range(-REACH_STEPS, REACH_STEPS + 1)
    least = np.min([np.roll(asked, offset) for offset in offsets], axis=0)
    window = np.hanning(2 * REACH_STEPS + 1)[1:-1]
    window /= window.sum()
    smooth = sum(
        weight * np.roll(least, index - REACH_STEPS + 1) for index, weight in enumerate(window)
    )
    centres = edges + np.diff(np.append(edges, samples)) / 2.0
    around = np.concatenate([[centres[-1] - samples], centres, [centres[0] + samples]])
    gain = np.interp(np.arange(samples), around, np.pad(as_map(smooth), 1, mode="wrap"))
    return as_map(np.clip(sound * as_map(gain), -ceiling, ceiling))
