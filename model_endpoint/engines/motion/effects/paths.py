"""How small things move and live: wandering that never repeats to the eye, and lives that end."""

import numpy as np

from model_endpoint.pixels import Map, as_map

#: Each harmonic is about so much faster than the one before; no ratio of small whole numbers.
HARMONIC_GROWTH = 1.7
HARMONICS = 5
#: Amplitudes fall as the frequency to this power.
FALL = 1.3


class Wander:
    """n smooth random ways of unit deviation, whole again after a clip.

    Sums of whole harmonics whose amplitudes fall with frequency, the spectrum of things that sway
    in air (Li et al., Generative Image Dynamics, CVPR 2024, section 4).
    """

    def __init__(
        self, random: np.random.Generator, count: int, *, seconds: float, slowest_hz: float
    ) -> None:
        """slowest_hz: of the slowest harmonic, as near as a whole number of cycles allows."""
        wanted = slowest_hz * seconds * HARMONIC_GROWTH ** np.arange(HARMONICS)
        cycles = np.unique(np.maximum(1, np.rint(wanted)))
        amplitude = (cycles[0] / cycles) ** FALL
        amplitude /= np.sqrt((amplitude**2).sum() / 2.0)
        angles = random.uniform(0.0, 2.0 * np.pi, (len(cycles), count))
        spread = random.uniform(0.6, 1.3, (len(cycles), count)) * amplitude[:, None]
        self._turn = 2.0 * np.pi * cycles
        self._cosine, self._sine = as_map(spread * np.cos(angles)), as_map(spread * np.sin(angles))

    def at(self, phase: float) -> Map:
        """(n,) at a phase 0..1."""
        turn = self._turn * phase
        return as_map(np.cos(turn) @ self._sine + np.sin(turn) @ self._cosine)


def arch(age: Map, rise: float, fall: float) -> Map:
    """From 0 to 1 and back over ages 0..1, smooth; rise, fall: the parts of life that takes."""
    grown = np.clip(age / rise, 0.0, 1.0)
    left = np.clip((1.0 - age) / fall, 0.0, 1.0)
    return as_map((grown * grown * (3.0 - 2.0 * grown)) * (left * left * (3.0 - 2.0 * left)))


class Lives:
    """When n things live: each once, wholly within the clip; if it is no loop, some outlast it."""

    #: In a clip that is no loop the last are born so far into it: the end is as full as the middle.
    LAST_BIRTH = 0.97

    def __init__(
        self,
        random: np.random.Generator,
        count: int,
        *,
        seconds: float,
        life_s: tuple[float, float],
        loop: bool,
    ) -> None:
        """life_s: the shortest and the longest life; never longer than the clip."""
        longest = np.minimum(random.uniform(*life_s, count), 0.94 * seconds)
        #: Parts of the clip.
        self.span = as_map(longest / seconds)
        last = 0.99 - self.span if loop else np.full(count, self.LAST_BIRTH)
        self.born = as_map(0.01 + random.uniform(0.0, 1.0, count) * (last - 0.01))

    def age(self, phase: float) -> Map:
        """(n,) ages in lives: below 0 not yet born, above 1 gone."""
        return as_map((phase - self.born) / self.span)
