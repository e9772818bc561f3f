"""What is heard in a clip: its sounds, how strong each is and where it is in the picture."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from model_endpoint.pixels import Map

Voice: TypeAlias = Literal[
    "surf",
    "lapping",
    "wind",
    "rain",
    "stream",
    "birds",
    "crickets",
    "fire",
    "city",
    "crowd",
    "room",
]


@dataclass(frozen=True, slots=True)
class Part:
    """One sound of the score.

    level is its weight against the other parts, 0..1; pan is where it is, -1 left .. 1 right;
    width is 0 for a point and 1 for all around. swell, if any, is its level over one clip,
    (n,) float32 >= 0, evenly sampled with the first value at the clip's start.
    """

    voice: Voice
    level: float
    pan: float
    width: float
    swell: Map | None

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not 0.0 <= self.level <= 1.0:
            raise ValueError(f"level {self.level} of {self.voice}; at least 0, at most 1")
        if not -1.0 <= self.pan <= 1.0:
            raise ValueError(f"pan {self.pan} of {self.voice}; -1 is left, 1 is right")
        if not 0.0 <= self.width <= 1.0:
            raise ValueError(f"width {self.width} of {self.voice}; at least 0, at most 1")
        if self.swell is not None:
            if self.swell.ndim != 1 or not self.swell.size:
                raise ValueError(f"swell of shape {self.swell.shape}; (n,) with n at least 1")
            if not np.isfinite(self.swell).all() or self.swell.min() < 0.0:
                raise ValueError(f"swell of {self.voice}; finite numbers, none below 0")


@dataclass(frozen=True, slots=True)
class Score:
    """All sounds of a clip, at once from its start to its end."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        """A score has something to play: silence has no score."""
        if not any(part.level > 0.0 for part in self.parts):
            raise ValueError("a score needs a part whose level is above 0")
