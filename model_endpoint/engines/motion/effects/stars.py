"""Stars: those of the photo twinkle, and in a dark sky faint new ones come out."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.effects.particles import Brush, Sprites, inks, soft
from model_endpoint.engines.motion.effects.region import SURELY, known_sky
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    NothingToMove,
    Part,
    Patch,
    Stage,
    View,
)
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: A night sky: its median luma at most, grey levels.
DARK = 75.0
#: A star of the photo: it stands out from what is around by so many grey levels, and is so small, a
#: part of the longer side; no more are told, and more would be grain.
STANDS_OUT = 14.0
STAR = 0.003
MOST_REAL = 250
#: New stars a whole picture of sky, the nearest two, how many places are tried for each, and how
#: far they keep from all that is not sky; lengths are parts of the longer side.
NEW_STARS = 170
APART = 0.018
TRIES = 4
CLEAR = 0.03
#: Radius of a star, part of the longer side and at least in pixels; coverage of the brightest, and
#: of the faintest relative to it.
RADIUS = 0.0021
MIN_RADIUS_PX = 1.1
BRIGHTEST = 0.95
FAINTEST = 0.35
#: Part of the clip in which stars come out, and again go in, and which one of them takes.
COMING = 0.42
FADE = 0.12
#: Twinkle: cycles a second from and to, how much of a star's light it takes at most.
TWINKLE_HZ = (0.5, 2.2)
TWINKLE = 0.45
#: What real stars gain and lose, and the light that falls beside them.
REAL_GAIN = 0.3
DIMMEST = 0.08
BESIDE = 0.45
#: Hot stars are bluish, cool ones yellowish.
STARLIGHT = ((205.0, 220.0, 255.0), (255.0, 255.0, 255.0), (255.0, 236.0, 205.0))


def real_stars(stage: Stage, sky: Map) -> Map:
    """Places (n, 2) of the stars in the photo, in plate pixels, the brightest first."""
    longer = max(stage.size)
    grey = as_map(cv2.cvtColor(stage.plate, cv2.COLOR_RGB2GRAY))
    side = 2 * max(1, round(STAR * longer / 2)) + 1
    opened = cv2.morphologyEx(grey, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    stands = as_map(grey - opened) * (cleared(sky, 0.5 * CLEAR * longer) > 0)
    peak = (stands >= STANDS_OUT) & (stands >= cv2.dilate(stands, np.ones((2 * side + 1,) * 2)))
    rows, columns = np.nonzero(peak)
    order = np.argsort(-stands[rows, columns], kind="stable")
    return as_map(np.stack([columns[order], rows[order]], axis=1))


def cleared(sky: Map, distance: float) -> Rgb:
    """Where it is surely sky for some distance around: (H, W) 0 or 1."""
    surely = as_rgb((sky > SURELY).astype(np.uint8))
    return as_rgb(cv2.distanceTransform(surely, cv2.DIST_L2, cv2.DIST_MASK_5) > distance)


@dataclass(frozen=True, slots=True)
class Twinkle:
    """Real stars, brighter and dimmer: see stage.Light. cells (n,): flat indices of the field."""

    layer: None
    patch: Patch
    cells: NDArray[np.intp]
    share: Map
    cycles: Map
    start: Map

    def at(self, phase: float) -> Map:
        """Gain; no tint."""
        light = np.zeros((*self.patch.field_shape, 3), dtype=np.float32)
        light[..., 0] = 1.0
        turn = 2.0 * np.pi * phase * self.cycles
        gain = self.share * (np.sin(turn + self.start) - np.sin(self.start))
        # A square is wider than a star: dimmed more, it would be a hole in the sky.
        np.maximum(gain, -DIMMEST, out=gain)
        light.reshape(-1, 3)[self.cells, 0] += gain
        return light


@dataclass(frozen=True, slots=True)
class NewStars:
    """Stars that come out one after the other, and go in before a loop starts over.

    All (n,): places and radii in plate pixels; comes, goes: phases; cycles, start: of the twinkle.
    """

    behind_subject: bool
    x: Map
    y: Map
    radius: Map
    cover: Map
    ink: Map
    comes: Map
    goes: Map
    cycles: Map
    start: Map
    brush: Brush

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw them as far away as anything is."""
        out = smoothstep(0.0, FADE, as_map(phase - self.comes))
        out *= smoothstep(0.0, FADE, as_map(self.goes - phase))
        turn = 2.0 * np.pi * phase * self.cycles + self.start
        cover = self.cover * out * (1.0 - TWINKLE * (0.5 + 0.5 * np.sin(turn)))
        x, y, growth = view.place(self.x, self.y, 1.0)
        reach = as_map(self.radius * growth)
        sprites = Sprites(x, y, reach, as_map(cover), self.ink)
        self.brush.draw(picture, sprites, soft(reach))


