"""Water that mirrors the sky: it takes the sky's hue, glitters, and its picture wavers in bands."""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.effects.heavens import HUES, Tints
from model_endpoint.engines.motion.effects.particles import Brush, Sprites, inks, soft
from model_endpoint.engines.motion.effects.region import colours
from model_endpoint.engines.motion.effects.sun import find_sun
from model_endpoint.engines.motion.effects.water import (
    LUMA_MAX,
    Heave,
    Wave,
    border_reach,
    lean,
    level_water,
    lit,
    patch_and_way,
    trains,
)
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    Maker,
    Part,
    Patch,
    Stage,
    View,
)
from model_endpoint.pixels import Map, as_map
from story.generation import Motion

#: Bands that waver: they lie across the view and are finer than waves.
RIPPLES = (
    Wave(2.2, 24.0, 5.0, 0.05),
    Wave(1.55, 31.0, -8.0, 0.04),
    Wave(1.2, 41.0, 12.0, 0.03),
    Wave(0.9, 37.0, -16.0, 0.025),
)
SIDEWAYS = 1.2
BORDER_SHARE = 0.2
MOMENTS = 12
#: What the water takes of the sky's hues, most where it is bright and mirrors the lowest sky.
MIRRORED = 0.45
FLAT = 0.1
#: Mean square of luma from which water is bright all over.
LIT = 0.25
#: Sparkles on a picture that is all water, seconds of one, cycles of brightness of each at most a
#: second, and their radius near the viewer, part of the longer side, and at least in pixels.
SPARKLES = 700
RATE_HZ = (0.4, 1.1)
RADIUS = 0.0042
MIN_RADIUS_PX = 0.9
BRIGHTEST = 0.95
#: How short a sparkle is: the power of its swell.
BRIEF = 3
#: The path of light under the sun is so wide, part of the longer side, and so many times as dense.
PATH = 0.09
DENSER = 3.0
#: A sparkle is a picture of the sun: warm white.
SUNLIGHT = (255.0, 252.0, 238.0)


@dataclass(frozen=True, slots=True)
class Sparkles:
    """Glints that light up and go: see stage.Veil. All (n,); places and radii in plate pixels."""

    behind_subject: bool
    x: Map
    y: Map
    depth: Map
    radius: Map
    cover: Map
    cycles: Map
    start: Map
    brush: Brush

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw those that shine now."""
        swell = np.sin(2.0 * np.pi * self.cycles * phase + self.start)
        shining = np.flatnonzero(swell > 0.0)
        if len(shining) == 0:
            return
        x, y, growth = view.place(self.x[shining], self.y[shining], self.depth[shining])
        cover = self.cover[shining] * as_map(swell[shining]) ** BRIEF
        reach = as_map(self.radius[shining] * growth)
        ink = np.repeat(inks(SUNLIGHT), len(shining), axis=1)
        self.brush.draw(picture, Sprites(x, y, reach, as_map(cover), ink), soft(reach))


def sparkling(stage: Stage, part: Part, patch: Patch, way: Map, level: Map) -> Sparkles | None:
    """Glints on bright water, denser under the sun; way: see region.way_to_border."""
    longer = max(stage.size)
    below = lean(stage, patch, as_map(way > 0.0))
    luma = as_map(cv2.cvtColor(colours(stage.plate, patch), cv2.COLOR_RGB2GRAY) / LUMA_MAX)
    x, y = patch.coordinates()
    likely = (luma**2) * (way > 0.0)
    sun = find_sun(stage)
    if sun is not None:
        likely = likely * (1.0 + DENSER * np.exp(-(((x - sun.x) / (PATH * longer)) ** 2)))
    total = float(likely.sum())
    lit = min(1.0, total / max(1.0, LIT * float((way > 0.0).sum())))
    count = round(SPARKLES * part.strength * lit * float(np.sqrt(level.mean())))
    if count == 0:
        return None
    random = part.random
    chance = likely.astype(np.float64).ravel() / likely.sum(dtype=np.float64)
    cell = random.choice(likely.size, count, p=chance)
    row, column = np.unravel_index(cell, likely.shape)
    jitter = random.uniform(-0.5 * FIELD_PX, 0.5 * FIELD_PX, (2, count))
    near = np.clip(below[row, column] / 0.35, 0.25, 1.0)
    rates = random.uniform(*RATE_HZ, count) * part.speed
    places_x, places_y = x[row, column] + jitter[0], y[row, column] + jitter[1]
    inside_y = np.clip(places_y, 0, stage.depth.shape[0] - 1).astype(np.intp)
    inside_x = np.clip(places_x, 0, stage.depth.shape[1] - 1).astype(np.intp)
    return Sparkles(
        behind_subject=True,
        x=as_map(places_x),
        y=as_map(places_y),
        depth=as_map(stage.depth[inside_y, inside_x]),
        radius=as_map(
            np.maximum(MIN_RADIUS_PX, RADIUS * longer * near * random.uniform(0.6, 1.2, count))
        ),
        cover=as_map(BRIGHTEST * random.uniform(0.35, 1.0, count)),
        cycles=as_map(np.maximum(1.0, np.round(rates * stage.seconds))),
        # All are dark at the clip's start.
        start=as_map(random.uniform(np.pi, 2.0 * np.pi, count)),
        brush=Brush(),
    )


def mirrored_hues(stage: Stage, part: Part, patch: Patch, level: Map) -> Tints:
    """The sky's hues upon the water: what is near the horizon above it mirrors in what is near."""
    there = lit(level, patch)
    below = lean(stage, patch, there)
    colour = as_map(colours(stage.plate, patch)) / LUMA_MAX
    bright = smoothstep(0.1, 0.6, as_map(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)))
    seen = MIRRORED * part.strength * there * (FLAT + (1.0 - FLAT) * bright)
    amounts = [
        np.stack(
            [value * seen * np.exp(-below / hue.height) for value in (hue.gain, hue.blue, hue.red)],
            axis=2,
        )
        for hue in HUES
    ]
    return Tints(None, patch, as_map(np.stack(amounts)), tuple(hue.when for hue in HUES), 1)


def reflections(stage: Stage, part: Part) -> Effect:
    """The sky's light moves on the water."""
    level = level_water(stage)
    patch, way = patch_and_way(stage, level)
    ripples = trains(RIPPLES, stage, part, patch, as_map(way > 0.0))
    height, slope = ripples.peak(MOMENTS)
    strength = np.float32(part.strength)
    heave = Heave(
        "ground",
        patch,
        ripples,
        as_map(
            SIDEWAYS
            * strength
            * border_reach(way, as_map(SIDEWAYS * strength * slope), BORDER_SHARE)
        ),
        as_map(strength * border_reach(way, as_map(strength * height), BORDER_SHARE)),
    )
    sparkles = sparkling(stage, part, patch, way, level)
    return Effect(
        "reflections",
        "the water mirrors the sky's light",
        warps=(heave,),
        lights=(mirrored_hues(stage, part, patch, level),),
        veils=() if sparkles is None else (sparkles,),
    )


MAKERS: dict[Motion, Maker] = {"reflections": reflections}
