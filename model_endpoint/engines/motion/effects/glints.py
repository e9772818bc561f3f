"""Lights that shimmer with small stars and halos, and light that runs along a row of lamps."""

import math

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.particles import (
    Brush,
    Sprites,
    inks,
    lay_scaled,
    soft,
)
from model_endpoint.engines.motion.effects.paths import Lives, Wander, arch
from model_endpoint.engines.motion.effects.steam import depth_at
from model_endpoint.engines.motion.planes import WEIGHTS, Planes
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    NothingToMove,
    Part,
    Patch,
    Spot,
    Stage,
    View,
)
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

WHITE_LEVEL = 255.0
#: At most so many lights shimmer, and fewer have a halo: the strongest.
MOST, MOST_HALOS = 14, 6
#: Half the width of a star in radii of its light, at least and at most as parts of the picture.
STAR_REACH, STAR_LEAST, STAR_MOST = 3.2, 0.016, 0.055
#: The star's texture: half its side in cells, its rays, how thin they are and how bright.
STAR_CELLS = 40
RAYS = 3
RAY_WIDTH, RAY_LIGHT, CORE_WIDTH = 0.035, 0.9, 0.13
SHORT_RAYS = 0.45
#: Slowest harmonic of the shimmer; the fastest of its five is below 2.5 a second.
SHIMMER_HZ = 0.27
SHIMMER_MEAN, SHIMMER_DEEP = 0.5, 0.36
STAR_COVER = 0.95
#: The halo: its radius in half widths of the star, its greatest gain and its breath.
HALO_REACH, HALO_GAIN, HALO_HZ = 2.4, 0.32, 0.22
HALO_MEAN, HALO_DEEP = 0.6, 0.3
#: Warmth of the halo in steps of chroma.
HALO_TINT = (-7.0, 5.0)
#: Seconds in which the shimmer begins and ends.
FADE_S = 0.9
STAR_COLOUR = (255.0, 244.0, 222.0)

#: Trails: needs this many lamps, in a picture no brighter than this.
LEAST_LAMPS = 2
DARK = 0.42
#: Lamps farther from the row of the others than this part of the height are no part of it.
ROW = 0.16
#: The way goes beyond the picture by this part of its width.
BEYOND = 0.4
TRAILS = 5
#: A run's time in seconds, its length and half width as parts of the picture's longer side.
TRAIL_S = (1.6, 2.8)
TRAIL_LENGTH, TRAIL_RADIUS = 0.26, 0.0042
POINTS = 80
TRAIL_COVER = 0.8
TRAIL_COLOURS = ((255.0, 226.0, 170.0), (255.0, 244.0, 225.0), (255.0, 150.0, 96.0))


def presence(stage: Stage, phase: float) -> float:
    """0 at the clip's ends (at its begin only if it is no loop), 1 between."""
    fade = min(0.3, FADE_S / stage.seconds)
    return float(arch(as_map([phase]), fade, fade if stage.loop else 1e-6)[0])


def star(turn: float) -> Rgb:
    """A star with long and short rays, (2n, 2n) uint8 coverage; turn: its angle."""
    cells = (np.arange(2 * STAR_CELLS, dtype=np.float32) + 0.5) / STAR_CELLS - 1.0
    x, y = np.meshgrid(cells, cells)
    radius = np.hypot(x, y)
    light = np.exp(-((radius / CORE_WIDTH) ** 2))
    for ray in range(2 * RAYS):
        angle = turn + math.pi * ray / (2 * RAYS)
        length = 1.0 if ray % 2 == 0 else SHORT_RAYS
        along = np.abs(x * math.cos(angle) + y * math.sin(angle)) / length
        beside = np.abs(y * math.cos(angle) - x * math.sin(angle))
        fade = np.clip(1.0 - along, 0.0, 1.0) ** 2
        light += RAY_LIGHT * length * fade * np.exp(-((beside / (RAY_WIDTH * (0.3 + fade))) ** 2))
    edge = np.clip((1.0 - radius) * 4.0, 0.0, 1.0)
    return as_rgb(np.clip(light * edge * WHITE_LEVEL, 0.0, WHITE_LEVEL).astype(np.uint8))


