"""Rain in several depths, and the small rings where it hits the ground.

Rain is fast: each depth is a picture of streaks that repeats on all sides and is carried along by
whole repeats a clip.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.effects.particles import Brush, Shape, Sprites, inks, lay
from model_endpoint.engines.motion.effects.paths import Lives, arch
from model_endpoint.engines.motion.planes import BLACK, WEIGHTS, WHITE, Planes
from model_endpoint.engines.motion.stage import Part, Stage, View
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

WHITE_LEVEL = 255.0


@dataclass(frozen=True, slots=True)
class Rainfall:
    """Rain of one depth; lengths are parts of the picture's longer side.

    count: streaks in a picture; length, width of a streak; speed: a second; cover: at most.
    """

    count: int
    length: tuple[float, float]
    width: float
    speed: float
    cover: float
    behind_subject: bool


RAIN = (
    Rainfall(420, (0.016, 0.03), 0.0007, 0.85, 0.3, behind_subject=True),
    Rainfall(190, (0.034, 0.06), 0.0011, 1.3, 0.38, behind_subject=True),
    Rainfall(70, (0.065, 0.11), 0.0019, 1.9, 0.4, behind_subject=False),
    Rainfall(14, (0.14, 0.24), 0.0042, 2.8, 0.24, behind_subject=False),
)
#: A drop mirrors the sky around it: the ink is so far from the picture's mean luma to white.
RAIN_BRIGHT = 0.55
#: A picture's usual shape, for which counts are given: its shorter side beside its longer.
USUAL = 9.0 / 16.0
#: A streak: its tail, which is fainter, and its whole; parts of its length and of its light.
STROKES = (((0.0, 0.4), 0.4), ((0.4, 1.0), 1.0))
#: Streaks are drawn with so many bits after the point.
SUB_BITS = 4

#: Splashes: seen at once, life in seconds, half width as a part of the picture's longer side at
#: the nearest, how flat a ring on the ground looks, how wide its line is, and its cover.
SPLASHES = 40
SPLASH_S = (0.22, 0.4)
SPLASH_RADIUS = 0.011
SPLASH_FLAT, SPLASH_LINE, SPLASH_COVER = 0.34, 0.3, 0.4
#: So far below the horizon, as a part of the height, splashes are as small as they get.
SPLASH_NEAR = 0.08


class Rain:
    """The streaks of the depths before the subject or behind it."""

    def __init__(self, stage: Stage, part: Part, falls: list[Rainfall], lean: float) -> None:
        self.behind_subject = falls[0].behind_subject
        width, height = stage.size
        longer = max(stage.size)
        self._sheets = [streaks(part, fall, (width, height), lean) for fall in falls]
        # A sheet's ways down and aside are whole repeats of it: it is as high as the picture.
        self._ways = []
        for fall in falls:
            way = fall.speed * part.speed * stage.seconds * longer
            down = max(1, round(way / height))
            self._ways.append((down * height, round(down * height * lean / width) * width))
        self._ink = rain_ink(stage)
        self._whole = np.empty((height, width), np.uint8)
        self._room = np.empty((height, width), np.uint8)

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the streaks on the picture."""
        del view  # rain is everywhere: where the camera looks is the same
        whole = self._whole
        whole[:] = 0
        for sheet, (down, aside) in zip(self._sheets, self._ways, strict=True):
            carry(whole, sheet, round(down * phase), round(aside * phase))
        # Streaks are so thin that the colour behind them stays.
        lay(picture.y, whole, self._ink, self._room)


def rain_ink(stage: Stage) -> float:
    """Luma of drops: the light of the photo's bright parts, seen through all of them."""
    bright = float(np.quantile(stage.plate[::8, ::8] @ as_map(WEIGHTS), 0.8)) / WHITE_LEVEL
    return BLACK + (WHITE - BLACK) * (bright + RAIN_BRIGHT * (1.0 - bright))


