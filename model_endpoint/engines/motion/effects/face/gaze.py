"""The eyes look aside for a moment: a saccade there, a while of looking, a saccade back."""

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.bend import taper
from model_endpoint.engines.motion.effects.face.blink import curve
from model_endpoint.engines.motion.effects.face.clock import Episode, apart
from model_endpoint.engines.motion.effects.face.mesh import Eye, Head, eyes_of, heads
from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    LayerName,
    NothingToMove,
    Part,
    Patch,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, as_map

#: How far an iris goes, parts of the eye's width: at least and at most.
LEAST, MOST = 0.045, 0.072
#: Seconds of a saccade, and of looking aside at least and at most.
SACCADE_S = 0.08
LOOKING_S = (0.5, 1.3)
#: Seconds of the clip for each look aside.
SECONDS_A_LOOK = 2.6
#: Eyes whose lids are closer than this many plate pixels are left as they are.
MIN_OPEN_PX = float(FIELD_PX)
#: An iris is found where the eye's darkest third is darker than its brightest by so many levels.
DARKEST, BRIGHTEST = 30.0, 85.0
MIN_CONTRAST = 18.0
#: An iris' middle is no farther from the eye's than this part of its width.
OFF_CENTRE = 0.22
#: Parts of the eye's width from the iris: moved as a whole up to here, not at all from there on.
IRIS, CORNER = 0.26, 0.5
#: Parts of the lids' opening beyond them: there the skin follows no more.
LIDS = 0.75
SIDEWAYS, UPWARDS, DOWNWARDS = 0.75, 0.75, 0.6


class Gaze:
    """The warp of one eye; see stage.Warp."""

    def __init__(
        self,
        layer: LayerName,
        patch: Patch,
        way: Map,
        looks: tuple[tuple[float, Episode], ...],
    ) -> None:
        """The way (rows, columns, 2) is of one eye's width to the right; looks: how far, when."""
        self.layer: LayerName = layer
        self.patch = patch
        self._way = way
        self._looks = looks

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) float32 plate pixels."""
        aside = sum(way * episode.at(phase) for way, episode in self._looks)
        return as_map(self._way * np.float32(aside))


def gaze(stage: Stage, part: Part) -> Effect:
    """Everybody looks aside now and then; both eyes of a face together."""
    warps: list[Warp] = []
    for head in heads(stage):
        eyes = eyes_of(head)
        irises = [iris_of(stage, head, eye) for eye in eyes]
        looks = looks_of(stage, part)
        for eye, iris in zip(eyes, irises, strict=True):
            patch = eye.patch(stage, SIDEWAYS, UPWARDS, DOWNWARDS)
            if patch is None or None in irises or iris is None:
                continue
            warps.append(Gaze(head.layer, patch, way_of(head, eye, iris, patch), looks))
    if not warps:
        raise NothingToMove("no eyes are large and clear enough")
    return Effect("gaze", "the eyes look around", warps=tuple(warps))


def iris_of(stage: Stage, head: Head, eye: Eye) -> float | None:
    """Where the iris' middle is across the eye, pixels from the eye's; None when it is unclear."""
    patch = eye.patch(stage, SIDEWAYS, UPWARDS, DOWNWARDS)
    if patch is None or eye.open < MIN_OPEN_PX:
        return None
    seen = stage.plate[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
    luma = as_map(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY))
    y, x = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]]
    across, down = head.own(as_map(x + patch.left), as_map(y + patch.top), eye.centre)
    upper, lower = curve(eye.upper, 4, across), curve(eye.lower, 4, across)
    # Lashes are dark as well: the lids' own edges are left out.
    inside = (down > upper + 0.3 * (lower - upper)) & (down < lower - 0.15 * (lower - upper))
    inside &= np.abs(across) < 0.4 * eye.wide
    if int(inside.sum()) < FIELD_PX * FIELD_PX:
        return None
    dark, bright = np.percentile(luma[inside], (DARKEST, BRIGHTEST))
    if bright - dark < MIN_CONTRAST:
        return None
    weight = np.clip(dark - luma[inside], 0.0, None)
    middle = float((across[inside] * weight).sum() / max(float(weight.sum()), 1e-6))
    return middle if abs(middle) <= OFF_CENTRE * eye.wide else None


def way_of(head: Head, eye: Eye, iris: float, patch: Patch) -> Map:
    """(rows, columns, 2): the displacement when the iris goes one eye's width to the right.

    Between the lids all of the iris goes as one; the skin beyond them follows less and less.
    """
    across, down = head.own(*patch.coordinates(), eye.centre)
    from_iris = as_map(np.abs(across - iris) / eye.wide)
    along = 1.0 - smoothstep(IRIS, CORNER, from_iris)
    upper, lower = curve(eye.upper, 4, across), curve(eye.lower, 4, across)
    beyond = np.maximum(upper - down, down - lower) / max(eye.open, MIN_OPEN_PX)
    follows = 1.0 - smoothstep(0.0, LIDS, as_map(beyond))
    inside = 1.0 - smoothstep(0.4, 0.6, as_map(np.abs(across) / eye.wide))
    whole = as_map(-eye.wide * along * follows * inside * taper(patch, FIELD_PX))
    return head.on_plate(whole, np.zeros_like(whole))


def looks_of(stage: Stage, part: Part) -> tuple[tuple[float, Episode], ...]:
    """How far and when one person looks aside: to alternating sides."""
    number = max(1, round(stage.seconds * part.speed / SECONDS_A_LOOK))
    side = 1.0 if part.random.random() < 0.5 else -1.0  # noqa: PLR2004 a coin
    taken: list[tuple[float, float]] = []
    found = []
    for _ in range(number):
        longest = min(LOOKING_S[1], 0.4 * stage.seconds)
        looking = float(part.random.uniform(min(LOOKING_S[0], longest), longest))
        length = (looking + 2.0 * SACCADE_S) / stage.seconds
        start = apart((0.5 * (1.0 - length),), length, taken, part.random, 0.5 * (1.0 - length))
        if start is None:
            break
        taken.append((start, start + length))
        saccade = SACCADE_S / stage.seconds
        far = float(part.random.uniform(LEAST, MOST)) * min(1.0, part.strength)
        found.append((side * far, Episode(start, saccade, looking / stage.seconds, saccade)))
        side = -side
    return tuple(found)
