"""Clouds that drift: the sky is carried along by a steady wind, for ever.

Two copies of the sky flow, one from a period's start and one towards its end; each is invisible
when it starts over. Holynski et al., Animating Pictures with Eulerian Motion Fields, CVPR 2021,
eq. 7, for a flow that hardly changes along its own lines.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.harmonics import Cycles, curl, smooth_noise
from model_endpoint.engines.motion.effects.region import SURELY, full, known_sky
from model_endpoint.engines.motion.effects.sun import find_sun, stillness
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    LayerName,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Spot,
    Stage,
)
from model_endpoint.pixels import Map, as_map, as_rgb
from story.generation import Heading, Motion

#: Way of the highest clouds a second, part of the picture's longer side: about a pixel a frame.
DRIFT = 0.02
#: Way in one period above which the two copies would be too unlike to be mixed, the same unit.
MAX_WAY = 0.051
#: The same up and down: there the sky's own colours differ most.
MAX_RISE = 0.026
SIDEWAYS = ("left", "right")
#: Speed at the horizon relative to the highest clouds: what is far seems slow.
HORIZON_SHARE = 0.42
#: A sky counts as at least so high, part of the longer side.
LOW_SKY = 0.1
#: Clouds that come towards the viewer spread from a point; so they look slower.
APPROACH = 0.9
#: How much winds of different height differ, and the height of a layer of wind, part of the sky's.
SHEAR = 0.22
LAYER_HEIGHT = 0.3
#: The slow curling within clouds: its amplitude and the size of its eddies, parts of the longer
#: side; one turn in so many seconds, and again half as long and half as wide.
BILLOW = 0.0009
EDDY = 0.15
TURN_SECONDS = (5.0, 2.5)
#: Mist at the horizon: its height, part of the way up to the highest sky; its gain of luma; the
#: size of its banks, parts of the longer side; and seconds in which they come and go.
MIST_HEIGHT = 0.22
MIST = 0.025
BANK = (0.05, 0.22)
MIST_SECONDS = (4.8, 3.1)
#: The sky layer goes on behind the ground by this part of the longer side.
BEHIND = 0.012
#: Luma's deviation from its surroundings (grey levels) above which a sky has clouds; the longer
#: side at which it is measured, the width of grain there and that of surroundings.
CLOUDY = 1.6
#: The same of a sky whose mist is seen in full.
THICK = 6.0
MEASURED_PX = 400
GRAIN_PX = 1.2
SURROUNDINGS_PX = 12.0
#: Small clouds are sought in places of this width, of which so much is sky, and count less.
LOCAL_PX = 8.0
LOCAL_SHARE = 0.3
FEW_CLOUDS = 0.25
#: Part of the surroundings that must be sky, and what is as good as none.
AMIDST = 0.93
TRACE = 1e-4
#: Surely not the sun.
HARDLY = 0.1


def cloudiness(stage: Stage, sky: Map, sun: Spot | None) -> float:
    """How much there is to see drift: the luma's deviation from its surroundings, grey levels."""
    scale = MEASURED_PX / max(stage.plate.shape[:2])
    small = cv2.resize(stage.plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    size = (small.shape[1], small.shape[0])
    there = as_map(cv2.resize(sky, size, interpolation=cv2.INTER_AREA))
    x, y = np.meshgrid(np.arange(size[0]) / scale, np.arange(size[1]) / scale)
    still = stillness(sun, as_map(x), as_map(y), max(stage.size))
    # Outlines of things are no clouds: stay clear of them.
    clear = cv2.erode(as_rgb((there > SURELY).astype(np.uint8)), np.ones((5, 5), np.uint8))
    weight = as_map((clear > 0) & (still < HARDLY))
    if not weight.any():
        return 0.0
    grey = as_map(cv2.cvtColor(as_rgb(small), cv2.COLOR_RGB2GRAY))
    surroundings = _share(weight, SURROUNDINGS_PX)
    # At a border the surroundings lie to one side: there a clear sky that brightens towards the
    # horizon would seem cloudy.
    amidst = (weight > 0) & (surroundings > AMIDST)
    if not amidst.any():
        return 0.0
    fine = _share(as_map(grey * weight), GRAIN_PX) / np.maximum(_share(weight, GRAIN_PX), TRACE)
    broad = _share(as_map(grey * weight), SURROUNDINGS_PX) / np.maximum(surroundings, TRACE)
    # A few small clouds are enough, in a sky that is clear otherwise.
    square = as_map(np.where(amidst, (fine - broad) ** 2, 0.0))
    there = _share(as_map(amidst), LOCAL_PX)
    local = _share(square, LOCAL_PX) / np.maximum(there, LOCAL_SHARE)
    return float(np.sqrt(max(square[amidst].mean(), FEW_CLOUDS**2 * local.max())))


def _share(values: Map, sigma: float) -> Map:
    """A blur; beyond the picture there is nothing."""
    return as_map(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT))


def above_horizon(stage: Stage, patch: Patch, sky: Map) -> tuple[Map, float, float]:
    """How high the values of a field are, 0 at the horizon to 1 at the highest sky that is seen.

    And the horizon's row and the sky's height, in plate pixels.
    """
    _, y = patch.coordinates()
    rows = np.flatnonzero((sky > SURELY).any(axis=1))
    horizon = stage.horizon if stage.horizon is not None else float(rows[-1])
    tall = max(horizon - float(rows[0]), LOW_SKY * max(stage.size))
    return as_map(np.clip((horizon - y) / tall, 0.0, 1.0)), horizon, tall


