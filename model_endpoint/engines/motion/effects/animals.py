"""What animals do: an ear flicks, the light in their eyes shimmers. In people's eyes as well."""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.bend import counts, taper
from model_endpoint.engines.motion.effects.breath import gentle
from model_endpoint.engines.motion.effects.face.clock import Episode, apart
from model_endpoint.engines.motion.effects.face.mesh import SURELY, Head, eyes_of, head_of
from model_endpoint.engines.motion.effects.face.mesh import patch_around as patch_of
from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.effects.pupils import Glint, brightest, pupils
from model_endpoint.engines.motion.effects.region import INSIDE
from model_endpoint.engines.motion.effects.touch import Touch, depth_of
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    LayerName,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.model import SUBJECT
from story.generation import Motion

#: An animal smaller than this part of the plate is left alone.
MIN_PET = 0.02
#: Ears are looked for in this upper part of an animal; their sides are this part of the square
#: root of its area, and must meet at an angle between these degrees at both scales.
UPPER = 0.45
SIDE = 0.16
SHARPEST, BLUNTEST = 22.0, 88.0
#: Two tips belong together at this distance in widths of the animal, and at most this askew.
APART = (0.2, 0.95)
ASKEW = 0.45
#: How far an ear's tip goes, part of its length; seconds of a flick there, out, and back.
FLICK = 0.16
THERE_S, OUT_S, BACK_S = 0.09, 0.05, 0.24
#: A clip longer than this shows a second flick.
SECOND_FLICK_S = 4.5
#: The light in eyes: rates (hertz), and how much brighter or darker it becomes.
SHIMMER_HZ = (0.35, 0.8)
SHIMMER = (0.11, 0.06)
#: What shimmers reaches this many times the glint's radius (deviation), at least so many pixels.
HALO = 0.9
LEAST_HALO_PX = 1.5


@dataclass(frozen=True, slots=True)
class Ear:
    """An ear in plate pixels: its tip, the middle of its base, and its length."""

    tip: Map
    base: Map
    length: float


@dataclass(frozen=True, slots=True)
class Flick:
    """The warp of one ear; see stage.Warp. way (rows, columns, 2): of the whole flick."""

    patch: Patch
    way: Map
    episodes: tuple[Episode, ...]
    layer: LayerName = "subject"

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) float32 plate pixels."""
        much = max((episode.at(phase) for episode in self.episodes), default=0.0)
        return as_map(self.way * np.float32(much))


def ear(stage: Stage, part: Part) -> Effect:
    """An animal's ears flick, each at its own time."""
    mask = stage.masks.get(SUBJECT)
    if stage.kind != "pet" or mask is None:
        raise NothingToMove("no ears were found surely")
    warps: list[Warp] = []
    taken: list[tuple[float, float]] = []
    for found in ears(mask):
        reach = 1.1 * found.length
        middle = (found.tip + found.base) / 2.0
        patch = patch_of(stage, *(float(value) for value in (*(middle - reach), *(middle + reach))))
        episodes = flicks(stage, part, taken)
        if patch is not None and episodes:
            warps.append(Flick(patch, flicked(part, found, patch), episodes))
    if not warps:
        raise NothingToMove("no ears were found surely")
    return Effect("ear", "an ear flicks", warps=tuple(warps))


def flicks(stage: Stage, part: Part, taken: list[tuple[float, float]]) -> tuple[Episode, ...]:
    """When one ear flicks; the times are added to those that are taken."""
    length = (THERE_S + OUT_S + BACK_S) / stage.seconds
    found = []
    for _ in range(2 if stage.seconds * part.speed >= SECOND_FLICK_S else 1):
        start = apart((0.5,), length, taken, part.random, 0.45)
        if start is not None:
            taken.append((start, start + length))
            found.append(Episode(start, *(s / stage.seconds for s in (THERE_S, OUT_S, BACK_S))))
    return tuple(found)


def flicked(part: Part, found: Ear, patch: Patch) -> Map:
    """(rows, columns, 2): an ear's displacement, from its base, which stays, to its tip."""
    axis = as_map((found.tip - found.base) / found.length)
    x, y = patch.coordinates()
    dx, dy = x - found.base[0], y - found.base[1]
    up = (dx * axis[0] + dy * axis[1]) / found.length
    aside = (-dx * axis[1] + dy * axis[0]) / found.length
    follows = smoothstep(0.05, 1.0, as_map(up)) * (
        1.0 - smoothstep(0.5, 0.95, as_map(np.abs(aside)))
    )
    follows = as_map(follows * taper(patch, 0.2 * found.length))
    outwards = 1.0 if axis[0] > 0.0 else -1.0
    way = as_map([axis[1], -axis[0]]) * outwards
    return gentle(as_map(follows[..., None] * way * FLICK * found.length * part.strength))


