"""The light of the sky: its hues through a day, and the sun's glow."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.harmonics import Cycles, smoothstep, weighted
from model_endpoint.engines.motion.effects.region import SURELY, coarse, colours, known_sky
from model_endpoint.engines.motion.effects.stars import stars
from model_endpoint.engines.motion.effects.sun import find_sun, stillness
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Spot,
    Stage,
)
from model_endpoint.pixels import Map, as_map, as_rgb
from model_endpoint.scene.model import SKY
from story.generation import Motion

LUMA_MAX = 255.0


@dataclass(frozen=True, slots=True)
class Hue:
    """A light of the day.

    when: it is strongest, 0..1 of the clip. height: how far up from the horizon it reaches, part of
    the sky's height. gain: of luma; blue, red: shifts of Cb and Cr.
    """

    when: float
    height: float
    gain: float
    blue: float
    red: float


#: From the day of the photo through an evening back to it. Low light is red because its way through
#: the air is long; overhead the sky stays blue and darkens.
HUES = (
    Hue(when=0.3, height=0.34, gain=0.04, blue=-12.0, red=7.0),
    Hue(when=0.46, height=0.8, gain=-0.01, blue=-7.0, red=6.0),
    Hue(when=0.68, height=0.45, gain=-0.05, blue=-1.0, red=6.5),
    Hue(when=0.62, height=4.0, gain=-0.12, blue=5.0, red=3.0),
)
#: How much longer than an even swell a hue is gone: greater is shorter.
BRIEF = 0.8
#: What blue sky takes of a tint, the rest is for white: clouds; and night has none.
ON_BLUE = 0.6
NIGHT = (0.04, 0.3)
#: What of the sky's light falls on everything else.
AMBIENT = 0.5
#: What lies so near the sky, part of the longer side, and has its colour but for this (parts of the
#: full scale) is lit as the sky is: its outline is never exact, and haze has its light.
NEAR = 0.02
LIKE = 0.09
#: Seconds of a day, at the least.
DAY_SECONDS = 7.0


@dataclass(frozen=True, slots=True)
class Tints:
    """Lights that swell and fade one after the other: see stage.Light.

    amounts: (n, rows, columns, 3) gain less 1, Cb, Cr; when (n,): see Hue.
    """

    layer: Literal["sky"] | None
    patch: Patch
    amounts: Map
    when: tuple[float, ...]
    days: int

    def at(self, phase: float) -> Map:
        """Gain and tint."""
        time = (phase * self.days) % 1.0
        light = weighted(as_map([swelling(time, when) for when in self.when]), self.amounts)
        light[..., 0] += 1.0
        return light


def swelling(time: float, when: float) -> float:
    """0 at the day's both ends, about 1 when the hue is strongest."""
    near = (1.0 + BRIEF * np.cos(2.0 * np.pi * (time - when))) / (1.0 + BRIEF)
    return float(np.sin(np.pi * time) ** 2 * near / np.sin(np.pi * when) ** 2)


