"""What falls from the sky over the whole picture: rain and snow."""

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.light import whole
from model_endpoint.engines.motion.effects.paths import arch
from model_endpoint.engines.motion.effects.rain import RAIN, Rain, Splashes
from model_endpoint.engines.motion.effects.snow import SNOW, Snow
from model_endpoint.engines.motion.planes import NEUTRAL, packed
from model_endpoint.engines.motion.stage import Effect, Maker, Part, Stage
from model_endpoint.pixels import Map, as_map
from story.generation import Heading, Motion

#: Wind: its slant sideways for each way down, when it blows, and at most when nobody asked for it.
WIND, BREEZE = 0.2, 0.12
WIND_SIDE: dict[Heading, float] = {"left": -1.0, "right": 1.0}
#: Light under a sky that rains and one that snows: how much is lost of it and of the colours; no
#: more than so many times that; and seconds until then.
RAINY, SNOWY = (0.2, 0.32), (0.04, 0.22)
DULLEST = 1.3
FADE_S = 1.3
#: Colours are taken from around each place, this part of the longer side: small things keep theirs.
AROUND = 0.006


def slant(part: Part) -> float:
    """How far the wind carries sideways for each way down; to the right above 0."""
    if part.heading in WIND_SIDE:
        return WIND_SIDE[part.heading] * WIND
    return float(part.random.uniform(-BREEZE, BREEZE))


class Dull:
    """The light under low clouds: a little darker, and with less colour."""

    layer = None

    def __init__(self, stage: Stage, part: Part, loss: tuple[float, float]) -> None:
        """loss: of light and of colours; see RAINY."""
        dims, fades = (each * min(part.strength, DULLEST) for each in loss)
        self.patch = whole(stage)
        rows, columns = self.patch.field_shape
        small = cv2.resize(stage.plate, (columns, rows), interpolation=cv2.INTER_AREA)
        tint = as_map(packed(np.ascontiguousarray(small)).astype(np.float32) - NEUTRAL)
        tint = as_map(cv2.GaussianBlur(as_map(tint), (0, 0), AROUND * max(rows, columns)))
        tint *= -fades
        tint[..., 0] = -dims
        self._change = as_map(tint)
        self._fade = min(0.35, FADE_S / stage.seconds)
        self._loop = stage.loop

    def at(self, phase: float) -> Map:
        """The light at a phase 0..1."""
        fade = self._fade
        there = arch(as_map([phase]), fade, fade if self._loop else 1e-6)[0]
        field = self._change * there
        field[..., 0] += 1.0
        return as_map(field)


def rain(stage: Stage, part: Part) -> Effect:
    """Rain in four depths, splashes where the ground is known, and a duller light."""
    lean = slant(part)
    behind = Rain(stage, part, [fall for fall in RAIN if fall.behind_subject], lean)
    before = Rain(stage, part, [fall for fall in RAIN if not fall.behind_subject], lean)
    splashes = (Splashes(stage, part, stage.horizon),) if stage.horizon is not None else ()
    return Effect(
        "rain", "rain falls", lights=(Dull(stage, part, RAINY),), veils=(*splashes, behind, before)
    )


def snow(stage: Stage, part: Part) -> Effect:
    """Snow in four depths, and a paler light."""
    lean = slant(part)
    veils = tuple(Snow(stage, part, fall, lean) for fall in SNOW)
    return Effect("snow", "snow falls", lights=(Dull(stage, part, SNOWY),), veils=veils)


MAKERS: dict[Motion, Maker] = {"rain": rain, "snow": snow}