def ears(mask: Map) -> tuple[Ear, ...]:
    """The two ears of each animal whose outline shows two like corners at the top; else none."""
    there = as_rgb((mask > INSIDE).astype(np.uint8))
    outlines, _ = cv2.findContours(there, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found: list[Ear] = []
    for outline in outlines:
        area = float(cv2.contourArea(outline))
        if area < MIN_PET * there.size:
            continue
        tips = corners(as_map(outline[:, 0]), SIDE * float(np.sqrt(area)), there)
        wide = float(np.ptp(outline[:, 0, 0]))
        if len(tips) == len(APART):
            gap = np.abs(tips[0].tip - tips[1].tip)
            level = float(gap[1]) <= ASKEW * float(gap[0])
            if level and APART[0] * wide <= float(gap[0]) <= APART[1] * wide:
                found += tips
    return tuple(found)


def corners(outline: Map, side: float, there: Rgb) -> list[Ear]:
    """Sharp corners of an outline (n, 2) that point upwards, in its upper part."""
    steps = max(3, round(side))
    height, width = there.shape
    if len(outline) < 6 * steps:
        return []
    smooth = as_map(
        np.stack(
            [np.convolve(np.r_[c[-steps:], c, c[:steps]], bell(steps), "same") for c in outline.T]
        )
    )[:, steps:-steps].T
    angles = np.minimum(*(angle(smooth, count) for count in (steps // 2, steps)))
    blunt = np.maximum(*(angle(smooth, count) for count in (steps // 2, steps)))
    before, after = np.roll(smooth, steps, axis=0), np.roll(smooth, -steps, axis=0)
    base = (before + after) / 2.0
    top, tall = float(outline[:, 1].min()), float(np.ptp(outline[:, 1]))
    fit = (angles > SHARPEST) & (blunt < BLUNTEST) & (smooth[:, 1] < top + UPPER * tall)
    fit &= base[:, 1] - smooth[:, 1] > 0.5 * np.linalg.norm(base - smooth, axis=1)
    fit &= (smooth.min(axis=1) > 2 * FIELD_PX) & (smooth[:, 0] < width - 2 * FIELD_PX)
    inside = there[
        np.clip(np.rint(base[:, 1]), 0, height - 1).astype(int),
        np.clip(np.rint(base[:, 0]), 0, width - 1).astype(int),
    ]
    fit &= inside > 0
    found: list[Ear] = []
    for index in np.argsort(blunt):
        tip = smooth[index]
        if fit[index] and all(np.linalg.norm(tip - ear.tip) > side for ear in found):
            found.append(Ear(tip, base[index], max(float(np.linalg.norm(tip - base[index])), 1.0)))
    return found


def bell(steps: int) -> Map:
    """A kernel of sum 1 that smooths an outline's pixels away, not its corners."""
    kernel = cv2.getGaussianKernel(2 * max(1, steps // 6) + 1, max(1.0, steps / 12.0))
    return as_map(kernel[:, 0])


def angle(outline: Map, count: int) -> Map:
    """Degrees between the directions to the points so many before and after each, (n,)."""
    back, forth = (
        np.roll(outline, count, axis=0) - outline,
        np.roll(outline, -count, axis=0) - outline,
    )
    dot = (back * forth).sum(axis=1)
    size = np.linalg.norm(back, axis=1) * np.linalg.norm(forth, axis=1)
    return as_map(np.degrees(np.arccos(np.clip(dot / np.maximum(size, 1e-6), -1.0, 1.0))))


class Shimmer:
    """The light in one eye; see touch.Brush."""

    def __init__(self, stage: Stage, part: Part, glint: Glint) -> None:
        """Starts as the photo has it."""
        self._glint = glint
        self._turns = counts(SHIMMER_HZ, stage.seconds, part.speed)
        self._starts = part.random.uniform(0.0, 2.0 * np.pi, size=len(self._turns))
        self._strength = part.strength

    def points(self, phase: float) -> Map | None:
        """The highlight's middle; None when it is as bright as in the photo."""
        return as_map([[self._glint.x, self._glint.y]]) if self._brighter(phase) else None

    def reach(self, growth: float) -> float:
        """Some deviations."""
        return 3.0 * self._halo * growth

    def paint(self, x: Map, y: Map, places: Map, growth: float, phase: float) -> Map:
        """A soft spot."""
        away = np.square(x - places[0, 0]) + np.square(y - places[0, 1])
        bell = np.exp(-0.5 * away / (self._halo * growth) ** 2)
        return as_map(bell * self._brighter(phase))

    @property
    def _halo(self) -> float:
        return max(HALO * self._glint.radius, LEAST_HALO_PX)

    def _brighter(self, phase: float) -> float:
        parts = zip(SHIMMER, self._turns, self._starts, strict=True)
        return self._strength * float(
            sum(
                size * (np.sin(2.0 * np.pi * turns * phase + start) - np.sin(start))
                for size, turns, start in parts
            )
        )


def catch_light(stage: Stage, part: Part) -> Effect:
    """The highlights in people's eyes, or in an animal's, shimmer."""
    faces = [head_of(face, stage) for face in stage.faces if face.confidence >= SURELY]
    glints = [glint for head in faces for glint in glints_of(stage, head)]
    mask = stage.masks.get(SUBJECT)
    if not faces and stage.kind == "pet" and mask is not None:
        glints = list(pupils(stage.plate, mask))
    if not glints:
        raise NothingToMove("no light in the eyes was found surely")
    layer: LayerName = "ground" if mask is None else "subject"
    veils = tuple(
        Touch(Shimmer(stage, part, glint), depth_of(stage, layer, glint.x, glint.y), 1.0)
        for glint in glints
    )
    return Effect("catch_light", "light shimmers in the eyes", veils=veils)


def glints_of(stage: Stage, head: Head) -> list[Glint]:
    """The highlights between a person's lids."""
    found = []
    for eye in eyes_of(head):
        if eye.open >= FIELD_PX:
            glint = brightest(stage.plate, eye.centre, (0.3 * eye.wide, 0.45 * eye.open))
            if glint is not None:
                found.append(glint)
    return found


MAKERS: dict[Motion, Maker] = {"ear": ear, "catch_light": catch_light}
