"""Waves on a sea or a lake: the picture on the water heaves, the slopes glint, foam runs ashore.

Waves lie on a level plane seen from above its horizon: at a distance below the horizon of l, parts
of the picture's longer side, the way to the water is as 1 / l, so that waves of one kind look as
long as l, and log l counts them. They come towards the viewer, each with a period of its own.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.harmonics import Cycles, smoothstep
from model_endpoint.engines.motion.effects.region import coarse, colours, seen, way_to_border
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    LayerName,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Stage,
)
from model_endpoint.pixels import Map, as_map, as_rgb
from model_endpoint.scene.model import FALLING_WATER, WATER
from story.generation import Motion


@dataclass(frozen=True, slots=True)
class Wave:
    """One train of waves.

    period: seconds. along: radians for each e-fold of distance; across: radians for the picture's
    longer side. steepness: the greatest ∂d/∂y.
    """

    period: float
    along: float
    across: float
    steepness: float


#: Long waves are slow and high, short ones quick and low, and no period is a multiple of another.
WAVES = (
    Wave(2.2, 10.0, 9.0, 0.065),
    Wave(1.55, 14.0, -14.0, 0.06),
    Wave(1.2, 18.0, 25.0, 0.05),
    Wave(1.0, 23.0, -37.0, 0.04),
    Wave(0.85, 20.0, 48.0, 0.035),
    Wave(0.72, 31.0, -42.0, 0.025),
)
#: Distance from the horizon, part of the longer side, that waves have the lengths above for; where
#: half of the water is farther, longer waves are shown, by this power, or none could be seen.
REFERENCE = 0.5
ENLARGED = 0.9
#: Far waves are narrow as well as low, but less so: their crests join.
NARROWING = 0.3
#: However fast waves are asked to be: faster ones would flicker.
FASTEST_HZ = 2.2
#: Water moves less sideways than up and down: what it mirrors is drawn out towards the viewer.
SIDEWAYS = 0.9
#: How rough the water of a scene is; of any other scene as a lake's.
ROUGHNESS = {"sea": 1.1, "lake": 0.95, "stream": 0.55}
CALM = 0.95
#: Distance from the horizon, part of the longer side, below which waves are too fine to be told.
NEAR_HORIZON = 0.02
#: Water without a horizon is looked down on: its horizon is so far above it, the same unit.
LOOKED_DOWN = 0.3
#: A wave must be so many values of a field long to be drawn, and is drawn fully from so many on.
DRAWN = (4.0, 8.0)
#: Part of the way to the border that the water may move; the rest is left to other motions.
BORDER_SHARE = 0.36
#: Moments of the clip at which the greatest displacement is sought, and what may lie between them.
MOMENTS = 14
BETWEEN = 1.12
#: Gain of luma by the steepest slope, on dull water and further on water that is bright.
GLINT = 0.045
SPARKLE = 0.1
#: Seconds between two swells that break, how much they differ, the luma that foam gains on
#: the shore, and the shore's width as a part of the longer side.
SWELL_SECONDS = 3.6
SWELL_VARIETY = 0.3
FOAM = 0.1
SHORE = 0.03
#: What stands in still water: its edges are upright for this part of the longer side and have so
#: many grey levels a pixel, where the longer side is searched at so many pixels; and so many of
#: these around an edge nothing moves.
UPRIGHT = 0.022
UPRIGHT_LEVELS = 7.0
SEARCH_PX = 640
AROUND_PX = 1
#: Part of the first frame that water must fill.
MIN_AREA = 0.004
INSIDE = 0.5
LUMA_MAX = 255.0


def lean(stage: Stage, patch: Patch, water: Map) -> Map:
    """How far below the horizon each value of a field is, parts of the picture's longer side.

    water (rows, columns): none is seen above the horizon.
    """
    longer = max(stage.size)
    _, y = patch.coordinates()
    top = float(y[np.flatnonzero((water > INSIDE).any(axis=1))[0], 0])
    horizon = top - LOOKED_DOWN * longer if stage.horizon is None else min(stage.horizon, top)
    return as_map(np.maximum((y - horizon) / longer, NEAR_HORIZON))


def trains(waves: tuple[Wave, ...], stage: Stage, part: Part, patch: Patch, water: Map) -> Cycles:
    """The heave of all waves in plate pixels; water (rows, columns): where."""
    below = lean(stage, patch, water)
    longer = max(stage.size)
    x, _ = patch.coordinates()
    middle = float(np.median(below[water > INSIDE]))
    larger = (min(middle, REFERENCE) / REFERENCE) ** ENLARGED
    sideways = (x - stage.home[0] - 0.5 * stage.size[0]) / longer
    counts, cosines, sines = [], [], []
    for wave in turned(waves, part):
        start = part.random.uniform(0.0, 2.0 * np.pi)
        along = wave.along * larger
        angle = along * np.log(below) + larger * wave.across * sideways / below**NARROWING + start
        length = 2.0 * np.pi * below * longer / abs(along)
        shown = smoothstep(*DRAWN, as_map(length / FIELD_PX))
        height = wave.steepness * length / (2.0 * np.pi) * shown
        # A crest, angle = 2πnt, moves to greater angles.
        rate = min(part.speed / wave.period, FASTEST_HZ)
        counts.append(max(1, round(stage.seconds * rate)))
        cosines.append(as_map(height * np.sin(angle)))
        sines.append(as_map(-height * np.cos(angle)))
    return Cycles(distinct(counts), cosines, sines)


def turned(waves: tuple[Wave, ...], part: Part) -> tuple[Wave, ...]:
    """The waves on their way to where they are asked to go."""
    if part.heading in ("left", "right"):
        sign = 1.0 if part.heading == "right" else -1.0
        return tuple(
            replace(wave, along=0.6 * wave.along, across=sign * 1.6 * abs(wave.across))
            for wave in waves
        )
    if part.heading in ("away", "up"):
        return tuple(replace(wave, along=-wave.along) for wave in waves)
    return waves


def distinct(counts: list[int]) -> tuple[int, ...]:
    """Each count once, as far as the next number allows: equal ones would add to one wave."""
    taken: list[int] = []
    for count in counts:
        taken.append(count + 1 if count in taken and count + 1 not in taken else count)
    return tuple(taken)


def border_reach(way: Map, peak: Map, share: float) -> Map:
    """What to multiply a displacement by, 0..1, that comes as far as `peak`, to stay inside."""
    return as_map(np.minimum(1.0, share * way / np.maximum(BETWEEN * peak, 1e-3)))


@dataclass(frozen=True, slots=True)
class Heave:
    """The water's surface: see stage.Warp. across, up (rows, columns): reach of the waves."""

    layer: LayerName
    patch: Patch
    waves: Cycles
    across: Map
    up: Map

    def at(self, phase: float) -> Map:
        """Displacement of the place that is sampled."""
        height, slope = self.waves.at(phase), self.waves.slope(phase)
        return as_map(cv2.merge([slope * self.across, height * self.up]))


