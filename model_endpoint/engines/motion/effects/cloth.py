"""Cloth that ripples: folds travel from where it hangs to where it is free."""

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.bend import Bend, Wave, counts, reach_of, within
from model_endpoint.engines.motion.effects.harmonics import smooth_noise, smoothstep
from model_endpoint.engines.motion.effects.region import INSIDE, way_to_border
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, as_map, as_rgb
from model_endpoint.scene.model import CLOTH
from story.generation import Motion

#: Rates (hertz) and amplitudes of folds, parts of the picture's longer side at the free edge.
RATES_HZ = (0.3, 0.55, 0.9, 1.4)
AMPLITUDES = (0.0040, 0.0032, 0.0022, 0.0012)
#: From fold to fold, parts of the cloth's own length, for each rate; how much folds differ.
FOLDS = (1.4, 0.9, 0.6, 0.42)
DISORDER = 0.6
WRINKLE = 0.3
#: Folds go sideways in what hangs and up and down in what flies; the other way so much less.
ASIDE = 0.35
#: Cloth smaller than this part of the plate is left alone.
MIN_AREA = 0.002
#: A piece this much wider than it is tall flies from its side; others hang from above.
FLYING = 1.15


def cloth(stage: Stage, part: Part) -> Effect:
    """Every flag and curtain that was found."""
    mask = stage.masks.get(CLOTH)
    warps: list[Warp] = []
    if mask is not None:
        there = as_rgb((mask > INSIDE).astype(np.uint8))
        number, labels, stats, _ = cv2.connectedComponentsWithStats(there)
        warps.extend(
            piece(stage, part, as_map(labels == label))
            for label in range(1, number)
            if stats[label, cv2.CC_STAT_AREA] >= MIN_AREA * there.size
        )
    if not warps:
        raise NothingToMove("no cloth found")
    return Effect("cloth", "cloth ripples", warps=tuple(warps))


def piece(stage: Stage, part: Part, own: Map) -> Warp:
    """One piece of cloth on the ground layer, held at its upper edge or at its mast."""
    patch = Patch.around(own, FIELD_PX)
    if patch is None:
        raise NothingToMove("no cloth found")
    x, y = patch.coordinates()
    rows, columns = (np.flatnonzero(own.any(axis=axis)) for axis in (1, 0))
    top, tall = float(rows[0]), float(max(1, rows[-1] - rows[0]))
    left, wide = float(columns[0]), float(max(1, columns[-1] - columns[0]))
    if wide > FLYING * tall:
        share = (x - left) / wide if part.heading != "left" else (left + wide - x) / wide
        along, aside = ASIDE, 1.0
    else:
        share, along, aside = (y - top) / tall, 1.0, ASIDE
    free = smoothstep(0.0, 0.9, as_map(share))
    waves = []
    for harmonic, count in enumerate(counts(RATES_HZ, stage.seconds, part.speed)):
        size = WRINKLE * max(tall, wide) / FIELD_PX
        noise = smooth_noise(patch.field_shape, (size, size), part.random)
        lag = 2.0 * np.pi * (share / FOLDS[harmonic] + part.random.random()) + DISORDER * noise
        length = AMPLITUDES[harmonic] * max(stage.size) * part.strength * free
        way = as_map(np.stack([along * length, aside * length], axis=2))
        waves.append(Wave(count, way, as_map(lag)))
    return Bend("ground", patch, within(waves, reach_of(way_to_border(own, patch))))


MAKERS: dict[Motion, Maker] = {"cloth": cloth}