def whole(stage: Stage) -> Patch:
    """The patch of the whole plate."""
    height, width = stage.plate.shape[:2]
    return Patch(0, 0, -(-width // FIELD_PX) * FIELD_PX, -(-height // FIELD_PX) * FIELD_PX)


def sky_hues(stage: Stage, part: Part) -> Effect:
    """The light of a day passes through the sky, strongest at the horizon and on the sun's side."""
    sky = known_sky(stage)
    patch = whole(stage)
    x, y = patch.coordinates()
    rows = np.flatnonzero((sky > SURELY).any(axis=1))
    horizon = float(rows[-1]) if stage.horizon is None else stage.horizon
    tall = max(horizon - float(rows[0]), 0.1 * max(stage.size))
    up = np.clip((horizon - y) / tall, 0.0, 1.0)
    sun = find_sun(stage)
    side = stage.home[0] + stage.size[0] * float(part.random.uniform(0.2, 0.8))
    beside = np.abs(x - (side if sun is None else sun.x)) / max(stage.size)
    colour = as_map(colours(stage.plate, patch)) / LUMA_MAX
    luma = as_map(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY))
    white = smoothstep(0.2, 0.8, as_map(colour.min(axis=2)))
    taken = (ON_BLUE + (1.0 - ON_BLUE) * white) * smoothstep(*NIGHT, luma)
    # The sun outshines whatever light the sky has.
    taken *= 1.0 - stillness(sun, x, y, max(stage.size))
    amounts = []
    for hue in HUES:
        reach = np.exp(-up / hue.height) * (0.75 + 0.25 * np.exp(-((beside / 0.35) ** 2)))
        tint = np.stack(
            [np.full_like(up, value) for value in (hue.gain, hue.blue, hue.red)], axis=2
        )
        amounts.append(tint * (reach * part.strength)[..., None])
    lights = as_map(np.stack(amounts))
    when = tuple(hue.when for hue in HUES)
    days = max(1, int(part.speed * stage.seconds / DAY_SECONDS))
    there = coarse(sky, patch)
    ground = (1.0 - there)[None, ..., None]
    around = lights.mean(axis=(1, 2), keepdims=True) * AMBIENT
    # Dark things are lit by little and take little colour.
    around = around * smoothstep(0.0, 0.5, luma)[None, ..., None]
    alike = likeness(colour, there, NEAR * max(patch.field_shape))[None, ..., None]
    around = around + alike * (lights * taken[None, ..., None] - around)
    return Effect(
        "sky_hues",
        "the sky changes its hues",
        lights=(
            Tints("sky", patch, as_map(lights * taken[None, ..., None]), when, days),
            Tints(None, patch, as_map(around * ground), when, days),
        ),
    )


def likeness(colour: Map, sky: Map, size: float) -> Map:
    """How much each place is near the sky and of its colour there, (rows, columns) 0..1.

    colour (rows, columns, 3) 0..1; sky: its mask; size: how near is near, values of the field.
    """
    nearby = cv2.GaussianBlur(sky, (0, 0), size)
    own = cv2.GaussianBlur(as_map(colour * sky[..., None]), (0, 0), size)
    own = own / np.maximum(nearby, 1e-3)[..., None]
    unlike = np.square(colour - own).sum(axis=2) / LIKE**2
    return as_map(np.exp(-0.5 * unlike) * smoothstep(0.02, 0.3, as_map(nearby)))


#: Seconds of a breath of the sun's glow, and its second, weaker rhythm.
BREATH_SECONDS = (5.0, 2.9)
BREATHS = (0.7, 0.3)
#: Width of the halo and its reach, parts of the longer side; gain of luma in it at most.
HALO = 0.13
REACH = 0.42
GLOW = 0.11
#: Rays: how many, how often they turn a gap on in 5 s, and each set's share; their gain at most.
RAYS = ((9, 1, 0.45), (13, -1, 0.35), (22, 2, 0.2))
RAYS_SECONDS = 5.0
RAY = 0.055
#: Cb and Cr of the glow at its brightest.
WARMTH = (-5.0, 3.5)
#: Without a disc: the brightest sky, grey levels, and how much brighter than most of the sky.
BRIGHT = 212.0
OUTSHINES = 40.0
BLUR = 0.02
GLOW_RADIUS = 0.03
#: Its rays relative to those of a sun that is seen.
VEILED = 0.25
SEARCH_PX = 360


def brightest(stage: Stage) -> Spot | None:
    """Where the sky is brightest by far: the sun is behind a cloud or just below the horizon."""
    sky = stage.masks.get(SKY)
    if sky is None or not (sky > SURELY).any():
        return None
    scale = min(1.0, SEARCH_PX / max(stage.plate.shape[:2]))
    small = cv2.resize(stage.plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    size = (small.shape[1], small.shape[0])
    there = cv2.resize(sky, size, interpolation=cv2.INTER_AREA) > SURELY
    luma = cv2.GaussianBlur(
        cv2.cvtColor(as_rgb(small), cv2.COLOR_RGB2GRAY), (0, 0), BLUR * max(size)
    )
    if not there.any():
        return None
    seen = np.where(there, luma, 0)
    row, column = np.unravel_index(int(seen.argmax()), seen.shape)
    peak = float(seen[row, column])
    if peak < BRIGHT or peak - float(np.median(luma[there])) < OUTSHINES:
        return None
    longer = max(stage.size)
    return Spot("sun", float(column) / scale, float(row) / scale, GLOW_RADIUS * longer, 0.5, VEILED)


@dataclass(frozen=True, slots=True)
class Glow:
    """The sun's halo that breathes, and its rays: see stage.Light.

    halo (rows, columns): share of the glow; breaths: cycles in a clip; rays: their gain.
    """

    layer: None
    patch: Patch
    halo: Map
    rays: Cycles
    breaths: tuple[int, ...]
    strength: float

    def at(self, phase: float) -> Map:
        """Gain and tint."""
        breath = sum(
            share * (0.5 - 0.5 * np.cos(2.0 * np.pi * count * phase))
            for count, share in zip(self.breaths, BREATHS, strict=True)
        )
        glow = np.float32(self.strength * breath) * self.halo
        rays = self.rays.at(phase)
        return as_map(cv2.merge([1.0 + GLOW * glow + rays, WARMTH[0] * glow, WARMTH[1] * glow]))


def sun_glow(stage: Stage, part: Part) -> Effect:
    """The sun's halo swells and sinks and its rays turn slowly."""
    sun = find_sun(stage) or brightest(stage)
    if sun is None:
        raise NothingToMove("no sun found")
    longer = max(stage.size)
    height, width = stage.plate.shape[:2]
    reach = sun.radius + REACH * longer
    area = np.zeros((height, width), dtype=np.float32)
    cv2.circle(area, (round(sun.x), round(sun.y)), round(reach), 1.0, cv2.FILLED)
    patch = Patch.around(area, 2 * FIELD_PX)
    if patch is None:
        raise NothingToMove("the sun is outside the picture")
    x, y = patch.coordinates()
    away = np.hypot(x - sun.x, y - sun.y)
    beyond = np.maximum(away - sun.radius, 0.0)
    fading = smoothstep(0.0, 1.0, as_map(1.0 - away / reach))
    halo = as_map(fading * np.exp(-beyond / (HALO * longer)))
    angle = np.arctan2(y - sun.y, x - sun.x)
    # At the sun itself rays are one light; far out they are lost.
    shown = fading * smoothstep(0.3, 1.6, as_map(away / max(sun.radius, 1.0)))
    counts: list[int] = []
    cosines: list[Map] = []
    sines: list[Map] = []
    for number, turns, share in RAYS:
        start = part.random.uniform(0.0, 2.0 * np.pi)
        gain = (
            RAY
            * sun.strength
            * part.strength
            * share
            * shown
            * np.exp(-beyond / (1.4 * HALO * longer))
        )
        counts.append(turns * max(1, round(part.speed * stage.seconds / RAYS_SECONDS)))
        cosines.append(as_map(gain * np.cos(number * angle + start)))
        sines.append(as_map(gain * np.sin(number * angle + start)))
    breaths = tuple(max(1, round(part.speed * stage.seconds / each)) for each in BREATH_SECONDS)
    glow = Glow(None, patch, halo, Cycles(tuple(counts), cosines, sines), breaths, part.strength)
    return Effect("sun_glow", "the sun glows", lights=(glow,))


MAKERS: dict[Motion, Maker] = {"sky_hues": sky_hues, "sun_glow": sun_glow, "stars": stars}
