"""Snow in several depths: flakes that flutter down, each on its own way.

Flakes of one way follow each other a clip's time apart, so that at the end of the clip each is
where the next began: a loop that needs no flake to return.
"""

import math
from dataclasses import dataclass

import numpy as np

from model_endpoint.engines.motion.effects.particles import (
    SMOOTH_CELLS,
    Brush,
    Sprites,
    glow,
    inks,
    lay_wide,
    soft,
)
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import Part, Stage, View
from model_endpoint.pixels import as_map


@dataclass(frozen=True, slots=True)
class Snowfall:
    """Snow of one depth; lengths are parts of the picture's longer side.

    count: flakes in a picture; radius from, to; speed: a second; sway: how far it flutters, with
    its frequency; cover: at most; hardness: of the flake's edge (particles.soft).
    """

    count: int
    radius: tuple[float, float]
    speed: float
    sway: float
    sway_hz: float
    cover: float
    hardness: float
    behind_subject: bool


SNOW = (
    Snowfall(460, (0.0012, 0.0021), 0.075, 0.004, 0.4, 0.8, 1.6, behind_subject=True),
    Snowfall(230, (0.0023, 0.004), 0.125, 0.008, 0.42, 0.95, 1.6, behind_subject=True),
    Snowfall(66, (0.0048, 0.0078), 0.2, 0.014, 0.45, 0.9, 1.25, behind_subject=False),
    Snowfall(9, (0.015, 0.024), 0.32, 0.02, 0.4, 0.6, 1.0, behind_subject=False),
)
SNOW_COLOUR = (248.0, 250.0, 255.0)
#: A flake turns as it falls: its cover varies by this part.
TURNING = 0.25
#: Flakes of a smaller radius have no chroma of their own: they are as fine as its pixels.
COLOURED = 0.003
#: Those of a larger radius are so near that they are out of focus.
BLURRED = 0.01
#: Harmonics of the flutter: frequencies and amplitudes beside the slowest.
FLUTTER = ((1.0, 1.0), (1.73, 0.55), (3.1, 0.3))
#: How far a flake drifts aside on its own, of the way it falls.
DRIFT = 0.07
#: A picture's usual shape, for which counts are given: its shorter side beside its longer.
USUAL = 9.0 / 16.0


class Snow:
    """The flakes of one depth."""

    def __init__(self, stage: Stage, part: Part, fall: Snowfall, lean: float) -> None:
        """lean: how far the wind carries sideways for each way down."""
        self.behind_subject = fall.behind_subject
        random = part.random
        width, height = stage.size
        longer = max(stage.size)
        margin = fall.radius[1] * longer
        #: A flake's way down in a clip.
        self._down = fall.speed * part.speed * stage.seconds * longer
        followers = math.ceil((height + 2.0 * margin) / self._down) + 1
        many = fall.count * min(1.6, part.strength) * min(stage.size) / longer / USUAL
        ways = max(1, round(many * self._down / (height + 2.0 * margin)))
        start = random.uniform(0.0, 1.0, ways)
        #: (flakes,) clips that each has been falling when this one begins.
        self._age = as_map((np.arange(followers)[:, None] + start[None, :] - 1.0).ravel())
        self._way = np.tile(np.arange(ways), followers)
        self._top = -margin
        # Wide enough that the wind leaves no corner empty.
        aside = abs(lean) * height + margin + fall.sway * longer
        self._x = as_map(random.uniform(-aside, width + aside, ways) - lean * height / 2.0)
        self._lean = as_map(lean + random.normal(0.0, DRIFT, ways))
        self._radius = as_map(random.uniform(*fall.radius, ways) * longer)
        self._cover = as_map(fall.cover * random.uniform(0.6, 1.0, ways))
        self._hz = fall.sway_hz * stage.seconds * part.speed * random.uniform(0.8, 1.25, ways)
        self._angles = random.uniform(0.0, 2.0 * np.pi, (len(FLUTTER), ways))
        self._sway = fall.sway * longer
        self._ink = inks(SNOW_COLOUR)
        self._hardness = fall.hardness
        self._blurred = fall.radius[0] >= BLURRED
        self._coloured = fall.radius[1] >= COLOURED
        self._brush = Brush()

    def flakes(self, phase: float) -> Sprites:
        """All flakes at a phase 0..1, also those outside of the picture."""
        way = self._way
        fallen = self._age + np.float32(phase)
        down = fallen * self._down
        x = self._x[way] + self._lean[way] * down
        y = self._top + down
        for (frequency, amplitude), angles in zip(FLUTTER, self._angles, strict=True):
            turn = 2.0 * np.pi * frequency * self._hz[way] * fallen + angles[way]
            x = x + amplitude * self._sway * np.sin(turn)
            y = y + amplitude * self._sway * 0.3 * np.sin(2.0 * turn)
        # It turns as it flutters, and is seen from its side now and then.
        cover = self._cover[way] * (1.0 - TURNING * (0.5 + 0.5 * np.sin(turn + 1.0)))
        ink = self._ink.repeat(len(x), axis=1)
        return Sprites(as_map(x), as_map(y), self._radius[way], as_map(cover), ink)

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the flakes on the picture."""
        del view  # snow is everywhere: where the camera looks is the same
        flakes = self.flakes(phase)
        if self._blurred:
            lay_wide(picture, flakes, glow, SMOOTH_CELLS)
        else:
            shape = soft(flakes.reach, self._hardness)
            self._brush.draw(picture, flakes, shape, coloured=self._coloured)
