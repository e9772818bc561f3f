"""Light that moves over a still photo: a band that sweeps it, and a window's light in a room."""

import math

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.glints import light_trails, twinkle
from model_endpoint.engines.motion.effects.paths import Wander, arch
from model_endpoint.engines.motion.planes import WEIGHTS
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Stage,
)
from model_endpoint.pixels import Map, as_map
from story.generation import Motion

WHITE_LEVEL = 255.0
#: What is bright already gains less: the gain is scaled by HEADROOM minus luma 0..1.
HEADROOM = 1.1
#: Steps of chroma (blue, red) by which a gain of 1 warms a white surface.
WARM = (-15.0, 8.0)

#: The sweep: its greatest gain, its half width and its lean; lengths are parts of the diagonal.
SWEEP_GAIN = 0.25
SWEEP_WIDTH = 0.17
SWEEP_LEAN = math.radians(27.0)
#: A fainter band that runs ahead: how far, and how bright and wide it is beside the main one.
AHEAD, AHEAD_GAIN, AHEAD_WIDTH = 0.3, 0.4, 0.45
#: How much farther the band is on what is far: it bends over what stands out.
RELIEF = 0.16
SWEEP_S = 4.5
#: A band is nothing so many widths from its middle.
BAND_REACH = 3.0

#: A window's light: its gain, and how much darker the rest of the room becomes.
WINDOW_GAIN = 0.85
ROOM_DIMS = 0.13
#: Panes across and down, the bars between and the softness of their shadow, parts of the window.
PANES = (2, 3)
BAR, BLUR = 0.075, 0.014
#: The texture of window and leaves: its side in cells, and the room around the window in it.
TEXTURE = 160
AROUND = 0.2
#: The light's corners in parts of the picture, if it comes from the left: slanted over the wall
#: and the floor, its far end wider than its near end.
CORNERS = ((0.06, 0.12), (0.64, 0.26), (1.0, 0.93), (0.3, 0.76))
#: Way of the light in the clip and of the leaves' shadow, parts of the window.
WINDOW_SWAY, LEAF_SWAY = 0.035, 0.05
WINDOW_HZ, LEAF_HZ = 0.1, 0.3
#: Leaves: blurred noise in which so much of the light is shaded, by this much at most.
LEAF_SIZE, LEAF_PART, LEAF_SHADE = 0.028, 0.24, 0.6
#: Seconds in which a light comes and goes.
FADE_S = 1.5


