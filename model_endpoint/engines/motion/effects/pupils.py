"""Highlights in eyes: small bright spots in something dark, in plate pixels."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.region import INSIDE
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: A highlight is brighter than the median of its surroundings by this many levels.
GLINT_LEVELS = 55.0
#: Animals' eyes are looked for at this longer side.
LOOKED_AT_PX = 320
#: How dark pupils may be (luma), darkest first: the rim of an eye is dark as well, but less. And
#: how much darker they are than the ring around them; fur may be dark too.
PUPIL_LUMAS = (20, 30, 45)
RING_LEVELS = 35.0
#: Its area as a part of the picture's, how much of its hull it fills, and its longest shape.
AREAS = (1.5e-4, 2.5e-2)
SOLID = 0.72
LONGEST = 3.2
#: Two pupils are alike: areas at most so unlike, and so far apart in square roots of the area,
#: more beside than above each other.
UNLIKE = 3.5
APART = (2.5, 16.0)
SLANT = 0.6
#: Of several pairs the largest must be so much larger than the next.
CLEARLY = 1.2
#: A highlight is at least this bright (luma), and is looked for in a box around the pupil that is
#: so much larger: it lies on its edge as often as within.
GLINT_LUMA = 150.0
AROUND = 1.4
#: The least sides in pixels of a box that has room for a spot and its surroundings, and the part
#: of it that a spot may fill: the white of an eye is none.
ROOM_PX = 3
SPOT = 0.25


@dataclass(frozen=True, slots=True)
class Glint:
    """A highlight on the plate: its middle and radius in plate pixels."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Blob:
    """A dark place: middle, area and half sides of its box, in looked-at pixels."""

    x: float
    y: float
    area: float
    half: tuple[float, float]


def brightest(plate: Rgb, centre: Map, half: tuple[float, float]) -> Glint | None:
    """The highlight in a box (half its width and height) around a centre; None without one."""
    height, width = plate.shape[:2]
    left, right = max(0, int(centre[0] - half[0])), min(width, int(centre[0] + half[0]) + 1)
    top, bottom = max(0, int(centre[1] - half[1])), min(height, int(centre[1] + half[1]) + 1)
    if right - left < ROOM_PX or bottom - top < ROOM_PX:
        return None
    luma = as_map(cv2.cvtColor(plate[top:bottom, left:right], cv2.COLOR_RGB2GRAY))
    level = float(np.median(luma))
    row, column = np.unravel_index(int(luma.argmax()), luma.shape)
    if float(luma.max()) < max(GLINT_LUMA, level + GLINT_LEVELS):
        return None
    spot = as_rgb((luma > (level + float(luma.max())) / 2.0).astype(np.uint8))
    _, labels, stats, centres = cv2.connectedComponentsWithStats(spot)
    label = int(labels[row, column])
    area = float(stats[label, cv2.CC_STAT_AREA])
    if area > SPOT * luma.size:
        return None
    x, y = centres[label]
    return Glint(left + float(x), top + float(y), float(np.sqrt(area / np.pi)))


def pupils(plate: Rgb, mask: Map) -> tuple[Glint, ...]:
    """The highlights of an animal's two eyes; none unless one pair of pupils is clear."""
    scale = min(1.0, LOOKED_AT_PX / max(plate.shape[:2]))
    small = cv2.resize(plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    there = cv2.resize(mask, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    for darkness in PUPIL_LUMAS:
        dark = as_rgb(((luma < darkness) & (there > INSIDE)).astype(np.uint8))
        blobs = dark_blobs(dark, as_map(luma))
        pairs = [pair for pair in itertools.combinations(blobs, 2) if alike(*pair)]
        if pairs:
            break
    pairs.sort(key=lambda pair: pair[0].area + pair[1].area, reverse=True)
    sums = [one.area + other.area for one, other in pairs]
    if not pairs or (len(pairs) > 1 and sums[0] < CLEARLY * sums[1]):
        return ()
    found = []
    for blob in pairs[0]:
        half = (AROUND * blob.half[0] / scale, AROUND * blob.half[1] / scale)
        glint = brightest(plate, as_map([blob.x / scale, blob.y / scale]), half)
        if glint is not None:
            found.append(glint)
    return tuple(found)


def dark_blobs(dark: Rgb, luma: Map) -> list[Blob]:
    """Compact dark places in something brighter."""
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = []
    for outline in outlines:
        area = float(cv2.contourArea(outline))
        if not AREAS[0] * luma.size <= area <= AREAS[1] * luma.size:
            continue
        left, top, wide, tall = cv2.boundingRect(outline)
        hull = float(cv2.contourArea(cv2.convexHull(outline)))
        if area < SOLID * hull or max(wide, tall) > LONGEST * min(wide, tall):
            continue
        own = np.zeros(luma.shape, dtype=np.uint8)
        cv2.drawContours(own, [outline], -1, (1.0,), cv2.FILLED)
        ring = cv2.dilate(own, np.ones((7, 7), np.uint8)) - cv2.dilate(
            own, np.ones((3, 3), np.uint8)
        )
        if float(luma[ring > 0].mean()) - float(np.median(luma[own > 0])) < RING_LEVELS:
            continue
        found.append(Blob(left + wide / 2.0, top + tall / 2.0, area, (wide / 2.0, tall / 2.0)))
    return found


def alike(one: Blob, other: Blob) -> bool:
    """Whether two dark places may be the eyes of one head."""
    ratio = max(one.area, other.area) / min(one.area, other.area)
    beside, above = abs(one.x - other.x), abs(one.y - other.y)
    size = float(np.sqrt((one.area + other.area) / 2.0))
    return ratio <= UNLIKE and above <= SLANT * beside and APART[0] <= beside / size <= APART[1]
