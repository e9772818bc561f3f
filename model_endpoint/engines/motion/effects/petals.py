"""Petals that the wind carries through the picture: they flutter, tumble and turn their sides."""

import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.effects.particles import Brush, Shape, Sprites, inks
from model_endpoint.engines.motion.effects.paths import Lives, Wander
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import Effect, Maker, Part, Stage, View
from model_endpoint.pixels import Map, as_map
from story.generation import Motion

#: Petals that are seen at once in the middle of the clip; the large ones are near and few.
COUNT = 34
#: Half a petal's length, as a part of the picture's longer side: the farthest and the nearest.
SMALLEST, LARGEST, BIG_ONES_ARE_RARE = 0.0058, 0.019, 2.2
#: Those larger than this part of the way between are before the subject.
BEFORE = 0.35
#: Seconds of a flight through the picture, of the nearest and of the farthest.
FLIGHT_S = (2.2, 4.2)
#: Wind: how far petals are carried sideways, in heights that they fall.
WIND = (0.35, 0.8)
#: Zigzag: cycles a second, and its width in lengths of the petal.
SWING_HZ, SWING = (0.5, 0.9), 2.6
#: Turns a second of the petal in the picture, and over itself.
SPIN_HZ, FLIP_HZ = 0.25, 0.55
#: A gust shifts all petals together by this part of the picture's longer side.
GUST, GUST_HZ = 0.03, 0.25
#: A petal: how wide beside its length, how it narrows to its base, how much it is bent, and
#: the least of its width that is seen edge-on.
WIDE, TAPER, CURL, EDGE_ON = 0.62, 0.38, 0.3, 0.16
#: Firmness of its edge: over how many pixels it fades.
SOFT_PX = 1.6
#: Near petals are out of focus: their edge fades over this part of their length more.
BLUR = 0.34
COVER = 0.94
COLOURS = (
    (255.0, 205.0, 216.0),
    (250.0, 183.0, 200.0),
    (255.0, 224.0, 228.0),
    (243.0, 164.0, 188.0),
)
#: Its back is darker, by this part of the light, and so is a petal that turns from the light.
BACK, SHADE = 0.14, 0.16


