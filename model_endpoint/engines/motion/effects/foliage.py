"""Leaves and grass in the wind, and a flower that sways on its stem.

Gusts are waves that travel with the wind through a field of noise, so that neighbours move almost
together and no two clumps alike. Amplitudes fall with the rate like 1/f, as trees' do: Diener et
al., Wind projection basis for real-time animation of trees, Eurographics 2009.
"""

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.bend import (
    Bend,
    Wave,
    counts,
    reach_of,
    taper,
    within,
)
from model_endpoint.engines.motion.effects.harmonics import smooth_noise, smoothstep
from model_endpoint.engines.motion.effects.region import INSIDE, coarse, way_to_border
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
from model_endpoint.scene.model import FOLIAGE, SUBJECT
from story.generation import Motion

#: Rates of a gust, of boughs and of leaves, hertz, and their amplitudes as parts of the picture's
#: longer side.
RATES_HZ = (0.17, 0.34, 0.65, 1.0, 1.6)
AMPLITUDES = (0.0034, 0.0031, 0.0028, 0.0021, 0.0013)
#: From this harmonic on leaves flutter each their own way; slower ones go with the wind.
FLUTTER = 3
#: Gusts are this long (part of the longer side) from crest to crest, and noise bends their fronts:
#: its hills' size (the same unit) and height (radians) for each harmonic.
GUST_LENGTH = (1.1, 0.75, 0.5, 0.34, 0.25)
CLUMP = (0.16, 0.12, 0.08, 0.055, 0.035)
DISORDER = (0.5, 0.7, 0.9, 1.1, 1.3)
#: A blade or bough stands this high (part of the longer side) when it moves two thirds of its most.
STATURE = 0.06
#: What the foot of foliage moves relative to its tip, and far foliage relative to near.
FOOT = 0.25
FAR = 0.62
#: How much slower phases change along blades and boughs than across them; in close-ups single
#: stems are seen, and a stem bends as one: there still slower, and all of it moves less.
UPRIGHT, UPRIGHT_NEAR = 1.5, 5.0
FLUTTER_NEAR = 0.5
CALM_NEAR = 0.8
#: How fast fronts of gusts change into the depth, relative to across the picture.
RECEDING = 0.45
#: How much foliage dips for each pixel it goes sideways.
DIP = 0.35
#: Foliage below this part of the plate is not worth a sentence.
MIN_AREA = 0.004
#: Flowers: rates (hertz) and amplitudes of the head, parts of the longer side; how a stem bends.
STEM_HZ = (0.2, 0.42, 0.75)
STEM_AMPLITUDES = (0.0062, 0.0052, 0.0030)
STEM_POWER = 1.6
#: A flower whose lowest tenth is wider than this part of its width shows no stem: that goes on
#: below it, by this part of its height.
STEM_WIDTH = 0.25
STEM_LENGTH = 0.7
#: Beside a stem that is not cut out the ground goes with it: wholly up to the first, not at all
#: from the second on, in widths of the head; and nothing so near the plate's border, a part of its
#: longer side.
BESIDE = (0.12, 0.6)
EDGE = 0.03
#: Where a flower fills the picture, what is so near to its border moves less, the same unit.
FRAME = 0.16
#: Flowers smaller than this part of the plate are left alone.
MIN_FLOWER = 0.003
#: A subject's warp goes on this far beyond its outline, part of the longer side.
BEYOND = 0.08


def foliage(stage: Stage, part: Part) -> Effect:
    """Leaves and grass sway; where the photo is of a flower, it nods as well."""
    warps: list[Warp] = []
    mask = stage.masks.get(FOLIAGE)
    towards = wind_sign(part)
    if mask is not None and stage.kind == "flower" and SUBJECT in stage.masks:
        # A stem is one with the head that it carries.
        mask = np.maximum(mask, stage.masks[SUBJECT])
    if mask is not None and float((mask > INSIDE).mean()) >= MIN_AREA:
        warps.append(leaves(stage, part, mask, towards))
    flower = stage.masks.get(SUBJECT) if stage.kind == "flower" else None
    blooms = flowers(stage, part, flower, towards) if flower is not None else []
    warps += blooms
    if not warps and stage.kind == "flower":
        blooms = warps = [close_up(stage, part, towards)]
    if not warps:
        raise NothingToMove("no leaves or grass found")
    done = "leaves and grass sway" if not blooms else "the flower sways"
    return Effect("foliage", done, warps=tuple(warps))


def wind_sign(part: Part) -> float:
    """1 when the wind blows to the right, -1 to the left."""
    if part.heading in ("left", "right"):
        return 1.0 if part.heading == "right" else -1.0
    return 1.0 if part.random.random() < 0.5 else -1.0  # noqa: PLR2004 a coin