class Shimmer:
    """Stars on the lights."""

    behind_subject = False

    def __init__(self, stage: Stage, part: Part, spots: list[Spot]) -> None:
        random = part.random
        self._stage, self._spots = stage, spots
        self._reach = [reach(stage, spot) for spot in spots]
        turn = float(random.uniform(0.1, 0.5))
        self._stars = [star(turn + float(random.uniform(-0.06, 0.06))) for _ in spots]
        self._depths = [depth_at(stage, spot) for spot in spots]
        hz = SHIMMER_HZ * min(1.0, part.speed)
        self._level = Wander(random, len(spots), seconds=stage.seconds, slowest_hz=hz)
        self._cover = min(1.2, part.strength) * STAR_COVER
        self._ink = inks(STAR_COLOUR)[:, 0]

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the stars on the picture."""
        shown = presence(self._stage, phase)
        if shown <= 0.0:
            return
        levels = np.clip(SHIMMER_MEAN + SHIMMER_DEEP * self._level.at(phase), 0.0, 1.0)
        for spot, size, texture, depth, level in zip(
            self._spots, self._reach, self._stars, self._depths, levels, strict=True
        ):
            x, y, growth = view.place(as_map([spot.x]), as_map([spot.y]), depth)
            # A brighter light also reaches farther.
            half = size * growth * (0.55 + 0.45 * float(level))
            light = shown * float(level) * self._cover * (0.5 + 0.5 * spot.strength)
            coverage = cv2.convertScaleAbs(texture, alpha=light)
            corner = (float(x[0]) + 0.5 - half, float(y[0]) + 0.5 - half)
            lay_scaled(picture, as_rgb(coverage), corner, half / STAR_CELLS, self._ink)


class Halo:
    """A soft light around a lamp that breathes slowly."""

    layer = None

    def __init__(self, stage: Stage, part: Part, spot: Spot) -> None:
        radius = max(2.0 * FIELD_PX, HALO_REACH * reach(stage, spot))
        height, width = stage.plate.shape[:2]
        left = max(0, math.floor((spot.x - radius) / FIELD_PX)) * FIELD_PX
        top = max(0, math.floor((spot.y - radius) / FIELD_PX)) * FIELD_PX
        right = min(-(-width // FIELD_PX), math.ceil((spot.x + radius) / FIELD_PX) + 1) * FIELD_PX
        bottom = min(-(-height // FIELD_PX), math.ceil((spot.y + radius) / FIELD_PX) + 1) * FIELD_PX
        self.patch = Patch(left, top, max(FIELD_PX, right - left), max(FIELD_PX, bottom - top))
        x, y = self.patch.coordinates()
        square = ((x - spot.x) ** 2 + (y - spot.y) ** 2) / radius**2
        light = np.clip(1.0 - square, 0.0, 1.0) ** 3
        tint = as_map([HALO_GAIN, *HALO_TINT]) * (part.strength * (0.5 + 0.5 * spot.strength))
        self._light = as_map(light[..., None] * tint)
        self._breath = Wander(
            part.random, 1, seconds=stage.seconds, slowest_hz=HALO_HZ * min(1.0, part.speed)
        )
        self._stage = stage

    def at(self, phase: float) -> Map:
        """The halo at a phase 0..1."""
        breath = HALO_MEAN + HALO_DEEP * float(self._breath.at(phase)[0])
        field = self._light * np.float32(presence(self._stage, phase) * max(0.0, breath))
        field[..., 0] += 1.0
        return as_map(field)


def reach(stage: Stage, spot: Spot) -> float:
    """Half the width of a light's star in plate pixels."""
    longer = max(stage.size)
    return min(STAR_MOST * longer, max(STAR_LEAST * longer, STAR_REACH * spot.radius))


def in_view(stage: Stage, spots: tuple[Spot, ...]) -> list[Spot]:
    """Those on the plate, the strongest first."""
    height, width = stage.plate.shape[:2]
    seen = [spot for spot in spots if 0.0 <= spot.x < width and 0.0 <= spot.y < height]
    return sorted(seen, key=lambda spot: spot.strength, reverse=True)


def twinkle(stage: Stage, part: Part) -> Effect:
    """The photo's lights shimmer."""
    spots = in_view(stage, stage.spots("light"))[:MOST]
    if not spots:
        raise NothingToMove("no lights found")
    return Effect(
        "twinkle",
        "lights twinkle",
        lights=tuple(Halo(stage, part, spot) for spot in spots[:MOST_HALOS]),
        veils=(Shimmer(stage, part, spots),),
    )