def new_places(stage: Stage, part: Part, sky: Map) -> Map:
    """Places (n, 2) in plate pixels for new stars: apart from each other and from everything."""
    longer = max(stage.size)
    open_sky = cleared(sky, CLEAR * longer)
    height, width = open_sky.shape
    wanted = round(NEW_STARS * part.strength * float(open_sky.mean()) * width / stage.size[0])
    tried = part.random.uniform(0.0, 1.0, (TRIES * wanted, 2)) * [width - 1, height - 1]
    taken = np.zeros(open_sky.shape, dtype=np.uint8)
    places: list[tuple[float, float]] = []
    for x, y in tried:
        at = (round(x), round(y))
        if len(places) < wanted and open_sky[at[1], at[0]] and not taken[at[1], at[0]]:
            places.append((float(x), float(y)))
            cv2.circle(taken, at, round(APART * longer), 1, cv2.FILLED)
    return as_map(places).reshape(-1, 2)


def coming_out(stage: Stage, part: Part, places: Map) -> NewStars:
    """New stars at places (n, 2), few of them bright."""
    random, longer, count = part.random, max(stage.size), len(places)
    # The number of stars grows by about 10^0.5 a magnitude: most are faint.
    bright = as_map(random.uniform(0.0, 1.0, count) ** 3)
    radius = max(MIN_RADIUS_PX, RADIUS * longer) * (0.7 + 0.6 * bright)
    comes = random.uniform(0.0, COMING, count)
    goes = random.uniform(1.0 - COMING + FADE, 1.0, count) if stage.loop else np.full(count, 2.0)
    colour = random.choice(len(STARLIGHT), count)
    return NewStars(
        behind_subject=True,
        x=as_map(places[:, 0]),
        y=as_map(places[:, 1]),
        radius=as_map(radius),
        cover=as_map(BRIGHTEST * (FAINTEST + (1.0 - FAINTEST) * bright)),
        ink=inks(*(STARLIGHT[index] for index in colour)),
        comes=as_map(comes),
        goes=as_map(goes),
        cycles=rhythms(stage, part, count),
        start=as_map(random.uniform(0.0, 2.0 * np.pi, count)),
        brush=Brush(),
    )


def rhythms(stage: Stage, part: Part, count: int) -> Map:
    """Whole cycles in the clip of the twinkle of so many stars."""
    fast = min(TWINKLE_HZ[1], TWINKLE_HZ[1] * part.speed)
    rates = part.random.uniform(min(TWINKLE_HZ[0], fast), fast, count)
    return as_map(np.maximum(1.0, np.floor(rates * stage.seconds)))


def twinkling(stage: Stage, part: Part, places: Map) -> Twinkle:
    """The real stars at places (n, 2), each with the light that falls on the squares beside it."""
    height, width = stage.plate.shape[:2]
    patch = Patch(0, 0, -(-width // FIELD_PX) * FIELD_PX, -(-height // FIELD_PX) * FIELD_PX)
    rows, columns = patch.field_shape
    row, column = (as_map(places[:, axis] // FIELD_PX).astype(np.intp) for axis in (1, 0))
    star = np.arange(len(places))
    cells, shares, stars_of = [], [], []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            inside = ((row + down >= 0) & (row + down < rows) & (column + right >= 0)) & (
                column + right < columns
            )
            cells.append(((row + down) * columns + column + right)[inside])
            stars_of.append(star[inside])
            shares.append(np.full(int(inside.sum()), BESIDE ** (abs(down) + abs(right))))
    # Where two stars light one square, the first, the brighter, does.
    unique, first = np.unique(np.concatenate(cells), return_index=True)
    owner = np.concatenate(stars_of)[first]
    share = np.concatenate(shares)[first] * REAL_GAIN * min(part.strength, 1.5)
    cycles = rhythms(stage, part, len(places))
    start = part.random.uniform(0.0, 2.0 * np.pi, len(places))
    return Twinkle(None, patch, unique, as_map(share), as_map(cycles[owner]), as_map(start[owner]))


def stars(stage: Stage, part: Part) -> Effect:
    """Real stars twinkle; in a dark sky faint new ones come out."""
    sky = known_sky(stage)
    grey = cv2.cvtColor(stage.plate, cv2.COLOR_RGB2GRAY)
    if float(np.median(grey[sky > SURELY])) > DARK:
        raise NothingToMove("the sky is not dark")
    found = real_stars(stage, sky)
    fresh = new_places(stage, part, sky)
    lights = (twinkling(stage, part, found),) if 0 < len(found) <= MOST_REAL else ()
    veils = (coming_out(stage, part, fresh),) if len(fresh) else ()
    if not lights and not veils:
        raise NothingToMove("no open night sky found")
    return Effect("stars", "stars twinkle", lights=lights, veils=veils)