@dataclass(frozen=True, slots=True)
class Glints:
    """Light on the slopes of waves, and foam on the shore: see stage.Light.

    shine: gain of luma a pixel of slope; foam: gain at the height of a swell, or None.
    """

    layer: None
    patch: Patch
    waves: Cycles
    shine: Map
    foam: Map | None
    swells: int

    def at(self, phase: float) -> Map:
        """Gain and tint: foam is white, it takes no colour away that a coarse field could tell."""
        slope = self.waves.slope(phase)
        light = np.zeros((*slope.shape, 3), dtype=np.float32)
        np.multiply(slope, self.shine, out=slope)
        if self.foam is not None:
            slope += np.float32(swell(phase, self.swells)) * self.foam
        np.add(slope, 1.0, out=light[..., 0])
        return light


def swell(phase: float, count: int) -> float:
    """How high the water stands on the shore, 0..1: it runs up fast and ebbs slowly."""
    angle = 2.0 * np.pi * count * phase
    # The crest comes a third into each swell.
    rise = 0.5 - 0.5 * np.cos(angle + 0.5 * (1.0 - np.cos(angle)))
    unlike = 1.0 - SWELL_VARIETY * (0.5 - 0.5 * np.cos(2.0 * np.pi * phase + 2.0))
    return float(rise * unlike)


def shore(patch: Patch, water: Map, longer: int) -> Map | None:
    """Where water ends towards the viewer on land, 0..1, or None when it is not seen to."""
    there = coarse(water, patch)
    step = max(2, round(SHORE * longer / FIELD_PX))
    raised = np.ones_like(there)
    raised[:-step] = there[step:]
    # The plate's lower edge is no shore: there the water goes on.
    below_plate = (water.shape[0] - patch.top) // FIELD_PX
    raised[max(0, below_plate - step) :] = 1.0
    band = as_map(cv2.GaussianBlur(as_map(there * (1.0 - raised)), (0, 0), 0.35 * step))
    band *= there
    return band if float(band.max()) > INSIDE / 2 else None


