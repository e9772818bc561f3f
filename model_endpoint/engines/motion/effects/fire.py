"""Fire: flames that lick, light that flickers around them, embers; and a rocket's glow."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.particles import Brush, Sprites, inks, soft
from model_endpoint.engines.motion.effects.paths import Lives, Wander, arch
from model_endpoint.engines.motion.effects.plume import Growth, Plume
from model_endpoint.engines.motion.effects.steam import depth_at
from model_endpoint.engines.motion.planes import BLACK, Planes, packed
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
    View,
)
from model_endpoint.pixels import Map, as_map
from story.generation import Motion

#: At most so many fires: the strongest.
MOST = 4
HALF = 0.5
#: So much above black a surface takes all of a light's tint.
GREY = 90.0


@dataclass(frozen=True, slots=True)
class Glow:
    """Light around a place that wavers.

    reach: in radii of the source; gain: at the source at most; hz: of its slowest harmonic; mean,
    deep: of the wavering; tint: steps of chroma.
    """

    reach: float
    gain: float
    hz: float
    mean: float
    deep: float
    tint: tuple[float, float]


FIRELIGHT = Glow(reach=6.0, gain=0.26, hz=0.34, mean=0.35, deep=0.42, tint=(-7.0, 6.0))
PADLIGHT = Glow(reach=1.0, gain=0.38, hz=0.18, mean=0.7, deep=0.18, tint=(-8.0, 5.0))
#: Seconds in which a light begins and ends.
FADE_S = 0.8

#: Flames: how bright (luma 0..255) and how warm (Cr - Cb) a flame is at least, each with a ramp.
FLAME_LUMA, FLAME_WARMTH, RAMP = 110.0, 14.0, 40.0
#: They are looked for within so many radii of the source, and lick so far, in radii, at the top.
FLAME_REACH, LICK = 1.7, 0.2
#: Waves that run up a flame: waves along two radii, cycles a second, share.
LICKS = ((1.1, 0.8, 1.0), (2.3, 1.4, 0.5), (3.7, 2.0, 0.28))
#: No displacement is longer than this part of the way to the flame's border, nor steeper.
TO_BORDER, STEEPEST = 0.6, 0.5

#: Embers: seen at once at a fire, seconds they live, their radius as a part of the picture's
#: longer side, how far they rise in radii of the fire, and how far they stray.
EMBERS = 16
EMBER_S = (1.2, 2.6)
EMBER_RADIUS = (0.0011, 0.0026)
EMBER_RISE, EMBER_STRAY = (2.5, 7.0), 0.5
EMBER_COLOURS = ((255.0, 190.0, 90.0), (255.0, 140.0, 50.0), (255.0, 222.0, 150.0))

#: A rocket's foot: rows of its lowest part, as a part of the picture's height, and the glow's
#: radius as a part of the picture's longer side.
FOOT_ROWS, PAD_RADIUS, FOOT_RADIUS = 0.05, 0.2, 0.045
VAPOUR_COLOUR = (232.0, 214.0, 190.0)
VAPOUR_LEANS = (-3.0, 2.6)
VAPOUR = Growth(height=5.0, widths=(0.9, 2.0), lean=0.0, speed=1.5, cover=1.0, threads=0.6)


class Wavering:
    """The light of one fire on what is around it."""

    layer = None

    def __init__(self, stage: Stage, part: Part, spot: Spot, glow: Glow) -> None:
        radius = max(3.0 * FIELD_PX, glow.reach * spot.radius)
        self.patch = square_around(stage, spot, radius)
        x, y = self.patch.coordinates()
        off = ((x - spot.x) ** 2 + (y - spot.y) ** 2) / radius**2
        light = np.clip(1.0 - off, 0.0, 1.0) ** 3
        tint = as_map([glow.gain, *glow.tint]) * part.strength
        self._light = as_map(light[..., None] * tint)
        # What is black stays black.
        self._light[..., 1:] *= np.clip((seen(stage, self.patch)[0] - BLACK) / GREY, 0.0, 1.0)[
            ..., None
        ]
        hz = glow.hz * min(1.0, part.speed)
        self._wander = Wander(part.random, 1, seconds=stage.seconds, slowest_hz=hz)
        self._glow, self._loop = glow, stage.loop
        self._fade = min(0.3, FADE_S / stage.seconds)

    def at(self, phase: float) -> Map:
        """The light at a phase 0..1."""
        there = arch(as_map([phase]), self._fade, self._fade if self._loop else 1e-6)[0]
        level = self._glow.mean + self._glow.deep * float(self._wander.at(phase)[0])
        field = self._light * np.float32(there * level)
        field[..., 0] += 1.0
        return as_map(field)


def square_around(stage: Stage, spot: Spot, radius: float) -> Patch:
    """The part of the plate within a radius of a spot."""
    height, width = stage.plate.shape[:2]
    columns, rows = -(-width // FIELD_PX), -(-height // FIELD_PX)
    left = min(columns - 1, max(0, math.floor((spot.x - radius) / FIELD_PX)))
    top = min(rows - 1, max(0, math.floor((spot.y - radius) / FIELD_PX)))
    right = min(columns, max(left + 1, math.ceil((spot.x + radius) / FIELD_PX) + 1))
    bottom = min(rows, max(top + 1, math.ceil((spot.y + radius) / FIELD_PX) + 1))
    return Patch(
        left * FIELD_PX, top * FIELD_PX, (right - left) * FIELD_PX, (bottom - top) * FIELD_PX
    )


def seen(stage: Stage, patch: Patch) -> tuple[Map, Map, Map]:
    """Y', Cb, Cr of the plate, 0..255, for each value of a field of a patch."""
    height, width = stage.plate.shape[:2]
    bottom, right = patch.top + patch.height, patch.left + patch.width
    padded = cv2.copyMakeBorder(
        stage.plate[patch.top : bottom, patch.left : right],
        0,
        max(0, bottom - height),
        0,
        max(0, right - width),
        cv2.BORDER_REPLICATE,
    )
    rows, columns = patch.field_shape
    small = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    y, cb, cr = cv2.split(packed(np.ascontiguousarray(small)).astype(np.float32))
    return as_map(y), as_map(cb), as_map(cr)