def leaves(stage: Stage, part: Part, mask: Map, towards: float) -> Warp:
    """The ground layer's foliage in the wind."""
    patch = Patch.around(as_map(mask > INSIDE), FIELD_PX)
    if patch is None:
        raise NothingToMove("no leaves or grass found")
    longer = max(stage.size)
    reach = reach_of(way_to_border(mask, patch))
    depth = coarse(stage.depth, patch)
    vigour = tips(stage, patch, mask) * (1.0 - (1.0 - FAR) * np.clip(depth, 0.0, 1.0))
    x, y = patch.coordinates()
    near = stage.kind == "flower"
    upright = UPRIGHT_NEAR if near else UPRIGHT
    # A wind along the ground: fronts go into the depth as well.
    along = as_map(towards * x + (RECEDING if not near else RECEDING / upright) * y)
    waves = []
    rates = counts(RATES_HZ, stage.seconds, part.speed)
    for harmonic, count in enumerate(rates):
        size = CLUMP[harmonic] * longer / FIELD_PX
        noise = smooth_noise(patch.field_shape, (upright * size, size), part.random)
        lag = 2.0 * np.pi * along / (GUST_LENGTH[harmonic] * longer)
        lag += DISORDER[harmonic] * noise + 2.0 * np.pi * part.random.random()
        amplitude = AMPLITUDES[harmonic] * longer * part.strength * vigour
        if near:
            amplitude = amplitude * (FLUTTER_NEAR if harmonic >= FLUTTER else CALM_NEAR)
        turn = smooth_noise(patch.field_shape, (upright * size, size), part.random)
        way = direction(turn if harmonic >= FLUTTER else 0.25 * turn)
        waves.append(Wave(count, as_map(way * amplitude[..., None]), as_map(lag)))
    return Bend("ground", patch, within(waves, reach))


def direction(turn: Map) -> Map:
    """(rows, columns, 2): sideways, turned by so many radians and flattened, for leaves hang."""
    return as_map(np.stack([np.cos(turn), DIP * np.sin(turn) + 0.12], axis=2))


