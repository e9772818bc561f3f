"""Blinking: the skin between brow and lashes is drawn down over the eye, and back.

What is left of the eye at its lower lid, a band of one square of the field, is shaded to a line of
lashes. The times are those of Kwon et al., High-speed camera characterization of voluntary eye
blinking kinematics, J. R. Soc. Interface 10, 2013.
"""

import numpy as np
from numpy.polynomial import Polynomial

from model_endpoint.engines.motion.effects.bend import taper
from model_endpoint.engines.motion.effects.face.clock import Episode, apart, rests
from model_endpoint.engines.motion.effects.face.mesh import Eye, Head, eyes_of, heads
from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.effects.touch import Touch, depth_of
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    LayerName,
    NothingToMove,
    Part,
    Patch,
    Stage,
    Veil,
    Warp,
)
from model_endpoint.pixels import Map, as_map

#: Seconds in which a lid closes, is closed, and opens again.
CLOSING_S, CLOSED_S, OPENING_S = 0.1, 0.05, 0.17
#: Clips longer than this show a second blink.
SECOND_BLINK_S = 4.5
#: How far from a head's rest a blink may begin, seconds.
NEAR_REST_S = 0.3
#: An eye whose lids are closer than this many plate pixels is left as it is: the band in which it
#: vanishes would be seen as a smudge.
MIN_OPEN_PX = 2.0 * FIELD_PX
#: Skin that every lid has, plate pixels.
MIN_SKIN_PX = 2.0
#: Where the skin begins that moves, from the brow's lower edge (0) to the lashes (1).
FOLD = 0.35
#: Beyond the corners a lid's movement ends within this part of the eye's width.
CORNER = 0.15
#: Height of the band in which the open eye vanishes, plate pixels: a field holds nothing finer.
BAND_PX = 1.1 * FIELD_PX
#: Where the lid comes to rest: this part of the band above the lower lid.
REST = 0.45
#: Gain of luma of what is seen in the band when the eye is closed, as dark as lashes.
LASHES = 0.42
#: What the white of the eye is shifted by in U and V to be as brown as lashes, grey levels.
BROWN = (-3.0, 4.0)
#: The line of lashes: its thickness in bands (deviation), and how many points it is drawn along.
THICK = 0.5
LINE_POINTS = 15
#: Steps of Newton's method until a place of the stretched skin is known to 1/100 pixel.
STEPS = 6
#: A patch around an eye, in eye widths: to each side, above and below its centre.
SIDEWAYS, UPWARDS, DOWNWARDS = 0.85, 0.95, 0.6


class Lid:
    """The geometry of one upper lid on a patch."""

    def __init__(self, head: Head, eye: Eye, patch: Patch) -> None:
        """All curves are those of the mesh, smoothed."""
        self._head = head
        self._eye = eye
        self._corners = (float(eye.upper[0, 0]), float(eye.upper[-1, 0]))
        across, self._down = head.own(*patch.coordinates(), eye.centre)
        self._upper = curve(eye.upper, 4, across)
        lower = curve(eye.lower, 4, across)
        brow = curve(eye.brow, 2, across)
        left, right = self._corners
        beyond = np.maximum(left - across, across - right) / (CORNER * eye.wide)
        inside = 1.0 - smoothstep(0.0, 1.0, as_map(beyond))
        self._open = as_map(np.maximum(lower - self._upper, 0.0) * inside)
        self._top = as_map(brow + FOLD * (self._upper - brow))
        self._skin = as_map(np.maximum(self._upper - self._top, MIN_SKIN_PX))
        self._calm = taper(patch, FIELD_PX)
        self._shade = as_map(np.clip(self._open / (0.5 * eye.open), 0.0, 1.0) * self._calm)

    def way(self, closed: float) -> Map:
        """(rows, columns, 2): the displacement of the field when the eye is so far closed, 0..1.

        Skin at τ of its height (0 fold .. 1 lashes) comes down by drop·g(τ), g = 3τ² - 2τ³; at
        height q of the stretched skin, q = τ + ratio·g(τ) tells which τ is seen.
        """
        drop = drop_of(self._open, closed)
        ratio = drop / self._skin
        height = (self._down - self._top) / self._skin
        tau = np.clip(height / (1.0 + ratio), 0.0, 1.0)
        for _ in range(STEPS):
            excess = tau + ratio * tau * tau * (3.0 - 2.0 * tau) - height
            tau = np.clip(tau - excess / (1.0 + ratio * 6.0 * tau * (1.0 - tau)), 0.0, 1.0)
        skin = tau * tau * (3.0 - 2.0 * tau)
        left = 1.0 - np.clip((self._down - self._upper - drop) / BAND_PX, 0.0, 1.0)
        down = as_map(-drop * np.minimum(skin, left) * self._calm)
        return self._head.on_plate(np.zeros_like(down), down)

    def line(self, closed: float) -> Map:
        """(n, 2) plate places along the middle of the band in which the eye vanishes."""
        across = as_map(np.linspace(*self._corners, LINE_POINTS))
        upper, lower = curve(self._eye.upper, 4, across), curve(self._eye.lower, 4, across)
        down = as_map(upper + drop_of(as_map(np.maximum(lower - upper, 0.0)), closed))
        return as_map(self._eye.centre + self._head.on_plate(across, as_map(down + 0.5 * BAND_PX)))


