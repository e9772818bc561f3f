"""Where a sound is: equal-power panning, and a width whose two sides differ."""

from dataclasses import dataclass

import numpy as np

from model_endpoint.engines.motion.sound.ring import Signal, Stereo
from model_endpoint.pixels import Map, as_map


def gains(position: Map) -> Map:
    """Left and right gain of positions -1..1: (n,) to (2, n); their squares sum to 1."""
    angle = (np.asarray(position) + 1.0) * (np.pi / 4.0)
    return as_map(np.stack([np.cos(angle), np.sin(angle)]))


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the stage: a point at `pan` when width is 0, all of it when width is 1."""

    pan: float
    width: float

    @property
    def left(self) -> float:
        """Its left end, -1..1."""
        return self.pan - self.width * (1.0 + self.pan)

    @property
    def right(self) -> float:
        """Its right end, -1..1."""
        return self.pan + self.width * (1.0 - self.pan)

    def positions(self, random: np.random.Generator, count: int) -> Map:
        """Where so many single events are: (count,)."""
        return as_map(random.uniform(self.left, self.right, count))

    def spots(self, random: np.random.Generator, count: int) -> Map:
        """Places for a few that shall not sit on each other, in random order: (count,)."""
        step = (np.arange(count) + random.uniform(0.25, 0.75, count)) / count
        return as_map(random.permutation(self.left + step * (self.right - self.left)))

    def spread(self, random: np.random.Generator, noise: Signal) -> Stereo:
        """Noise from the whole stretch: (samples,) to (2, samples), as strong in sum.

        Left is cM + sS, right cM - sS, panned to the middle of the stretch; M is the noise and S
        the same noise from another time of the ring, which has nothing in common with it. The
        correlation of the sides is c² - s² = cos(π width / 2). Levels that change in time belong
        on the result: what is spread is as loud at all times.
        """
        angle = self.width * np.pi / 4.0
        shift = int(len(noise) * random.uniform(0.35, 0.65))
        side = np.float32(np.sin(angle)) * np.roll(noise, shift)
        middle = np.float32(np.cos(angle)) * noise
        sides = np.empty((2, len(noise)), dtype=np.float32)
        np.add(middle, side, out=sides[0])
        np.subtract(middle, side, out=sides[1])
        sides *= gains(as_map([(self.left + self.right) / 2.0]))
        return sides
