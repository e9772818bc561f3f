"""Foliage: leaves, grass and flowers that a breeze could sway.

Green is the colour of leaves in any light but the evening's; dry grass and autumn leaves are only
taken for what they are in an open landscape by day, since earth, wood and fur share their colour.
Low sun makes everything warm and most of it dark: then grass is what is coarse for its brightness
and of a deeper colour than the light, which stone, snow and far hills only reflect.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.evidence import rise
from model_endpoint.scene.guided import guided_filter
from model_endpoint.scene.model import FOLIAGE, Region, SceneKind

SIDE_PX = 320
#: CIE Lab, OpenCV's 8-bit scale about its middle: how green (-a) and how yellow (b) leaves are.
GREEN = (4.5, 12.0)
YELLOW = (2.0, 7.0)
LAB_MIDDLE = 128.0
#: Dark leaves have little of any colour: greenness counts relative to this lightness.
FULL_LIGHT = 90.0
DARKEST = 25.0
#: Dry grass and autumn leaves: hue (OpenCV, 0..180), saturation, b.
DRY_HUES = (9.0, 14.0, 28.0, 34.0)
DRY_SATURATION = (80.0, 110.0)
DRY_YELLOW = (11.0, 17.0)
#: Grass in the low sun, far darker than by day: hue, saturation, and texture relative to the
#: brightness, which grass keeps at any light; the grey levels at which noise would pass for it.
GOLDEN_HUES = (9.0, 12.0, 40.0, 48.0)
GOLDEN_SATURATION = (85.0, 120.0)
COARSE = (0.05, 0.08)
NOISE_LEVELS = 6.0
#: Among flowers everything is a plant: teal shadows of leaves, too.
PLANT_HUES = (16.0, 22.0, 92.0, 100.0)
PLANT_SATURATION = (50.0, 90.0)
#: Grey levels of fine texture, from smooth paint to leaves.
TEXTURE = (1.2, 2.8)
TEXTURE_PX = 1.2
AROUND_PX = 3.0
#: The likelihood is averaged over this many pixels: leaves have gaps.
GAPS_PX = 2.0
MIN_PART = 0.012
MIN_AREA = 0.01
MIN_CONFIDENCE = 0.5
DUSK_LEAST = 0.3
SET = 0.5
GUIDE_RADIUS_PX = 4
GUIDE_EPS = 1e-3

#: Where nothing sways, whatever its colour.
BARE: frozenset[SceneKind] = frozenset({"interior", "food", "drink", "rocket", "night"})
#: Where dry grass and autumn leaves are believed.
OPEN: frozenset[SceneKind] = frozenset({"landscape", "meadow", "stream"})
#: Where the low sun may shine on grass.
LOW_SUN: frozenset[SceneKind] = frozenset({"landscape", "meadow", "sunset"})


def find_foliage(
    photo: Rgb,
    size: tuple[int, int],
    kind: SceneKind,
    without: tuple[Region | None, ...],
    *,
    subject: Region | None,
    dusk: float,
) -> Region | None:
    """The foliage on maps of `size` (width, height), or None.

    photo (H, W, 3); without: the sky and the water; dusk: how much the light is the evening's.
    The subject is left out, unless it is a flower.
    """
    if kind in BARE:
        return None
    scale = min(1.0, SIDE_PX / max(photo.shape[:2]))
    small = as_rgb(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    height, width = small.shape[:2]
    likelihood = leaves(small)
    if kind == "flower":
        likelihood = np.maximum(likelihood, plants(small))
    else:
        if kind in OPEN and dusk < DUSK_LEAST:
            likelihood = np.maximum(likelihood, dry(small))
        likelihood = likelihood * ramp(texture(small), *TEXTURE)
        if kind in LOW_SUN and dusk >= DUSK_LEAST:
            likelihood = np.maximum(likelihood, golden(small))
    likelihood = as_map(cv2.GaussianBlur(as_map(likelihood), (0, 0), GAPS_PX))
    if subject is not None:
        part = cv2.resize(subject.mask, (width, height), interpolation=cv2.INTER_AREA)
        likelihood = np.maximum(likelihood, part) if kind == "flower" else likelihood * (1 - part)
    for region in without:
        if region is not None:
            part = cv2.resize(region.mask, (width, height), interpolation=cv2.INTER_AREA)
            likelihood = likelihood * (1.0 - part)
    inside = large_parts(likelihood > SET)
    if inside.mean() < MIN_AREA:
        return None
    confidence = rise(float(likelihood[inside].mean()), SET, 1.0) ** SET
    if confidence < MIN_CONFIDENCE:
        return None
    guide = as_map(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) / 255.0)
    fitted = guided_filter(guide, as_map(inside), radius=GUIDE_RADIUS_PX, eps=GUIDE_EPS)
    mask = as_map(cv2.resize(fitted, size, interpolation=cv2.INTER_LINEAR))
    return Region(kind=FOLIAGE, mask=mask, confidence=confidence)


def leaves(photo: Rgb) -> Map:
    """How much each colour is a leaf's green: (h, w) 0..1."""
    lightness, a, b = lab_of(photo)
    # What little light there is has little colour: dark leaves are measured by their own light.
    gain = np.clip(FULL_LIGHT / np.maximum(lightness, DARKEST), 1.0, None)
    return as_map(ramp(as_map(-a * gain), *GREEN) * ramp(as_map(b * gain), *YELLOW))