def wind(
    stage: Stage, patch: Patch, sky: Map, heading: Heading, random: np.random.Generator
) -> Map:
    """(rows, columns, 2): where clouds go, 1 at the highest that are seen, x right and y down."""
    x, y = patch.coordinates()
    up, horizon, tall = above_horizon(stage, patch, sky)
    share = as_map(HORIZON_SHARE + (1.0 - HORIZON_SHARE) * up)
    cell = (LAYER_HEIGHT * patch.field_shape[0], 1.5 * patch.field_shape[1])
    share *= 1.0 + SHEAR * np.tanh(smooth_noise(patch.field_shape, cell, random))
    if heading in SIDEWAYS:
        sign = 1.0 if heading == "right" else -1.0
        flow = np.stack([sign * share, np.zeros_like(share)], axis=2)
    else:
        # Seen from below, clouds on their way rise from the horizon's middle and spread.
        sign = 1.0 if heading in ("towards", "up") else -1.0
        middle = stage.home[0] + 0.5 * stage.size[0]
        away = np.stack([x - middle, y - horizon], axis=2) / tall
        flow = sign * APPROACH * share[..., None] * away
    return as_map(flow)


@dataclass(frozen=True, slots=True)
class Drift:
    """A sky on its way: see stage.Current.

    way (rows, columns, 2): plate pixels that it goes in a period; periods in a clip.
    """

    layer: LayerName
    patch: Patch
    mask: Map
    way: Map
    billow: Cycles
    periods: int

    def copies(self, phase: float) -> tuple[tuple[float, Map], ...]:
        """One copy that has come from where the period began, one that goes where it ends."""
        since = (phase * self.periods) % 1.0
        curling = self.billow.at(phase)
        return (
            (1.0 - since, as_map(curling - np.float32(since) * self.way)),
            (since, as_map(curling + np.float32(1.0 - since) * self.way)),
        )


def eddies(patch: Patch, reach: Map, part: Part, size: float, turns: tuple[int, ...]) -> Cycles:
    """Slow curls, in plate pixels times reach: for each octave one that turns into another."""
    cosines: list[Map] = []
    sines: list[Map] = []
    for octave in range(len(turns)):
        cell = (0.7 * size / 2**octave, size / 2**octave)
        for fields in (cosines, sines):
            flow = curl(smooth_noise(patch.field_shape, cell, part.random)) * cell[1] / 2**octave
            fields.append(as_map(flow * reach[..., None]))
    return Cycles(turns, cosines, sines)


@dataclass(frozen=True, slots=True)
class Mist:
    """Banks of mist along the horizon that come and go: see stage.Light."""

    layer: Literal["sky"]
    patch: Patch
    banks: Cycles

    def at(self, phase: float) -> Map:
        """Gain; mist has the sky's own colour."""
        light = np.zeros((*self.patch.field_shape, 3), dtype=np.float32)
        np.add(self.banks.at(phase), 1.0, out=light[..., 0])
        return light


def mist(stage: Stage, part: Part, patch: Patch, up: Map, free: Map) -> Mist:
    """Mist where the sky is low; up: see above_horizon; free: how little the sun outshines it."""
    shown = as_map(MIST * part.strength * np.exp(-up / MIST_HEIGHT) * free)
    cell = tuple(size * max(stage.size) / FIELD_PX for size in BANK)
    turns = tuple(max(1, round(part.speed * stage.seconds / each)) for each in MIST_SECONDS)
    cosines, sines = (
        [
            as_map(shown * smooth_noise(patch.field_shape, (cell[0], cell[1]), part.random))
            for _ in turns
        ]
        for _ in range(2)
    )
    return Mist("sky", patch, Cycles(turns, cosines, sines))


def clouds(stage: Stage, part: Part) -> Effect:
    """Clouds that drift with the wind, slower near the horizon, around a sun that stands still."""
    sky = known_sky(stage)
    sun = find_sun(stage)
    cloudy = cloudiness(stage, sky, sun)
    if cloudy < CLOUDY:
        raise NothingToMove("the sky is clear")
    longer = max(stage.size)
    behind = max(2, round(BEHIND * longer))
    patch = Patch.around(sky, 2 * behind)
    if patch is None:
        raise NothingToMove("no sky found")
    heading = part.heading or ("left", "right")[int(part.random.integers(2))]
    way = DRIFT * longer * stage.seconds * part.speed * (0.5 + 0.5 * part.strength)
    most = MAX_WAY if heading in SIDEWAYS else MAX_RISE
    periods = max(1, int(np.ceil(way / (most * longer))))
    free = as_map(1.0 - stillness(sun, *patch.coordinates(), longer))
    flow = wind(stage, patch, sky, heading, part.random) * free[..., None]
    turns = tuple(max(1, round(part.speed * stage.seconds / turn)) for turn in TURN_SECONDS)
    reach = as_map(BILLOW * longer * part.strength * free)
    drift = Drift(
        "sky",
        patch,
        behind_ground(full(sky, patch), behind),
        as_map(flow * (way / periods)),
        eddies(patch, reach, part, EDDY * longer / patch.width * patch.field_shape[1], turns),
        periods,
    )
    up, _, _ = above_horizon(stage, patch, sky)
    # A sky that is all but clear has no banks of mist.
    thick = as_map(free * min(1.0, (cloudy - CLOUDY) / (THICK - CLOUDY)))
    return Effect(
        "clouds",
        "clouds drift",
        currents=(drift,),
        lights=(mist(stage, part, patch, up, thick),),
    )


def behind_ground(sky: Map, behind: int) -> Map:
    """The sky's mask, grown behind what stands before it: no rim of still sky may be seen there."""
    side = 2 * behind + 1
    grown = cv2.dilate(sky, np.ones((side, side), np.uint8))
    return as_map(cv2.blur(grown, (behind, behind)))


MAKERS: dict[Motion, Maker] = {"clouds": clouds}
