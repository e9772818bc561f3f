"""What floats in the air: fireflies, dust, pollen, and the soft discs of lights out of focus.

Each mote lives once, wholly within a clip that loops, drifts and wanders, and fades in and out.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import cv2
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
from model_endpoint.engines.motion.effects.paths import Lives, Wander, arch
from model_endpoint.engines.motion.planes import WEIGHTS, Planes
from model_endpoint.engines.motion.stage import FIELD_PX, Effect, Maker, Part, Patch, Stage, View
from model_endpoint.pixels import Map, as_map
from story.generation import Heading, Motion

Colour = tuple[float, float, float]
#: Where motes are born: in the dark, where lights are seen, and before no face; low in the picture
#: and rather in the dark; where light falls in and what lies behind is dark enough to show them.
Birthplace = Literal["dark", "low", "lit"]

#: Of the depths 0 near .. 1 far: motes live up to FARTHEST, the subject hides those behind MIDDLE.
FARTHEST, MIDDLE = 0.7, 0.42
#: Size of a mote at depth 0 and at depth 1, of its own.
NEAR_SIZE, FAR_SIZE = 1.3, 0.5
#: Of a size drawn evenly from 0..1, this power.
BIG_ONES_ARE_RARE = 2.0
#: Fireflies wait for dusk: a photo brighter than this, 0..1, darkens towards it, to no less than
#: this part of its light, and turns bluer by this many steps of chroma; the way takes seconds.
DUSK_LUMA, DUSK_LEAST = 0.2, 0.5
DUSK_BLUE, DUSK_RED = 14.0, -12.0
WHITE_LEVEL = 255.0
DUSK_S = 2.2
#: No faster than this part of the light a second.
DUSK_PACE = 0.46
#: What is so much out of focus that it is largest, loses this part of its cover.
FAINTER = 0.7
#: Births spread over the picture and so much around it, a part of its size.
AROUND = 0.04
#: The map of births: its longer side; light spreads over this part of it.
BIRTH_MAP_PX = 64
SPREAD_OF_LIGHT = 0.12
#: How much rather in the dark: this power of what lacks to white; a chance that is none; and how
#: far from a face, parts of its size.
IN_THE_DARK = 3.0
TRACE = 1e-6
BESIDE_A_FACE = 0.5
#: A pulse rests in the dark for most of its time: sin² to this power.
PULSE_SHARPNESS = 1.6
PULSE_REST = 0.06
#: The wind carries motes this much of the longer side a second.
WIND = 0.035
WIND_WAY: dict[Heading, tuple[float, float]] = {
    "left": (-1.0, 0.0),
    "right": (1.0, 0.0),
    "up": (0.0, -1.0),
    "down": (0.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class Habit:
    """How one kind of mote looks and lives. Lengths are parts of the picture's longer side.

    count: seen at once in the middle of the clip. cover: of the brightest. glow: how many times
    wider its halo is, 0 without. rise: a second, upwards; drift: of its own way aside, a second;
    wind: how much of the wind it follows; sway: the deviation of its wandering, whose slowest
    harmonic has sway_hz. pulse_hz: 0 when it shines steadily. life_s: from, to.
    """

    done: str
    count: int
    radius: tuple[float, float]
    colours: tuple[Colour, ...]
    cover: float
    hardness: float
    rise: tuple[float, float]
    sway: float
    sway_hz: float
    life_s: tuple[float, float]
    birthplace: Birthplace
    glow: float = 0.0
    glow_colour: Colour = (0.0, 0.0, 0.0)
    glow_cover: float = 0.0
    pulse_hz: tuple[float, float] = (0.0, 0.0)
    drift: float = 0.008
    wind: float = 0.0


FIREFLIES = Habit(
    done="fireflies glow",
    count=30,
    radius=(0.0024, 0.0046),
    colours=((245.0, 255.0, 190.0), (250.0, 250.0, 170.0)),
    cover=1.0,
    hardness=1.5,
    rise=(-0.006, 0.02),
    sway=0.016,
    sway_hz=0.11,
    life_s=(3.0, 6.0),
    birthplace="low",
    glow=7.0,
    glow_colour=(190.0, 235.0, 70.0),
    glow_cover=0.55,
    pulse_hz=(0.35, 0.7),
    drift=0.012,
)
DUST = Habit(
    done="dust floats in the light",
    count=120,
    radius=(0.0012, 0.0048),
    colours=((255.0, 246.0, 222.0), (255.0, 238.0, 200.0)),
    cover=0.8,
    hardness=1.0,
    rise=(-0.008, 0.014),
    sway=0.009,
    sway_hz=0.12,
    life_s=(2.6, 5.0),
    birthplace="lit",
    wind=0.15,
)
POLLEN = Habit(
    done="pollen drifts",
    count=85,
    radius=(0.0014, 0.0062),
    colours=((255.0, 246.0, 205.0), (255.0, 236.0, 165.0), (255.0, 248.0, 215.0)),
    cover=0.85,
    hardness=1.0,
    rise=(-0.004, 0.03),
    sway=0.013,
    sway_hz=0.13,
    life_s=(2.6, 5.0),
    birthplace="lit",
    drift=0.02,
    wind=0.8,
)
BOKEH = Habit(
    done="soft lights float",
    count=22,
    radius=(0.016, 0.05),
    colours=((255.0, 190.0, 92.0), (255.0, 214.0, 142.0), (255.0, 160.0, 72.0)),
    cover=0.56,
    hardness=5.0,
    rise=(-0.006, 0.016),
    sway=0.012,
    sway_hz=0.12,
    life_s=(3.0, 5.5),
    birthplace="dark",
)


class Swarm:
    """The motes of one habit."""

    def __init__(self, stage: Stage, part: Part, habit: Habit, depths: tuple[float, float]) -> None:
        """depths: from, to; the subject hides the swarm if it begins behind the middle."""
        random, longer = part.random, max(stage.size)
        share = (depths[1] - depths[0]) / FARTHEST
        lives = sum(habit.life_s) / 2.0
        turns = max(1.0, (stage.seconds - lives) / lives)
        count = max(1, round(habit.count * share * turns * min(1.5, part.strength)))
        self.behind_subject = depths[0] >= MIDDLE
        self._depth = as_map(random.uniform(*depths, count))
        size = NEAR_SIZE + (FAR_SIZE - NEAR_SIZE) * self._depth
        # Large ones are rare and, being out of focus, faint.
        grown = random.uniform(0.0, 1.0, count) ** BIG_ONES_ARE_RARE
        least, most = habit.radius
        self._radius = as_map((least + (most - least) * grown) * size * longer)
        self._cover = as_map(habit.cover * (1.0 - FAINTER * grown) * min(1.2, part.strength))
        self._ink = inks(*habit.colours)[:, random.integers(0, len(habit.colours), count)]
        self._lives = Lives(
            random, count, seconds=stage.seconds, life_s=habit.life_s, loop=stage.loop
        )
        self._x, self._y = birthplaces(stage, habit.birthplace, count, random)
        pace = part.speed * stage.seconds * self._lives.span * longer
        to_x, to_y = WIND_WAY.get(part.heading, (0.0, 0.0)) if part.heading else (0.0, 0.0)
        gust = habit.wind * WIND * random.uniform(0.6, 1.4, count)
        self._way_x = as_map((random.normal(0.0, habit.drift, count) + to_x * gust) * pace)
        self._way_y = as_map((to_y * gust - random.uniform(*habit.rise, count)) * pace)
        hz = habit.sway_hz * part.speed
        self._sway_x = Wander(random, count, seconds=stage.seconds, slowest_hz=hz)
        self._sway_y = Wander(random, count, seconds=stage.seconds, slowest_hz=hz)
        self._sway = habit.sway * longer
        self._pulse = random.uniform(*habit.pulse_hz, count) * stage.seconds * self._lives.span
        self._pulse_start = random.uniform(0.0, 1.0, count)
        self._habit = habit
        self._brush = Brush()

    def sprites(self, phase: float, view: View) -> Sprites:
        """Those that live at a phase, in the picture."""
        age = self._lives.age(phase)
        living = np.flatnonzero((age > 0.0) & (age < 1.0))
        age = age[living]
        x = self._x + self._sway * self._sway_x.at(phase)
        y = self._y + self._sway * self._sway_y.at(phase)
        seen_x, seen_y, growth = view.place(
            as_map(x[living] + self._way_x[living] * (age - 0.5)),
            as_map(y[living] + self._way_y[living] * (age - 0.5)),
            self._depth[living],
        )
        light = arch(age, 0.3, 0.35)
        if self._habit.pulse_hz[1] > 0.0:
            turn = math.pi * (self._pulse[living] * age + self._pulse_start[living])
            pulse = (np.sin(turn) ** 2) ** PULSE_SHARPNESS
            light = as_map(light * (PULSE_REST + (1.0 - PULSE_REST) * pulse))
        return Sprites(
            x=seen_x,
            y=seen_y,
            reach=as_map(self._radius[living] * growth),
            cover=as_map(self._cover[living] * light),
            ink=as_map(self._ink[:, living]),
        )

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the motes on the picture, each with its halo."""
        sprites = self.sprites(phase, view)
        habit = self._habit
        if habit.glow > 0.0:
            ink = inks(habit.glow_colour).repeat(len(sprites.x), axis=1)
            halo = replace(
                sprites,
                reach=as_map(sprites.reach * habit.glow),
                cover=as_map(sprites.cover * habit.glow_cover),
                ink=ink,
            )
            lay_wide(picture, halo, glow, SMOOTH_CELLS)
        self._brush.draw(picture, sprites, soft(sprites.reach, habit.hardness))