def flame_mask(stage: Stage, spot: Spot, patch: Patch) -> Map:
    """How surely each place of a field is flame, 0..1: bright, warm, and near the source."""
    y, cb, cr = seen(stage, patch)
    bright = np.clip((y - FLAME_LUMA) / RAMP + HALF, 0.0, 1.0)
    # The middle of a flame is so bright that its colour is lost.
    warm = np.clip((cr - cb - FLAME_WARMTH) / RAMP + HALF + (y > FLAME_LUMA + 2 * RAMP), 0.0, 1.0)
    at_x, at_y = patch.coordinates()
    off = np.hypot(at_x - spot.x, at_y - spot.y) / (FLAME_REACH * spot.radius)
    return as_map(bright * warm * np.clip((1.0 - off) * 4.0, 0.0, 1.0))


class Flames:
    """The flames themselves: waves run up them, wider towards their tips."""

    def __init__(self, stage: Stage, part: Part, spot: Spot) -> None:
        self.patch = square_around(stage, spot, FLAME_REACH * spot.radius + FIELD_PX)
        mask = flame_mask(stage, spot, self.patch)
        self.layer: LayerName = "subject" if on_subject(stage, spot) else "ground"
        x, y = self.patch.coordinates()
        inside = np.pad((mask > HALF).astype(np.uint8), 1)
        room = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1] * FIELD_PX
        room = np.maximum(0.0, as_map(room) - FIELD_PX)
        up = np.clip((spot.y + spot.radius - y) / (2.0 * spot.radius), 0.0, 1.0)
        reach = LICK * spot.radius * up * min(1.5, part.strength)
        self._waves = []
        total = sum(share for *_, share in LICKS)
        steepness = sum(
            share / total * 2.0 * math.pi * count / (2.0 * spot.radius) for count, _, share in LICKS
        )
        # Two states of the waves are subtracted, so that each may be twice as long.
        limit = np.minimum(TO_BORDER * room, STEEPEST / max(steepness, 1e-6)) / 2.0
        self._reach = as_map(np.minimum(reach, limit))
        for count, hz, share in LICKS:
            angle = 2.0 * math.pi * count * (y - spot.y) / (2.0 * spot.radius)
            # Neighbouring tongues lick at their own time.
            angle = angle + 1.6 * np.sin(2.3 * (x - spot.x) / spot.radius + count)
            angle += part.random.uniform(0.0, 2.0 * math.pi)
            cycles = max(1, round(hz * part.speed * stage.seconds))
            weight = share / total
            self._waves.append(
                (cycles, as_map(weight * np.sin(angle)), as_map(weight * np.cos(angle)))
            )

    @property
    def moves(self) -> bool:
        """Whether there is flame enough to move."""
        return bool((self._reach > 0.0).any())

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) as of a Warp: sideways, and half as far up and down."""
        across = np.zeros_like(self._reach)
        along = np.zeros_like(self._reach)
        for cycles, sine, cosine in self._waves:
            turn = 2.0 * math.pi * cycles * phase
            # sin(a + t) - sin(a) and cos(a + t) - cos(a): y grows downwards, so waves run up.
            turned, rest = math.sin(turn), math.cos(turn) - 1.0
            across += np.float32(rest) * sine + np.float32(turned) * cosine
            along += np.float32(rest) * cosine - np.float32(turned) * sine
        across *= self._reach
        along *= self._reach * np.float32(HALF)
        return as_map(cv2.merge([across, along]))


def on_subject(stage: Stage, spot: Spot) -> bool:
    """Whether a spot lies on the subject."""
    mask = stage.masks.get("subject")
    if mask is None:
        return False
    row = min(mask.shape[0] - 1, max(0, round(spot.y)))
    column = min(mask.shape[1] - 1, max(0, round(spot.x)))
    return bool(mask[row, column] > HALF)


class Embers:
    """Sparks that rise from a fire, stray and go out."""

    behind_subject = False

    def __init__(self, stage: Stage, part: Part, spot: Spot) -> None:
        random, longer = part.random, max(stage.size)
        life = sum(EMBER_S) / 2.0
        count = round(EMBERS * max(1.0, stage.seconds / life) * min(1.5, part.strength))
        self._lives = Lives(random, count, seconds=stage.seconds, life_s=EMBER_S, loop=stage.loop)
        self._x = as_map(spot.x + random.normal(0.0, 0.45 * spot.radius, count))
        self._y = as_map(np.full(count, spot.y))
        self._rise = as_map(random.uniform(*EMBER_RISE, count) * spot.radius * part.speed**HALF)
        self._stray = EMBER_STRAY * spot.radius
        self._wander = Wander(random, count, seconds=stage.seconds, slowest_hz=0.3)
        self._radius = as_map(random.uniform(*EMBER_RADIUS, count) * longer)
        self._ink = inks(*EMBER_COLOURS)[:, random.integers(0, len(EMBER_COLOURS), count)]
        self._depth = depth_at(stage, spot)
        self._brush = Brush()

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the embers on the picture."""
        age = self._lives.age(phase)
        living = np.flatnonzero((age > 0.0) & (age < 1.0))
        if len(living) == 0:
            return
        age = age[living]
        x = self._x[living] + self._stray * age * self._wander.at(phase)[living]
        y = self._y[living] - self._rise[living] * age * (1.3 - 0.3 * age)
        seen_x, seen_y, growth = view.place(as_map(x), as_map(y), self._depth)
        radius = as_map(np.maximum(1.2, self._radius[living] * growth * (1.1 - 0.5 * age)))
        cover = as_map(arch(age, 0.1, 0.6))
        self._brush.draw(
            picture, Sprites(seen_x, seen_y, radius, cover, self._ink[:, living]), soft(radius, 1.6)
        )


