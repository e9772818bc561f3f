"""Places that give light, steam or fire: only what is seen, and only where the scene has it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Rgb, as_map, as_rgb
from model_endpoint.scene.evidence import rise, together
from model_endpoint.scene.model import Region, SceneKind, Source, SourceKind

#: Luma of a burnt-out sun, and the least part of its white region that its disc fills.
SUN_LUMA = 251
SUN_SOLID = 0.3
#: The sun's radius with its burnt-out halo, as parts of the longer side.
SUN_RADII = (0.008, 0.1)
#: Red over blue in the halo, grey levels: white or yellow; the fringe of a cloud is blue.
HALO_WARMTH = (-15.0, 3.0)
#: How much darker the halo is at three radii than at the disc's edge: a flare fades, a wall stands.
HALO_FALL = (15.0, 45.0)
#: The dark side of what stands before the sun: median luma of the ground.
BACKLIT = (110.0, 75.0)
#: The sun's centre may be cut off by hills: parts of the longer side beyond the sky's mask.
BEHIND_HILLS = 0.04
#: Where lamps are looked for: elsewhere bright specks are dew, buds, or glitter.
LAMPLIT = frozenset({"night", "rocket", "city"})
#: Lamps at night: value 0..255, and how much it stands above its surroundings.
LAMP_VALUE = 200.0
LAMP_RISE = (70.0, 130.0)
#: Its core is burnt out, whatever its colour: the least of red, green and blue.
LAMP_CORE = (205.0, 230.0)
#: Surroundings of a lamp, and its largest area, as parts of the longer side and of the picture.
LAMP_SIDE = 0.05
LAMP_AREA = 0.004
#: Pixels of the analysed picture: less may be a star.
LAMP_LEAST_PX = 6
MAX_LAMPS = 12
#: A glow reaches as far as this many radii of its core.
GLOW = 2.5
#: Flames: hue, saturation, value (OpenCV) of their outside; value and luma of their core.
FLAME_HUE = 28
FLAME_SATURATION = 90
FLAME_VALUE = 190
FLAME_CORE = 235
FLAME_CORE_SHARE = (0.03, 0.2)
#: Value of what is around a flame, which outshines it.
FLAME_DARK = (170.0, 110.0)
FLAME_AREA = (0.0004, 0.15)
FLAME_LEAST = 0.3
#: Windows: luma; area as a part of the picture; part of its rectangle; rise above the wall.
WINDOW_LUMA = 228
WINDOW_AREA = (0.01, 0.3)
WINDOW_FILL = (0.55, 0.85)
WINDOW_RISE = (50.0, 100.0)
#: Half the width of a window's bars, as a part of the longer side.
BAR = 0.01
MAX_WINDOWS = 3
#: A plume begins this part of the height around the rocket's foot, and is at least so bright.
PLUME_REACH = 0.06
PLUME_LUMA = 235
PLUME_LEAST = 0.0015
MIN_CONFIDENCE = 0.45
MIDDLE = 0.5
#: Where a region is taken for set.
SURE = 0.5


@dataclass(frozen=True, slots=True)
class Hints:
    """What else is known of the photo: the kind of scene, and 0..1 how much speaks for the rest.

    night: for darkness; fire: for flames; hot: for a hot drink or meal.
    """

    kind: SceneKind
    night: float
    fire: float
    hot: float


def find_sun(photo: Rgb, sky: Region | None) -> Source | None:
    """The sun in the sky or on its lower edge, burnt out, with a halo that fades. photo (h, w, 3).

    The disc is the largest circle that fits into the white: rays and flares do not count.
    """
    if sky is None:
        return None
    height, width = photo.shape[:2]
    longer = max(height, width)
    luma = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    inside = cv2.resize(sky.mask, (width, height), interpolation=cv2.INTER_LINEAR) > SURE
    reach = 2 * round(BEHIND_HILLS * longer) + 1
    near_sky = cv2.dilate(inside.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    white = ((cv2.GaussianBlur(luma, (0, 0), 1.0) >= SUN_LUMA) & near_sky).astype(np.uint8)
    _, labels = cv2.connectedComponents(white)
    # The sun may be cut off by the picture's edge: what is outside goes on as it is inside.
    framed = cv2.copyMakeBorder(white, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    within = as_map(cv2.distanceTransform(framed, cv2.DIST_L2, 5))[1:-1, 1:-1]
    row, column = (int(v) for v in np.unravel_index(int(within.argmax()), within.shape))
    radius = float(within[row, column])
    if not SUN_RADII[0] * longer <= radius <= SUN_RADII[1] * longer:
        return None
    area = float((labels == labels[row, column]).sum())
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot(rows - row, columns - column)
    edge = (away >= radius) & (away < 1.5 * radius)
    halo = (away >= 2.5 * radius) & (away < 4.0 * radius) & near_sky
    ground = luma[~inside]
    if not edge.any() or not halo.any() or len(ground) == 0:
        return None
    colours = photo[halo].astype(float).mean(axis=0)
    confidence = together(
        rise(np.pi * radius**2 / area, SUN_SOLID / 2, 2 * SUN_SOLID),
        rise(float(colours[0] - colours[2]), *HALO_WARMTH),
        rise(float(luma[edge].mean() - luma[halo].mean()), *HALO_FALL),
        rise(float(np.median(ground)), *BACKLIT),
    )
    if confidence < MIN_CONFIDENCE:
        return None
    return placed("sun", (column, row), radius, (width, height), confidence=confidence)


def find_lights(photo: Rgb, hints: Hints) -> tuple[Source, ...]:
    """Lamps at night: small bright places that stand out of the dark. photo (h, w, 3)."""
    if hints.kind not in LAMPLIT:
        return ()
    height, width = photo.shape[:2]
    value = as_rgb(photo.max(axis=2))
    side = 2 * round(LAMP_SIDE * max(height, width) / 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    above = as_map(cv2.subtract(value, cv2.morphologyEx(value, cv2.MORPH_OPEN, disc)))
    core = as_rgb((above > LAMP_RISE[0]) & (value > LAMP_VALUE))
    core = as_rgb(cv2.morphologyEx(core, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(core)
    lamps = []
    for label in range(1, count):
        area = int(stats[label, cv2.CC_STAT_AREA])
        if not LAMP_LEAST_PX <= area <= LAMP_AREA * core.size:
            continue
        left, top = stats[label, cv2.CC_STAT_LEFT], stats[label, cv2.CC_STAT_TOP]
        spot = labels[top:, left:][: stats[label, cv2.CC_STAT_HEIGHT]]
        mine = spot[:, : stats[label, cv2.CC_STAT_WIDTH]] == label
        place = value[top:, left:][: mine.shape[0], : mine.shape[1]]
        # The brightest part is the lamp; its star of rays may be lopsided.
        weights = np.where(mine, place.astype(float) ** 8, 0.0)
        weights /= weights.sum()
        x = float(left + (weights.sum(axis=0) * np.arange(mine.shape[1])).sum())
        y = float(top + (weights.sum(axis=1) * np.arange(mine.shape[0])).sum())
        # A lamp is about as high as wide, with its rays; a lit edge is not.
        long, short = max(mine.shape), min(mine.shape)
        peak = float(above[labels == label].max())
        white = float(photo[labels == label].min(axis=1).max())
        confidence = together(
            rise(peak, *LAMP_RISE),
            rise(short / long, 0.15, 0.5),
            rise(hints.night, 0.1, 0.5),
            rise(white, *LAMP_CORE),
        )
        if confidence >= MIN_CONFIDENCE:
            radius = GLOW * float(np.sqrt(area / np.pi))
            strength = rise(area / core.size, 0.0, LAMP_AREA / 8)
            lamps.append(
                placed(
                    "light",
                    (x, y),
                    radius,
                    (width, height),
                    confidence=confidence,
                    strength=strength,
                )
            )
    lamps.sort(key=lambda lamp: lamp.strength, reverse=True)
    return tuple(lamps[:MAX_LAMPS])


def find_fire(photo: Rgb, hints: Hints) -> tuple[Source, ...]:
    """Flames: a white-hot core in saturated yellow and orange. Only where something tells of fire.

    photo (h, w, 3).
    """
    if hints.fire < FLAME_LEAST:
        return ()
    hue, saturation, value = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV))
    core = value >= FLAME_CORE
    outside = (hue < FLAME_HUE) & (saturation > FLAME_SATURATION) & (value > FLAME_VALUE)
    flames = []
    for blob, area, centre in blobs(outside | core):
        share = float(outside[blob].mean())
        if not FLAME_AREA[0] <= area <= FLAME_AREA[1] or not core[blob].any():
            continue
        radius = float(np.sqrt(area * blob.size / np.pi))
        side = 2 * round(radius) + 3
        ring = (cv2.dilate(blob.astype(np.uint8), np.ones((side, side), np.uint8)) > 0) & ~blob
        confidence = together(
            rise(share, 0.1, 0.4),
            rise(float(core[blob].mean()), *FLAME_CORE_SHARE),
            rise(float(np.median(value[ring])) if ring.any() else 255.0, *FLAME_DARK),
            rise(hints.fire, 0.2, 0.6),
        )
        if confidence >= MIN_CONFIDENCE:
            size = (photo.shape[1], photo.shape[0])
            flames.append(placed("fire", centre, radius, size, confidence=confidence))
    return tuple(flames)


def find_windows(photo: Rgb, hints: Hints) -> tuple[Source, ...]:
    """Bright windows in a room: even, light rectangles in a darker wall. photo (h, w, 3)."""
    if hints.kind != "interior":
        return ()
    luma = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    bright = as_rgb((luma >= WINDOW_LUMA).astype(np.uint8))
    # Bars and mullions do not part a window.
    side = 2 * round(BAR * max(luma.shape)) + 1
    bright = as_rgb(cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)))
    windows = []
    for blob, area, _ in blobs(bright > 0):
        if not WINDOW_AREA[0] <= area <= WINDOW_AREA[1]:
            continue
        outlines, _ = cv2.findContours(
            blob.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        (x, y), (across, along), _ = cv2.minAreaRect(np.concatenate(outlines))
        fill = float(blob.sum()) / max(1.0, across * along)
        wide = np.ones((4 * side + 1, 4 * side + 1), np.uint8)
        around = (cv2.dilate(blob.astype(np.uint8), wide) > 0) & ~blob
        lighter = float(luma[blob].mean() - luma[around].mean()) if around.any() else 0.0
        confidence = together(rise(fill, *WINDOW_FILL), rise(lighter, *WINDOW_RISE))
        if confidence >= MIN_CONFIDENCE:
            radius = max(across, along) / 2.0
            size = (photo.shape[1], photo.shape[0])
            windows.append(placed("window", (x, y), radius, size, confidence=confidence))
    windows.sort(key=lambda window: window.radius, reverse=True)
    return tuple(windows[:MAX_WINDOWS])


def find_exhaust(photo: Rgb, hints: Hints, subject: Region | None) -> Source | None:
    """The flame under a rocket, where one burns: white or yellow right below its foot."""
    if hints.kind != "rocket" or subject is None:
        return None
    height, width = photo.shape[:2]
    body = cv2.resize(subject.mask, (width, height), interpolation=cv2.INTER_LINEAR) > SURE
    rows = np.flatnonzero(body.any(axis=1))
    if len(rows) == 0:
        return None
    foot = int(rows[-1])
    reach = max(2, round(PLUME_REACH * height))
    columns = np.flatnonzero(body[max(0, foot - reach) : foot + 1].any(axis=0))
    thick = max(2.0, float(columns[-1] - columns[0] + 1))
    hue, _, value = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV))
    hot = (value >= PLUME_LUMA) & ((hue < FLAME_HUE) | (photo.min(axis=2) >= PLUME_LUMA))
    middle = float(columns.mean())
    for blob, area, (x, y) in blobs(hot & ~body):
        top = int(np.flatnonzero(blob.any(axis=1))[0])
        beneath = abs(x - middle) <= thick and abs(top - foot) <= reach and y > foot
        across = float(blob.any(axis=0).sum())
        if beneath and area >= PLUME_LEAST and across >= MIDDLE * thick:
            radius = across / 2.0
            confidence = rise(across / thick, 0.3, 1.0)
            if confidence >= MIN_CONFIDENCE:
                return placed(
                    "exhaust", (middle, foot), radius, (width, height), confidence=confidence
                )
    return None


def blobs(
    mask: NDArray[np.bool_],
) -> list[tuple[NDArray[np.bool_], float, tuple[float, float]]]:
    """The connected parts of a mask: each as a mask, its part of the picture, its centre."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    floor = max(4, round(1e-4 * mask.size))
    return [
        (
            np.asarray(labels == label),
            float(stats[label, cv2.CC_STAT_AREA]) / mask.size,
            (float(centres[label][0]), float(centres[label][1])),
        )
        for label in range(1, count)
        if stats[label, cv2.CC_STAT_AREA] >= floor
    ]


def placed(
    kind: SourceKind,
    centre: tuple[float, float],
    radius: float,
    size: tuple[int, int],
    *,
    confidence: float,
    strength: float = 1.0,
) -> Source:
    """A source from pixels of a picture of `size` (width, height)."""
    return Source(
        kind=kind,
        x=float(np.clip((centre[0] + MIDDLE) / size[0], 0.0, 1.0)),
        y=float(np.clip((centre[1] + MIDDLE) / size[1], 0.0, 1.0)),
        radius=radius / max(size),
        confidence=confidence,
        strength=strength,
    )