def streaks(part: Part, fall: Rainfall, size: tuple[int, int], lean: float) -> Rgb:
    """A sheet of streaks, (height, width) uint8 coverage, that repeats on all sides."""
    width, height = size
    longer, random = max(size), part.random
    many = fall.count * min(1.6, part.strength) * min(size) / longer / USUAL
    count = max(1, round(many))
    lengths = random.uniform(*fall.length, count) * longer
    levels = random.uniform(0.45, 1.0, count) ** 1.5
    # Wind differs a little from drop to drop.
    leans = lean + random.normal(0.0, 0.012, count)
    x, y = random.uniform(0.0, width, count), random.uniform(0.0, height, count)
    line = fall.width * longer
    thickness = max(1, round(line))
    around = math.ceil(float(lengths.max())) + 2 * thickness + 2
    sheet = np.zeros((height + 2 * around, width + 2 * around), np.uint8)
    for at_x, at_y, length, level, slope in zip(x, y, lengths, levels, leans, strict=True):
        # A line thinner than a pixel is as faint as it is thin.
        light = WHITE_LEVEL * fall.cover * level * min(1.0, line / thickness)
        for parts, share in STROKES:
            tail, tip = (
                (
                    round((at_x + around - slope * length * (1.0 - t)) * 2**SUB_BITS),
                    round((at_y + around - length * (1.0 - t)) * 2**SUB_BITS),
                )
                for t in parts
            )
            cv2.line(sheet, tail, tip, light * share, thickness, cv2.LINE_AA, SUB_BITS)
    if thickness > 1:
        sheet = as_rgb(cv2.GaussianBlur(sheet, (0, 0), 0.45 * thickness))
    return wrapped(sheet, around)


def wrapped(sheet: Rgb, around: int) -> Rgb:
    """What lies in the margin is put where it continues on the other side."""
    inner = sheet[around:-around, :].copy()
    inner[-around:] = cv2.max(inner[-around:], sheet[:around])
    inner[:around] = cv2.max(inner[:around], sheet[-around:])
    middle = inner[:, around:-around].copy()
    middle[:, -around:] = cv2.max(middle[:, -around:], inner[:, :around])
    middle[:, :around] = cv2.max(middle[:, :around], inner[:, -around:])
    return middle


def carry(whole: Rgb, sheet: Rgb, down: int, aside: int) -> None:
    """Add a sheet that repeats on all sides, carried down and aside, to a picture of its size."""
    height, width = sheet.shape
    row, column = down % height, aside % width
    rows = (
        (slice(row, None), slice(None, height - row)),
        (slice(None, row), slice(height - row, None)),
    )
    columns = (
        (slice(column, None), slice(None, width - column)),
        (slice(None, column), slice(width - column, None)),
    )
    for to_rows, from_rows in rows:
        for to_columns, from_columns in columns:
            target = whole[to_rows, to_columns]
            if target.size:
                cv2.add(target, sheet[from_rows, from_columns], dst=target)


class Splashes:
    """Small rings where drops hit the ground, smaller towards the horizon."""

    behind_subject = True

    def __init__(self, stage: Stage, part: Part, horizon: float) -> None:
        random = part.random
        height, width = stage.plate.shape[:2]
        longer = max(stage.size)
        mean_life = sum(SPLASH_S) / 2.0
        count = round(SPLASHES * min(1.5, part.strength) * stage.seconds / mean_life)
        self._lives = Lives(random, count, seconds=stage.seconds, life_s=SPLASH_S, loop=stage.loop)
        # As many on each piece of ground: rows near the horizon show far more of it; but those
        # are too small to be seen, so that half-way is what looks right.
        share = np.maximum(SPLASH_NEAR, random.uniform(0.0, 1.0, count) ** 0.8)
        self._x = as_map(random.uniform(0.0, width, count))
        self._y = as_map(horizon + share * (height - horizon))
        self._radius = as_map(SPLASH_RADIUS * longer * share * random.uniform(0.6, 1.2, count))
        self._depth = as_map(1.0 - share)
        self._ink = inks((235.0, 238.0, 242.0))
        self._brush = Brush()

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the rings on the picture."""
        age = self._lives.age(phase)
        living = np.flatnonzero((age > 0.0) & (age < 1.0))
        if len(living) == 0:
            return
        age = age[living]
        x, y, growth = view.place(self._x[living], self._y[living], self._depth[living])
        reach = as_map(np.maximum(1.5, self._radius[living] * growth * (0.3 + 0.7 * age**0.6)))
        cover = as_map(SPLASH_COVER * arch(age, 0.15, 0.85))
        ink = self._ink.repeat(len(living), axis=1)
        self._brush.draw(picture, Sprites(x, y, reach, cover, ink), ring(reach), coloured=False)


def ring(reach: Map) -> Shape:
    """A ring on the ground, seen flat: brightest a little inside of its reach."""
    inverse = as_map(1.0 / reach**2)

    def shape(right: Map, down: Map, sprite: NDArray[np.intp]) -> Map:
        square = right * right
        square += (down * down) / np.float32(SPLASH_FLAT**2)
        square *= inverse[sprite]
        off = np.abs(np.sqrt(square) - (1.0 - SPLASH_LINE)) / SPLASH_LINE
        return as_map(np.maximum(0.0, 1.0 - off))

    return shape