class Discs(Swarm):
    """Lights out of focus: few, large and evenly bright, a little more at the rim."""

    RIM = 0.35

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the discs on the picture."""

        def disc(square: Map) -> Map:
            inside = np.clip(self._habit.hardness * (1.0 - square), 0.0, 1.0)
            return as_map(inside * (1.0 - self.RIM + self.RIM * square))

        lay_wide(picture, self.sprites(phase, view), disc)


class Dusk:
    """The light fades towards dusk, and in a loop comes back."""

    layer = None

    def __init__(self, stage: Stage, strength: float) -> None:
        height, width = stage.plate.shape[:2]
        columns, rows = -(-width // FIELD_PX), -(-height // FIELD_PX)
        self.patch = Patch(0, 0, columns * FIELD_PX, rows * FIELD_PX)
        luma = float(np.mean(cv2.mean(stage.plate)[:3] @ np.array(WEIGHTS))) / WHITE_LEVEL
        self._way = min(0.45, DUSK_S / stage.seconds)
        # An S-shaped way is half as steep again in its middle, where the light is the ends' mean.
        slow = DUSK_PACE * self._way * stage.seconds / 3.0
        least = max(DUSK_LEAST, (1.0 - slow) / (1.0 + slow))
        dark = max(least, min(1.0, DUSK_LUMA / max(luma, 1e-3)) ** 0.5)
        self._change = as_map([dark - 1.0, DUSK_BLUE, DUSK_RED])
        self._change[1:] *= 1.0 - dark
        self._change *= min(1.0, strength)
        self._loop = stage.loop

    def at(self, phase: float) -> Map:
        """The whole plate darker and bluer by the same amount."""
        left = self._way if self._loop else 1e-6
        there = arch(as_map([phase]), self._way, left)[0]
        field = np.empty((*self.patch.field_shape, 3), np.float32)
        field[:] = as_map([1.0, 0.0, 0.0]) + there * self._change
        return field


def fireflies(stage: Stage, part: Part) -> Effect:
    """Fireflies, and dusk when the photo is too bright for them."""
    swarm = maker("fireflies", FIREFLIES)(stage, part)
    return replace(swarm, lights=(Dusk(stage, part.strength),))


def birthplaces(
    stage: Stage, birthplace: Birthplace, count: int, random: np.random.Generator
) -> tuple[Map, Map]:
    """Places (n,) on the plate around the first frame, more where the kind is at home."""
    width, height = stage.size
    scale = BIRTH_MAP_PX / max(width, height)
    columns, rows = max(2, round(width * scale)), max(2, round(height * scale))
    left, top = stage.home
    view = stage.plate[top : top + height, left : left + width]
    small = cv2.resize(view, (columns, rows), interpolation=cv2.INTER_AREA)
    luma = as_map(small.astype(np.float32) @ as_map(WEIGHTS)) / 255.0
    if birthplace == "lit":
        falls = cv2.GaussianBlur(
            luma, (0, 0), SPREAD_OF_LIGHT * BIRTH_MAP_PX, borderType=cv2.BORDER_REFLECT
        )
        chance = (0.08 + falls**2) * (1.1 - luma)
    elif birthplace == "low":
        down = np.linspace(0.0, 1.0, rows, dtype=np.float32)[:, None]
        chance = (0.12 + np.clip((down - 0.25) * 2.0, 0.0, 1.0)) * (1.1 - luma)
    else:
        chance = (1.0 - luma) ** IN_THE_DARK + TRACE
        for face in stage.faces:
            first, last = face.points.min(axis=0), face.points.max(axis=0)
            around = BESIDE_A_FACE * (last - first)
            from_x, from_y = np.floor((first - around - stage.home) * scale).astype(int)
            to_x, to_y = np.ceil((last + around - stage.home) * scale).astype(int)
            chance[max(0, from_y) : max(0, to_y), max(0, from_x) : max(0, to_x)] = TRACE
    odds = chance.ravel().astype(np.float64)
    cell = random.choice(rows * columns, count, p=odds / odds.sum())
    x = (cell % columns + random.uniform(0.0, 1.0, count)) / columns
    y = (cell // columns + random.uniform(0.0, 1.0, count)) / rows
    spread = 1.0 + 2.0 * AROUND
    return (
        as_map(left + ((x - 0.5) * spread + 0.5) * width),
        as_map(top + ((y - 0.5) * spread + 0.5) * height),
    )


def maker(motion: Motion, habit: Habit, kind: type[Swarm] = Swarm) -> Maker:
    """The maker of a kind of mote: some before the subject, some behind."""

    def make(stage: Stage, part: Part) -> Effect:
        return Effect(
            motion=motion,
            done=habit.done,
            veils=(
                kind(stage, part, habit, (MIDDLE, FARTHEST)),
                kind(stage, part, habit, (0.0, MIDDLE)),
            ),
        )

    return make


MAKERS: dict[Motion, Maker] = {
    "fireflies": fireflies,
    "dust": maker("dust", DUST),
    "pollen": maker("pollen", POLLEN),
    "bokeh": maker("bokeh", BOKEH, Discs),
}