class Trails:
    """Points of light with long tails that run along the lamps."""

    behind_subject = True

    def __init__(self, stage: Stage, part: Part, lamps: list[Spot]) -> None:
        random, longer = part.random, max(stage.size)
        self._way = way(stage, lamps, to_left=part.heading == "left")
        steps = np.hypot(*np.diff(self._way[:2], axis=1))
        self._along = as_map(np.concatenate([[0.0], np.cumsum(steps)]))
        low, high = (seconds / part.speed for seconds in TRAIL_S)
        count = max(TRAILS, round(TRAILS * stage.seconds / (low + high)))
        self._lives = Lives(
            random, count, seconds=stage.seconds, life_s=(low, high), loop=stage.loop
        )
        self._aside = as_map(random.normal(0.0, 0.004 * longer, count))
        self._ink = inks(*TRAIL_COLOURS)[:, random.integers(0, len(TRAIL_COLOURS), count)]
        self._length, self._radius = TRAIL_LENGTH * longer, TRAIL_RADIUS * longer
        self._cover = TRAIL_COVER * min(1.2, part.strength)
        self._brush = Brush()

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the trails on the picture."""
        age = self._lives.age(phase)
        living = np.flatnonzero((age > 0.0) & (age < 1.0))
        if len(living) == 0:
            return
        back = np.linspace(0.0, 1.0, POINTS, dtype=np.float32)
        total = float(self._along[-1]) + self._length
        head = age[living, None] * total - back[None, :] * self._length
        on_way = (head > 0.0) & (head < self._along[-1])
        x, y, depth = (np.interp(head, self._along, each) for each in self._way)
        y = y + self._aside[living, None]
        seen_x, seen_y, growth = view.place(
            as_map(x.ravel()), as_map(y.ravel()), float(depth.mean())
        )
        size = (0.45 + 0.55 * (1.0 - back)) * self._radius * growth
        radius = as_map(np.broadcast_to(size, head.shape).ravel())
        cover = as_map((on_way * self._cover * (1.0 - back) ** 1.7).ravel())
        ink = as_map(np.repeat(self._ink[:, living], POINTS, axis=1))
        self._brush.draw(picture, Sprites(seen_x, seen_y, radius, cover, ink), soft(radius))


def way(stage: Stage, lamps: list[Spot], *, to_left: bool) -> Map:
    """(3, n) x, y, depth of a smooth way through the lamps and out of the picture on both sides."""
    row = sorted(lamps, key=lambda spot: spot.x, reverse=to_left)
    ahead = (-1.0 if to_left else 1.0) * BEYOND * stage.size[0]
    left, right = stage.home[0], stage.home[0] + stage.size[0]
    begin, end = (right, left) if to_left else (left, right)
    places = [(begin - ahead, row[0].y, depth_at(stage, row[0]))]
    places += [(spot.x, spot.y, depth_at(stage, spot)) for spot in row]
    places += [(end + ahead, row[-1].y, depth_at(stage, row[-1]))]
    knots = np.asarray(places)
    # Catmull-Rom: each piece is steered by the knots before and behind it.
    padded = np.concatenate([knots[:1], knots, knots[-1:]])
    t = np.linspace(0.0, 1.0, 24, endpoint=False)[:, None]
    pieces = []
    for index in range(len(knots) - 1):
        before, begin_at, end_at, behind = padded[index : index + 4]
        pieces.append(
            begin_at
            + 0.5 * t * (end_at - before)
            + t**2 * (before - 2.5 * begin_at + 2.0 * end_at - 0.5 * behind)
            + t**3 * 0.5 * (3.0 * (begin_at - end_at) + behind - before)
        )
    return as_map(np.concatenate([*pieces, knots[-1:]]).T)


def light_trails(stage: Stage, part: Part) -> Effect:
    """Light that runs along the lamps of a night."""
    spots = in_view(stage, stage.spots("light"))[:MOST]
    if spots:
        middle = float(np.median([spot.y for spot in spots]))
        spots = [spot for spot in spots if abs(spot.y - middle) < ROW * stage.size[1]]
    if len(spots) < LEAST_LAMPS:
        raise NothingToMove("no row of lights found")
    luma = float(np.dot(cv2.mean(stage.plate)[:3], WEIGHTS)) / WHITE_LEVEL
    if luma > DARK:
        raise NothingToMove("it is no night")
    return Effect("light_trails", "light runs along the lamps", veils=(Trails(stage, part, spots),))