def drop_of(opening: Map, closed: float) -> Map:
    """How far the lashes come down where the lids are so far apart, pixels."""
    return as_map(closed * np.maximum(opening - REST * BAND_PX, 0.6 * opening))


def curve(points: Map, degree: int, across: Map) -> Map:
    """A smooth line through points (n, 2), continued level beyond its ends."""
    line = Polynomial.fit(points[:, 0], points[:, 1], degree)
    return as_map(line(np.clip(across, points[0, 0], points[-1, 0])))


class Blinks:
    """The warp of one lid over the clip; see stage.Warp."""

    def __init__(
        self, layer: LayerName, patch: Patch, lid: Lid, episodes: tuple[Episode, ...]
    ) -> None:
        """episodes: when the lid closes."""
        self.layer: LayerName = layer
        self.patch = patch
        self._lid = lid
        self._episodes = episodes
        self._open = np.zeros((*patch.field_shape, 2), dtype=np.float32)

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) float32 plate pixels."""
        closed = closed_at(self._episodes, phase)
        return self._lid.way(closed) if closed > 0.0 else self._open


class Lashes:
    """The line of lashes of one lid; see touch.Brush."""

    def __init__(self, lid: Lid, episodes: tuple[Episode, ...]) -> None:
        """episodes: when the lid closes."""
        self._lid = lid
        self._episodes = episodes

    def points(self, phase: float) -> Map | None:
        """The line along which the eye vanishes; None while it is open."""
        closed = closed_at(self._episodes, phase)
        return self._lid.line(closed) if closed > 0.0 else None

    def reach(self, growth: float) -> float:
        """Some deviations."""
        return 2.0 * BAND_PX * growth

    def paint(self, x: Map, y: Map, places: Map, growth: float, phase: float) -> Map:
        """A soft line, thinner to its ends."""
        order = np.argsort(places[:, 0])
        columns, rows = places[order, 0], places[order, 1]
        half = max(float(columns[-1] - columns[0]) / 2.0, 1.0)
        aside = (x - (columns[0] + columns[-1]) / 2.0) / half
        ends = np.clip(1.15 - np.square(aside), 0.0, 1.0)
        line = np.interp(x[0], columns, rows)[None, :]
        near = np.exp(-np.square((y - line) / (THICK * BAND_PX * growth)))
        closed = closed_at(self._episodes, phase)
        return as_map(closed * closed * near * ends)


def closed_at(episodes: tuple[Episode, ...], phase: float) -> float:
    """How far the lids are closed, 0..1."""
    return max((episode.at(phase) for episode in episodes), default=0.0)


def blink(stage: Stage, part: Part) -> Effect:
    """Everybody blinks once or twice, nobody at the same time, close to a rest of the head."""
    warps: list[Warp] = []
    veils: list[Veil] = []
    taken: list[tuple[float, float]] = []
    for head in heads(stage):
        eyes = [eye for eye in eyes_of(head) if eye.open >= MIN_OPEN_PX]
        patches = [eye.patch(stage, SIDEWAYS, UPWARDS, DOWNWARDS) for eye in eyes]
        episodes = blinks_of(stage, part, taken) if len(eyes) > 1 else ()
        if not episodes or None in patches:
            continue
        for eye, patch in zip(eyes, patches, strict=True):
            if patch is not None:
                lid = Lid(head, eye, patch)
                warps.append(Blinks(head.layer, patch, lid, episodes))
                depth = depth_of(stage, head.layer, *(float(value) for value in eye.centre))
                veils.append(Touch(Lashes(lid, episodes), depth, LASHES - 1.0, BROWN))
    if not warps:
        raise NothingToMove("no open eyes are large enough")
    return Effect("blink", "eyes blink", warps=tuple(warps), veils=tuple(veils))


def blinks_of(stage: Stage, part: Part, taken: list[tuple[float, float]]) -> tuple[Episode, ...]:
    """One person's blinks; their times are added to those that are taken."""
    length = CLOSING_S + CLOSED_S + OPENING_S
    number = 2 if stage.seconds >= SECOND_BLINK_S / max(part.speed, 1e-3) else 1
    found = []
    for _ in range(number):
        start = apart(
            tuple(rest - length / 2 / stage.seconds for rest in (*rests(stage.seconds), 0.92)),
            length / stage.seconds,
            taken,
            part.random,
            NEAR_REST_S / stage.seconds,
        )
        if start is None:
            break
        # A frame between two people's blinks, so that they never share one.
        frame = 1.5 / (stage.seconds * stage.fps)
        taken.append((start - frame, start + length / stage.seconds + frame))
        found.append(Episode(start, *(s / stage.seconds for s in (CLOSING_S, CLOSED_S, OPENING_S))))
    return tuple(found)