def tips(stage: Stage, patch: Patch, mask: Map) -> Map:
    """How freely each place moves, FOOT..1: by its height above the ground it grows from.

    The height is that above the lower border of the foliage in the same column. Where foliage goes
    on below the picture, its feet are not seen.
    """
    there = coarse(mask, patch) > INSIDE
    closed = cv2.morphologyEx(
        as_rgb(there.astype(np.uint8)), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    rows, columns = there.shape
    stature = STATURE * max(stage.size)
    at_bottom = patch.top + patch.height >= stage.plate.shape[0]
    height = np.zeros((rows, columns), dtype=np.float32)
    run = np.full(columns, stature if at_bottom else 0.0, dtype=np.float32)
    for row in range(rows - 1, -1, -1):
        run = np.where(closed[row] > 0, run + FIELD_PX, 0.0).astype(np.float32)
        height[row] = run
    smooth = cv2.GaussianBlur(height, (0, 0), max(1.0, 0.2 * stature / FIELD_PX))
    return as_map(FOOT + (1.0 - FOOT) * (1.0 - np.exp(-smooth / stature)))


def flowers(stage: Stage, part: Part, mask: Map, towards: float) -> list[Warp]:
    """Each flower of the subject layer, bent from its foot as a rod is."""
    there = as_rgb((mask > INSIDE).astype(np.uint8))
    number, labels, stats, _ = cv2.connectedComponentsWithStats(there)
    longer = max(stage.size)
    found: list[Warp] = []
    for label in range(1, number):
        if stats[label, cv2.CC_STAT_AREA] < MIN_FLOWER * there.size:
            continue
        own = as_map(labels == label)
        patch = Patch.around(own, round(BEYOND * longer))
        if patch is None:
            continue
        lags = as_map(2.0 * np.pi * part.random.random(len(STEM_HZ)))
        inside = as_map(taper(patch, BEYOND * longer))
        waves = nodding(stage, part, own, patch, (towards, lags))
        found.append(Bend("subject", patch, within(windowed(waves, inside))))
        strip = below(own, stage.masks.get(FOLIAGE))
        stem = None if strip is None else Patch.around(strip, FIELD_PX)
        if strip is not None and stem is not None:
            waves = nodding(stage, part, own, stem, (towards, lags))
            found.append(Bend("ground", stem, within(windowed(waves, coarse(strip, stem)))))
    return found


def close_up(stage: Stage, part: Part, towards: float) -> Warp:
    """A flower so near that nothing but it is seen: all of it sways, and its surroundings less."""
    height, width = stage.plate.shape[:2]
    everything = as_map(np.ones((height, width)))
    patch = Patch(0, 0, -(-width // FIELD_PX) * FIELD_PX, -(-height // FIELD_PX) * FIELD_PX)
    lags = as_map(2.0 * np.pi * part.random.random(len(STEM_HZ)))
    waves = nodding(stage, part, everything, patch, (towards, lags))
    return Bend("ground", patch, within(windowed(waves, taper(patch, FRAME * max(stage.size)))))


def windowed(waves: list[Wave], share: Map) -> list[Wave]:
    """Waves whose amplitude is multiplied by a share (rows, columns)."""
    return [Wave(wave.count, as_map(wave.way * share[..., None]), wave.lag) for wave in waves]


def below(own: Map, leafy: Map | None) -> Map | None:
    """How much the ground goes with a flower that shows no stem, (H, W) 0..1; None with a stem.

    The stem stands somewhere below the head, in the ground's layer: it has to lean as the head
    does. What is beside it follows less the farther it is, and what is no foliage does not.
    """
    rows = np.flatnonzero(own.any(axis=1))
    if foot_of(own) <= float(rows[-1]):
        return None
    height, width = own.shape
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    middle = (rows[0] + rows[-1]) / 2.0
    wide = float(own.any(axis=0).sum())
    beside = np.abs(column - stem_line(own, as_map(np.full(own.shape, rows[-1])))) / wide
    share = 1.0 - smoothstep(*BESIDE, as_map(beside))
    share *= smoothstep(0.0, 1.0, as_map((row - middle) / max(1.0, rows[-1] - middle)))
    if leafy is not None:
        inside = as_rgb((np.maximum(leafy, own) > INSIDE).astype(np.uint8))
        way = as_map(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5))
        share *= smoothstep(2.0 * FIELD_PX, 2.0 * FIELD_PX + EDGE * max(height, width), way)
    # Nothing moves at the plate's own borders.
    edge = np.minimum(np.minimum(row, height - 1 - row), np.minimum(column, width - 1 - column))
    share *= smoothstep(0.0, EDGE * max(height, width), as_map(edge))
    return as_map(share)


def nodding(
    stage: Stage, part: Part, own: Map, patch: Patch, wind: tuple[float, Map]
) -> list[Wave]:
    """The waves of one flower: a rod that is fixed at its foot.

    A place at height h (0 foot .. 1 top) goes sideways by D(h) = A·h^p; the rod's slope there turns
    its surroundings, so that the head nods and keeps its shape. wind: its sign and the lag of each
    harmonic.
    """
    longer = max(stage.size)
    towards, lags = wind
    rows = np.flatnonzero(own.any(axis=1))
    top, foot = float(rows[0]), foot_of(own)
    tall = max(foot - top, float(FIELD_PX))
    x, y = patch.coordinates()
    height = np.clip((foot - y) / tall, 0.0, 1.2)
    middle = stem_line(own, y)
    sideways = height**STEM_POWER
    turn = STEM_POWER * height ** (STEM_POWER - 1.0) / tall
    free = smoothstep(0.0, 0.15, as_map(height))
    way = np.stack([-towards * sideways, -towards * turn * (x - middle)], axis=2) * free[..., None]
    waves = []
    for count, amplitude, lag in zip(
        counts(STEM_HZ, stage.seconds, part.speed), STEM_AMPLITUDES, lags, strict=True
    ):
        size = amplitude * longer * part.strength
        waves.append(Wave(count, as_map(way * size), as_map(lag + 0.5 * (1.0 - height))))
    return waves


def foot_of(own: Map) -> float:
    """The row where a flower's stem begins, which may lie below what is seen of it."""
    rows = np.flatnonzero(own.any(axis=1))
    tall = int(rows[-1]) - int(rows[0]) + 1
    lowest = own[int(rows[-1]) - tall // 10 : int(rows[-1]) + 1]
    width = int(own.any(axis=0).sum())
    stemless = int(lowest.any(axis=0).sum()) > STEM_WIDTH * width
    return float(rows[-1]) + (STEM_LENGTH * tall if stemless else 0.0)


def stem_line(own: Map, y: Map) -> Map:
    """The column of a flower's middle at the rows y, from its foot to its head a straight line."""
    rows = np.flatnonzero(own.any(axis=1))
    half = (rows[0] + rows[-1]) // 2
    ends = []
    for part in (own[: half + 1], own[half:]):
        columns = part.sum(axis=0)
        ends.append(float((columns * np.arange(len(columns))).sum() / max(columns.sum(), 1.0)))
    share = np.clip((y - rows[0]) / max(1.0, float(rows[-1] - rows[0])), 0.0, 1.0)
    return as_map(ends[0] + (ends[1] - ends[0]) * share)


MAKERS: dict[Motion, Maker] = {"foliage": foliage}