class Petals:
    """The petals of the near or of the far half."""

    def __init__(self, stage: Stage, part: Part, sizes: tuple[float, float]) -> None:
        """sizes: from, to, 0 the smallest .. 1 the largest of all petals."""
        random, (width, height), longer = part.random, stage.size, max(stage.size)
        self.behind_subject = sizes[0] < BEFORE
        # Drawn evenly as roots, so that large ones are rare.
        least, most = (size ** (1.0 / BIG_ONES_ARE_RARE) for size in sizes)
        mean_s = sum(FLIGHT_S) / 2.0 / part.speed
        turns = max(1.0, (stage.seconds - mean_s) / mean_s)
        count = max(2, round(COUNT * (most - least) * turns * min(1.6, part.strength)))
        near = random.uniform(least, most, count) ** BIG_ONES_ARE_RARE
        self._length = as_map((SMALLEST + (LARGEST - SMALLEST) * near) * longer)
        #: Parts of a petal's length over which its edge fades.
        self._soft = as_map(SOFT_PX / self._length + BLUR * near**2)
        shortest, longest = (seconds / part.speed for seconds in FLIGHT_S)
        self._lives = Lives(
            random,
            count,
            seconds=stage.seconds,
            life_s=(shortest, longest),
            loop=stage.loop,
        )
        seconds = self._lives.span * stage.seconds
        to_left = part.heading == "left" or (part.heading is None and random.random() < 1 / 2)
        aside = (-1.0 if to_left else 1.0) * random.uniform(*WIND, count) * height
        margin = self._length * (1.0 + BLUR + SWING) + GUST * longer
        # All begin above the picture and end below it; the wind carries them over its width.
        self._top, self._fall = as_map(-margin), as_map(height + 2.0 * margin)
        middle = random.uniform(-0.1, 1.1, count) * width
        self._from, self._aside = as_map(middle - aside / 2.0), as_map(aside)
        self._swing = 2.0 * np.pi * random.uniform(*SWING_HZ, count) * seconds
        self._spin = 2.0 * np.pi * random.normal(0.0, SPIN_HZ, count) * seconds
        self._flip = 2.0 * np.pi * random.uniform(0.5, 1.4, count) * FLIP_HZ * seconds
        self._start = random.uniform(0.0, 2.0 * np.pi, (3, count))
        self._gust = Wander(random, 1, seconds=stage.seconds, slowest_hz=GUST_HZ)
        self._gust_px = GUST * longer
        self._colours = inks(*COLOURS)[:, random.integers(0, len(COLOURS), count)]
        self._brush = Brush()

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the petals on the picture."""
        del view  # they fly through the air before it: where the camera looks is the same
        age = self._lives.age(phase)
        living = np.flatnonzero((age > 0.0) & (age < 1.0))
        if len(living) == 0:
            return
        age, length = age[living], self._length[living]
        swing = self._swing[living] * age + self._start[0, living]
        sway = np.sin(swing) + 0.3 * np.sin(2.3 * swing + self._start[1, living])
        x = self._from[living] + self._aside[living] * age + SWING * length * sway
        x += self._gust_px * float(self._gust.at(phase)[0])
        # At the ends of a swing it hangs, between them it drops.
        y = self._top[living] + self._fall[living] * age + 0.5 * length * np.cos(2.0 * swing)
        angle = self._start[1, living] + self._spin[living] * age + 0.6 * np.cos(swing)
        flip = np.cos(self._start[2, living] + self._flip[living] * age + 0.5 * np.sin(swing))
        light = 1.0 - BACK * (flip < 0.0) - SHADE * (1.0 - np.abs(flip))
        ink = self._colours[:, living].copy()
        ink[0] *= light
        reach = as_map(length * (1.05 + 0.5 * self._soft[living]))
        cover = np.full(len(living), COVER, np.float32)
        shape = petal(length, as_map(angle), as_map(flip), self._soft[living])
        sprites = Sprites(as_map(x), as_map(y), reach, cover, as_map(ink))
        self._brush.draw(picture, sprites, shape)


def petal(length: Map, angle: Map, flip: Map, softness: Map) -> Shape:
    """Petals with a round tip, a narrow base and a curl, seen more or less from their side.

    All (n,). In the petal's own frame, u along (-1 base .. 1 tip) and v across in lengths, it is
    where (v + c·u²)² < w(u)², w = WIDE·sqrt(1 - u²)·(1 + t·u)·|flip|.
    """
    cosine, sine = as_map(np.cos(angle) / length), as_map(np.sin(angle) / length)
    seen = EDGE_ON + (1.0 - EDGE_ON) * np.abs(flip)
    width = as_map(WIDE * seen)
    curl = as_map(CURL * np.sign(flip) * (1.0 - np.abs(flip)))

    def shape(right: Map, down: Map, sprite: NDArray[np.intp]) -> Map:
        c, s = cosine[sprite], sine[sprite]
        along = right * c + down * s
        across = down * c - right * s
        square = along * along
        across += curl[sprite] * (square - 0.4)
        wide = width[sprite] * np.sqrt(np.maximum(0.0, 1.0 - square)) * (1.0 + TAPER * along)
        inside = (wide - np.abs(across)) / softness[sprite] + 0.5
        # Beyond tip and base there is no width, and so nothing but the fading edge.
        inside *= np.clip((1.0 - np.abs(along)) / softness[sprite] + 0.5, 0.0, 1.0)
        return as_map(np.clip(inside, 0.0, 1.0))

    return shape


def petals(stage: Stage, part: Part) -> Effect:
    """Petals on the wind: small ones far off, a few large ones close by."""
    return Effect(
        "petals",
        "petals drift by",
        veils=(Petals(stage, part, (0.0, BEFORE)), Petals(stage, part, (BEFORE, 1.0))),
    )


MAKERS: dict[Motion, Maker] = {"petals": petals}