def standing(stage: Stage) -> Map:
    """Posts, reeds and hulls, by their upright edges, where waves lie level: (H, W) 0..1."""
    height, width = stage.plate.shape[:2]
    scale = min(1.0, SEARCH_PX / max(stage.size))
    small = cv2.resize(stage.plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = as_map(cv2.cvtColor(as_rgb(small), cv2.COLOR_RGB2GRAY))
    # An edge's sign is kept: what rises and falls from row to row adds up to nothing.
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1.0 / 8.0)
    tall = 2 * round(0.5 * UPRIGHT * scale * max(stage.size)) + 1
    edges = as_rgb((np.abs(cv2.blur(across, (1, tall))) > UPRIGHT_LEVELS).astype(np.uint8))
    side = 2 * AROUND_PX + 1
    grown = as_map(cv2.dilate(edges, np.ones((side, side), np.uint8)))
    return as_map(cv2.resize(grown, (width, height), interpolation=cv2.INTER_LINEAR))


def level_water(stage: Stage) -> Map:
    """The water that lies level, (H, W) 0..1: all of it but what falls."""
    water = stage.masks.get(WATER)
    if water is None:
        raise NothingToMove("no water found")
    falling = stage.masks.get(FALLING_WATER)
    level = water if falling is None else as_map(water * (1.0 - falling))
    if seen(level, stage) < MIN_AREA:
        raise NothingToMove("no water found" if falling is None else "no still water found")
    return level


def open_water(stage: Stage, level: Map) -> Map:
    """Of level water what may be displaced, (H, W) 0..1: not what stands in it.

    Streaks of a stream stand upright themselves, and nothing can be told from them.
    """
    if stage.kind == "stream" or FALLING_WATER in stage.masks:
        return level
    return as_map(level * (1.0 - standing(stage)))


def patch_and_way(stage: Stage, level: Map) -> tuple[Patch, Map]:
    """The patch of level water, and plate pixels to the border of what of it may be displaced."""
    patch = Patch.around(as_map(level > INSIDE), 2 * FIELD_PX)
    way = None if patch is None else way_to_border(open_water(stage, level), patch)
    if patch is None or way is None or not way.any():
        raise NothingToMove("no open water found")
    return patch, way


def lit(level: Map, patch: Patch) -> Map:
    """How much light each value of a field takes up, 0..1: all where it is water, none ashore."""
    there = cv2.erode(coarse(level, patch), np.ones((3, 3), np.uint8))
    return as_map(cv2.blur(there, (3, 3)))


def waves(stage: Stage, part: Part) -> Effect:
    """Waves that come towards the viewer, finer and slower towards the horizon, and glint."""
    level = level_water(stage)
    patch, way = patch_and_way(stage, level)
    longer = max(stage.size)
    train = trains(WAVES, stage, part, patch, as_map(way > 0.0))
    kind = "stream" if FALLING_WATER in stage.masks else stage.kind
    rough = ROUGHNESS.get(kind, CALM) * part.strength
    height, slope = train.peak(MOMENTS)
    up = as_map(rough * border_reach(way, as_map(rough * height), BORDER_SHARE))
    across = as_map(
        SIDEWAYS * rough * border_reach(way, as_map(SIDEWAYS * rough * slope), BORDER_SHARE)
    )
    heave = Heave("ground", patch, train, across, up)
    band = shore(patch, level, longer) if stage.kind == "sea" else None
    swells = max(1, round(part.speed * stage.seconds / SWELL_SECONDS))
    there = lit(level, patch)
    luma = cv2.cvtColor(colours(stage.plate, patch), cv2.COLOR_RGB2GRAY) / LUMA_MAX
    shine = (GLINT + SPARKLE * luma**2) * there * min(part.strength, 1.5)
    glints = Glints(
        None,
        patch,
        train,
        as_map(shine / max(float(slope.max()), 1e-3)),
        None if band is None else as_map(FOAM * band * there),
        swells,
    )
    frames = max(1, round(stage.seconds * stage.fps))
    return Effect(
        "waves",
        "waves roll",
        warps=(heave,),
        lights=(glints,),
        sound=as_map([swell(frame / frames, swells) for frame in range(frames)]),
    )


MAKERS: dict[Motion, Maker] = {"waves": waves}