def whole(stage: Stage) -> Patch:
    """A patch that covers the plate."""
    height, width = stage.plate.shape[:2]
    columns, rows = -(-width // FIELD_PX), -(-height // FIELD_PX)
    return Patch(0, 0, columns * FIELD_PX, rows * FIELD_PX)


def luma(stage: Stage, patch: Patch) -> Map:
    """Luma 0..1 of the plate for each value of a field over all of it."""
    rows, columns = patch.field_shape
    small = cv2.resize(stage.plate, (columns, rows), interpolation=cv2.INTER_AREA)
    return as_map(small.astype(np.float32) @ as_map(WEIGHTS)) / WHITE_LEVEL


def relief(stage: Stage, patch: Patch) -> Map:
    """Depth for each value of a field over the whole plate, a little softened."""
    rows, columns = patch.field_shape
    small = cv2.resize(stage.depth, (columns, rows), interpolation=cv2.INTER_AREA)
    return as_map(cv2.blur(small, (3, 3)))


class Lit:
    """Turns how much light falls where into gain and warmth, for a field over the whole plate."""

    def __init__(self, stage: Stage, patch: Patch, gain: float) -> None:
        bright = luma(stage, patch)
        self._gain = as_map(gain * (HEADROOM - bright))
        strength = as_map(gain * bright)
        self._blue, self._red = as_map(WARM[0] * strength), as_map(WARM[1] * strength)

    def field(self, light: Map) -> Map:
        """(rows, columns, 3) of a Light; light (rows, columns): 0 none, 1 all of it."""
        gain = as_map(cv2.multiply(self._gain, light))
        np.add(gain, 1.0, out=gain)
        return as_map(
            cv2.merge([gain, cv2.multiply(self._blue, light), cv2.multiply(self._red, light)])
        )


class Sweep:
    """A soft band of light that crosses the picture; it begins and ends outside of it."""

    layer = None

    def __init__(self, stage: Stage, part: Part) -> None:
        self.patch = whole(stage)
        x, y = self.patch.coordinates()
        to_left = part.heading == "left" or (part.heading is None and part.random.random() < 1 / 2)
        way = -1.0 if to_left else 1.0
        diagonal = math.hypot(*stage.size)
        along = (way * x * math.cos(SWEEP_LEAN) + y * math.sin(SWEEP_LEAN)) / diagonal
        self._along = as_map(along + RELIEF * relief(stage, self.patch))
        lowest, highest = float(self._along.min()), float(self._along.max())
        self._from = lowest - BAND_REACH * SWEEP_WIDTH - AHEAD
        self._way = highest + BAND_REACH * SWEEP_WIDTH - self._from
        self._passes = max(1, round(stage.seconds * part.speed / SWEEP_S))
        self._lit = Lit(stage, self.patch, SWEEP_GAIN * part.strength)

    def at(self, phase: float) -> Map:
        """The band where it is at a phase 0..1."""
        place = self._from + self._way * (phase * self._passes % 1.0)
        light = self._band(place, SWEEP_WIDTH)
        ahead = self._band(place + AHEAD, SWEEP_WIDTH * AHEAD_WIDTH)
        return self._lit.field(as_map(cv2.scaleAdd(ahead, AHEAD_GAIN, light)))

    def _band(self, place: float, width: float) -> Map:
        """1 at a place along the way and 0 from BAND_REACH widths on: a Gaussian's middle part."""
        off = self._along - np.float32(place)
        off *= off
        off *= -1.0 / width**2
        band = as_map(cv2.exp(off))
        band -= math.exp(-(BAND_REACH**2))
        return np.maximum(band, 0.0, out=band)


def window() -> Map:
    """The light of a window with panes, 0..1, in the middle of a dark texture."""
    side = TEXTURE
    place = (np.arange(side, dtype=np.float32) / side - AROUND) / (1.0 - 2.0 * AROUND)
    within = (place > 0.0) & (place < 1.0)

    def panes(count: int) -> Map:
        bar = np.abs(place * count - np.rint(place * count)) / count < BAR / 2.0
        return as_map(within & ~bar)

    light = panes(PANES[1])[:, None] * panes(PANES[0])[None, :]
    return as_map(cv2.GaussianBlur(light, (0, 0), BLUR * side))


def leaves(random: np.random.Generator) -> Map:
    """What leaves before the window leave of its light, 1 all of it; the texture repeats."""
    noise = as_map(random.normal(0.0, 1.0, (TEXTURE, TEXTURE)))
    size = LEAF_SIZE * TEXTURE
    blobs = as_map(cv2.GaussianBlur(noise, (0, 0), size))
    edge = float(np.quantile(blobs, 1.0 - LEAF_PART))
    shade = np.clip((blobs - edge) / (0.6 * float(blobs.std())) + 0.5, 0.0, 1.0)
    return as_map(1.0 - LEAF_SHADE * shade)


class WindowLight:
    """The sun through a window: light with the shadow of bars and leaves, which wander slowly."""

    layer = None

    def __init__(self, stage: Stage, part: Part) -> None:
        self.patch = whole(stage)
        random = part.random
        bright = luma(stage, self.patch)
        from_left = comes_from_left(stage, bright)
        width, height = stage.size
        corners = [
            (
                stage.home[0] + width * (x if from_left else 1.0 - x),
                stage.home[1] + height * y,
            )
            for x, y in CORNERS
        ]
        inner, outer = AROUND * TEXTURE, (1.0 - AROUND) * TEXTURE
        texture = as_map([(inner, inner), (outer, inner), (outer, outer), (inner, outer)])
        matrix = cv2.getPerspectiveTransform(as_map(corners), texture)
        x, y = self.patch.coordinates()
        places = as_map(cv2.perspectiveTransform(np.dstack([x, y]), matrix))
        # The light falls aslant: on what is near it lies elsewhere than on the wall behind.
        bend = RELIEF * TEXTURE * (relief(stage, self.patch) - 1.0 / 2.0)
        self._x, self._y = as_map(places[..., 0] + bend), as_map(places[..., 1] + bend / 2.0)
        self._window, self._leaves = window(), leaves(random)
        self._sway = Wander(random, 2, seconds=stage.seconds, slowest_hz=WINDOW_HZ * part.speed)
        self._leaf_sway = Wander(random, 2, seconds=stage.seconds, slowest_hz=LEAF_HZ * part.speed)
        self._lit = Lit(stage, self.patch, WINDOW_GAIN * part.strength)
        self._dims = ROOM_DIMS / WINDOW_GAIN
        self._fade = min(0.4, FADE_S / stage.seconds)
        self._loop = stage.loop

    def at(self, phase: float) -> Map:
        """The room in the window's light at a phase 0..1."""
        left = self._fade if self._loop else 1e-6
        there = float(arch(as_map([phase]), self._fade, left)[0])
        sway = self._sway.at(phase) * (WINDOW_SWAY * TEXTURE)
        leaf = self._leaf_sway.at(phase) * (LEAF_SWAY * TEXTURE)
        x, y = self._x + sway[0], self._y + sway[1]
        # Beyond the texture there is no light, and so no matter what the leaves do.
        light = as_map(cv2.remap(self._window, x, y, cv2.INTER_LINEAR))
        x += leaf[0]
        y += leaf[1]
        shade = as_map(cv2.remap(self._leaves, x, y, cv2.INTER_LINEAR))
        light *= shade
        light -= self._dims
        light *= there
        return self._lit.field(light)


def comes_from_left(stage: Stage, bright: Map) -> bool:
    """Whether the light comes from the left: from the surest window, or else the brighter side."""
    windows = stage.spots("window")
    if windows:
        surest = max(windows, key=lambda spot: spot.confidence * spot.strength)
        return surest.x < stage.home[0] + stage.size[0] / 2.0
    middle = bright.shape[1] // 2
    return bool(bright[:, :middle].mean() >= bright[:, middle:].mean())


def light_sweep(stage: Stage, part: Part) -> Effect:
    """A band of light that passes over everything."""
    return Effect("light_sweep", "a soft light passes", lights=(Sweep(stage, part),))


def window_light(stage: Stage, part: Part) -> Effect:
    """A window's light in a room, where there is a room."""
    if "sky" in stage.masks and not stage.spots("window"):
        raise NothingToMove("no room found")
    return Effect("window_light", "a window's light wanders", lights=(WindowLight(stage, part),))


MAKERS: dict[Motion, Maker] = {
    "light_sweep": light_sweep,
    "window_light": window_light,
    "twinkle": twinkle,
    "light_trails": light_trails,
}