def fire(stage: Stage, part: Part) -> Effect:
    """The fires that the photo shows: flames, their light, and embers."""
    spots = sorted(stage.spots("fire"), key=lambda spot: spot.strength, reverse=True)[:MOST]
    if not spots:
        raise NothingToMove("no fire found")
    flames = tuple(Flames(stage, part, spot) for spot in spots)
    return Effect(
        "fire",
        "fire flickers",
        warps=tuple(flame for flame in flames if flame.moves),
        lights=tuple(Wavering(stage, part, spot, FIRELIGHT) for spot in spots),
        veils=tuple(Embers(stage, part, spot) for spot in spots),
    )


def foot(stage: Stage) -> Spot | None:
    """Where a rocket stands: its exhaust if it is seen, or the lowest part of the subject."""
    flames = stage.spots("exhaust")
    if flames:
        return max(flames, key=lambda spot: spot.strength)
    mask = stage.masks.get("subject")
    if stage.kind != "rocket" or mask is None:
        return None
    left, top = stage.home
    inside = mask[top : top + stage.size[1], left : left + stage.size[0]] > HALF
    rows = np.flatnonzero(inside.any(axis=1))
    if len(rows) == 0:
        return None
    lowest = int(rows[-1])
    band = inside[max(0, lowest - round(FOOT_ROWS * stage.size[1])) : lowest + 1]
    columns = np.flatnonzero(band.any(axis=0))
    radius = FOOT_RADIUS * max(stage.size)
    middle = float(left + np.median(columns))
    return Spot("exhaust", middle, float(top + lowest), radius, 1.0, HALF)


def exhaust(stage: Stage, part: Part) -> Effect:
    """Light that breathes at a rocket's foot, and vapour that drifts from there."""
    spot = foot(stage)
    if spot is None:
        raise NothingToMove("no rocket found")
    pad = Spot(spot.kind, spot.x, spot.y, PAD_RADIUS * max(stage.size), 1.0, spot.strength)
    ink = inks(VAPOUR_COLOUR)[:, 0]
    vapour = tuple(
        Plume(
            part.random,
            Growth(
                height=VAPOUR.height,
                widths=VAPOUR.widths,
                lean=lean,
                speed=VAPOUR.speed * part.speed,
                cover=VAPOUR.cover * part.strength,
                threads=VAPOUR.threads,
            ),
            place=(spot.x + lean * spot.radius * HALF, spot.y, depth_at(stage, spot)),
            radius=spot.radius,
            ink=ink,
            seconds=stage.seconds,
            loop=stage.loop,
            behind_subject=True,
        )
        for lean in VAPOUR_LEANS
    )
    return Effect(
        "exhaust",
        "vapour drifts in the light",
        lights=(Wavering(stage, part, pad, PADLIGHT),),
        veils=vapour,
    )


MAKERS: dict[Motion, Maker] = {"fire": fire, "exhaust": exhaust}
