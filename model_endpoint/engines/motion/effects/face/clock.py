"""When features of a face do something: short episodes inside a clip, never at its seam."""

from dataclasses import dataclass

import numpy as np

#: A head is at home, where the photo has it, this often between the clip's start and its end.
SECONDS_BETWEEN_RESTS = 3.4


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that comes, stays and goes again; all in phases of the clip."""

    start: float
    coming: float
    staying: float
    going: float

    @property
    def end(self) -> float:
        """When it is over."""
        return self.start + self.coming + self.staying + self.going

    def at(self, phase: float) -> float:
        """How much of it there is, 0..1; it starts and ends without a jerk."""
        since = phase - self.start
        if since < self.coming:
            return eased(since / self.coming)
        return eased((self.end - phase) / self.going) if since > self.coming + self.staying else 1.0


def eased(share: float) -> float:
    """Minimum jerk between 0 and 1: 10t³ - 15t⁴ + 6t⁵. Flash and Hogan, J. Neurosci. 5, 1985."""
    t = min(1.0, max(0.0, share))
    return t * t * t * (10.0 - 15.0 * t + 6.0 * t * t)


def rests(seconds: float) -> tuple[float, ...]:
    """Phases at which a head is where the photo has it, besides 0 and 1."""
    number = max(1, round(seconds / SECONDS_BETWEEN_RESTS))
    return tuple(k / number for k in range(1, number)) or (0.5,)


def apart(
    wishes: tuple[float, ...],
    length: float,
    taken: list[tuple[float, float]],
    random: np.random.Generator,
    spread: float,
) -> float | None:
    """A start near one of the wished phases at which nothing else happens; None if there is none.

    taken: (start, end) of what happens already; spread: how far from a wish it may begin.
    """
    for _ in range(12):
        start = float(random.choice(wishes)) + spread * float(random.uniform(-1.0, 1.0))
        inside = start > 0.0 and start + length < 1.0
        if inside and all(start + length < a or start > b for a, b in taken):
            return start
    return None