def dry(photo: Rgb) -> Map:
    """How much each colour is that of dry grass or autumn leaves: (h, w) 0..1."""
    hue, saturation, _ = hsv_of(photo)
    _, _, b = lab_of(photo)
    return as_map(between(hue, DRY_HUES) * ramp(saturation, *DRY_SATURATION) * ramp(b, *DRY_YELLOW))


def golden(photo: Rgb) -> Map:
    """How much each place looks like grass in the low sun: (h, w) 0..1."""
    hue, saturation, _ = hsv_of(photo)
    grey = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    coarse = texture(photo) / (cv2.GaussianBlur(grey, (0, 0), AROUND_PX) + NOISE_LEVELS)
    return as_map(
        between(hue, GOLDEN_HUES)
        * ramp(saturation, *GOLDEN_SATURATION)
        * ramp(as_map(coarse), *COARSE)
    )


def plants(photo: Rgb) -> Map:
    """How much each colour is a plant's, light or shade, from yellow to teal: (h, w) 0..1."""
    hue, saturation, _ = hsv_of(photo)
    return as_map(between(hue, PLANT_HUES) * ramp(saturation, *PLANT_SATURATION))


def texture(photo: Rgb) -> Map:
    """Mean departure from a small neighbourhood's mean, grey levels: (h, w)."""
    grey = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    fine = cv2.absdiff(grey, cv2.GaussianBlur(grey, (0, 0), TEXTURE_PX))
    return as_map(cv2.GaussianBlur(fine, (0, 0), AROUND_PX))


def large_parts(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected parts of at least MIN_PART of the picture, small holes filled."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    kept = np.asarray(stats[:, cv2.CC_STAT_AREA] >= MIN_PART * mask.size)
    kept[0] = False
    return np.asarray(kept[labels])


def lab_of(photo: Rgb) -> tuple[Map, Map, Map]:
    """L 0..255, a and b about 0: CIE Lab in OpenCV's scale."""
    lightness, a, b = cv2.split(as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)))
    return as_map(lightness), as_map(a) - LAB_MIDDLE, as_map(b) - LAB_MIDDLE


def hsv_of(photo: Rgb) -> tuple[Map, Map, Map]:
    """Hue 0..180, saturation and value 0..255."""
    hue, saturation, value = cv2.split(as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)))
    return as_map(hue), as_map(saturation), as_map(value)


def ramp(values: Map, low: float, high: float) -> Map:
    """0 at low, 1 at high, linear between."""
    return as_map(np.clip((values - low) / (high - low), 0.0, 1.0))


def between(values: Map, edges: tuple[float, float, float, float]) -> Map:
    """0 outside, 1 between the inner two edges, linear in between."""
    return as_map(ramp(values, edges[0], edges[1]) * (1.0 - ramp(values, edges[2], edges[3])))
