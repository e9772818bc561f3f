"""Running water without a sky: what is white and rough where all around is green, brown and grey.

In a wood or a gorge the light comes from above: falls and ripples send the sky's blue back, while
leaves, earth and rock are warmer. Foam is rough besides. So a stream is a chain of rough, bluish
places in a green scene, and the pools between them. What falls is the bright and rough part of it,
and it falls along its streaks: across the gradients' main direction, downhill.
"""

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.model import FALLING_WATER, Region
from model_endpoint.scene.outlines import Mask, above_half, disc, fit, lab_of, ramp, within

#: Longer side of the picture that the cues are computed on.
SIDE_PX = 384
#: CIE Lab: b below zero is blue; foam is so, and more than this many median deviations below all.
FOAM_BLUE = -3.0
FOAM_DEVIATIONS = 2.0
#: CIE Lab: foam is no deeper in colour (blue cloth is), and not in the dark.
FOAM_CHROMA = 25.0
FOAM_LIGHT = 15.0
#: Deviation of L in the neighbourhood, from which on water is rough, and from which on it falls.
ROUGH = 8.0
FALLING_ROUGH = 10.0
NEIGHBOURHOOD_PX = 3.0
#: L above which rough water is white.
WHITE = 60.0
#: CIE Lab: leaves are greener and yellower than this. Part of the scene that must be so.
LEAF_GREEN = -4.0
LEAF_YELLOW = 6.0
MIN_GREEN = 0.12
#: Parts of the picture: rough bluish water and the white in it; more than the last is no stream.
MIN_FOAM = 0.02
MIN_WHITE = 0.008
MAX_FOAM = 0.4
#: A part of the chain is at least this part of its largest one.
MIN_LINK = 0.15
#: Height of a pool between two falls, as a part of the picture, and the tint it does not have.
POOL = 0.16
POOL_GREEN = -3.0
#: What speaks for water against wet rock, each as (undecided, a point less or more): CIE Lab b,
#: roughness in medians of the scene's, share of upright streaks. Pools are calm, foam is blue,
#: ripples lie; rock is none of it.
BLUE_POINT = (-1.0, -6.0)
CALM_POINT = (1.1, 0.65)
LYING_POINT = (0.35, 0.2)
MOST_POINTS = 3.0
#: Pixels over which the points are averaged, and widths of specks and of gaps that are no matter.
POINTS_PX = 2.0
SPECK_PX, GAP_PX = 5, 7
#: Least part of the picture that falls, and least part of the largest fall that another one has.
MIN_FALLING = 0.005
MIN_FALL = 0.3
#: Share of upright streaks from which on rough water falls; ripples have less than half of that.
STANDING = 0.2
#: The percentile of the water's b below which it is as blue as falling foam.
BLUEST = 25.0
#: Pixels over which the share of upright streaks, their direction, and the flow are averaged.
UPRIGHT_PX = 4.0
STREAK_PX = 2.0
FLOW_PX = 6.0
#: Part of straight down in every direction of flow: streaks near the level say little.
GRAVITY = 0.35


def deviation(light: Map) -> Map:
    """The standard deviation of the lightness in the neighbourhood: (h, w)."""
    mean = as_map(cv2.GaussianBlur(light, (0, 0), NEIGHBOURHOOD_PX))
    square = as_map(cv2.GaussianBlur(light * light, (0, 0), NEIGHBOURHOOD_PX))
    return as_map(np.sqrt(np.maximum(square - mean * mean, 0.0)))


def standing(light: Map) -> Map:
    """Share of the gradients' energy across, 0..1: falls streak downwards, ripples lie."""
    across = as_map(cv2.Sobel(light, cv2.CV_32F, 1, 0)) / 8
    down = as_map(cv2.Sobel(light, cv2.CV_32F, 0, 1)) / 8
    blur = (0, 0), UPRIGHT_PX
    upright = as_map(cv2.GaussianBlur(across * across, *blur))
    lying = as_map(cv2.GaussianBlur(down * down, *blur))
    return as_map(upright / (upright + lying + 1.0))


def closed(mask: Mask, width: int, height: int) -> Mask:
    """A mask with gaps of less than that many pixels closed."""
    window = np.ones((height, width), dtype=np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, window) > 0)


def larger(mask: Mask, least: float) -> Mask:
    """The parts of a mask that have more than this part of the largest one's pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA].astype(float)
    areas[0] = 0.0
    return np.isin(labels, np.flatnonzero(areas > least * areas.max()))


def points(lab: Map, rough: Map) -> Map:
    """What speaks for water at each place, averaged around it: above zero it is more likely."""
    evidence = np.zeros_like(rough)
    for values, (undecided, sure) in (
        (as_map(cv2.GaussianBlur(lab[..., 2], (0, 0), 1.5)), BLUE_POINT),
        (as_map(rough / max(1.0, float(np.median(rough)))), CALM_POINT),
        (standing(lab[..., 0]), LYING_POINT),
    ):
        evidence += (values - undecided) / (sure - undecided)
    evidence = np.clip(evidence, -MOST_POINTS, MOST_POINTS)
    return as_map(cv2.GaussianBlur(evidence, (0, 0), POINTS_PX))


def without_rock(stream: Mask, lab: Map, rough: Map) -> Mask:
    """Of a stream (h, w) what is more likely water than wet rock."""
    water = np.asarray(stream & (points(lab, rough) > 0), dtype=np.uint8)
    water = np.asarray(cv2.morphologyEx(water, cv2.MORPH_OPEN, disc(SPECK_PX)), dtype=np.uint8)
    return np.asarray(cv2.morphologyEx(water, cv2.MORPH_CLOSE, disc(GAP_PX)) > 0)


def with_pools(links: Mask, possible: Mask) -> Mask:
    """The chain with the still water between its links, and down to the picture's lower edge."""
    height = max(2, round(POOL * len(links)))
    padded = np.pad(links, ((height, 0), (0, 0)))
    padded = np.pad(padded, ((0, height), (0, 0)), constant_values=True)
    between = closed(padded, 1, height)[height:-height]
    stream = closed(links | (between & possible), 9, 3)
    kept = cv2.morphologyEx(stream.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 5), np.uint8))
    return np.asarray(kept > 0)


def find_stream(photo: Rgb, size: tuple[int, int], never: Mask) -> tuple[Map, float] | None:
    """The mask of a stream on maps of `size` (width, height) and how sure it is, or None.

    never (any size): what is known to be something else.
    """
    small = within(photo, SIDE_PX)
    lab = lab_of(small)
    taken = above_half(as_map(never), small)
    smooth = as_map(cv2.GaussianBlur(lab, (0, 0), 1.5))
    light, green, yellow = smooth[..., 0], smooth[..., 1], smooth[..., 2]
    leaves = float(((lab[..., 1] < LEAF_GREEN) & (lab[..., 2] > LEAF_YELLOW)).mean())
    typical = float(np.median(yellow))
    spread = float(np.median(np.abs(yellow - typical)))
    blue = yellow < min(FOAM_BLUE, typical - FOAM_DEVIATIONS * spread)
    blue &= (light > FOAM_LIGHT) & (np.hypot(green, yellow) < FOAM_CHROMA) & ~taken
    rough = deviation(lab[..., 0])
    foam = blue & (rough > ROUGH)
    # Single glints are no stream.
    links = larger(closed(foam, 5, 5), MIN_LINK)
    share = float(links.mean())
    white = float((links & (lab[..., 0] > WHITE)).mean())
    if share < MIN_FOAM or share > MAX_FOAM or leaves < MIN_GREEN or white < MIN_WHITE:
        return None
    # What is bluish but smooth is shade, cloth or haze: foam is most of the blue there is.
    evidence = as_map([foam.sum() / blue.sum(), leaves / MIN_GREEN, share / MIN_FOAM])
    confidence = float(ramp(evidence, 0.5, 1.5).clip(0.0, 1.0)[1:].mean())
    confidence *= float(ramp(as_map(evidence[0]), 0.5, 0.8))
    possible = (yellow < typical + LEAF_YELLOW / 3) & (green > POOL_GREEN) & ~taken
    stream = without_rock(with_pools(links, possible), lab, rough)
    return fit(photo, stream, size), confidence


def streaks(light: Map) -> Map:
    """Along the streaks of a picture, downhill: (h, w, 2) unit vectors, x right and y down.

    The eigenvector of the smoothed structure tensor's smaller eigenvalue: with
    tan(2 angle) = 2 Jxy / (Jxx - Jyy), the gradients' main direction, and a right angle more.
    Bigün and Granlund, Optimal Orientation Detection of Linear Symmetry, ICCV 1987.
    """
    across = as_map(cv2.Sobel(light, cv2.CV_32F, 1, 0))
    down = as_map(cv2.Sobel(light, cv2.CV_32F, 0, 1))
    blur = (0, 0), STREAK_PX
    xx = as_map(cv2.GaussianBlur(across * across, *blur))
    yy = as_map(cv2.GaussianBlur(down * down, *blur))
    xy = as_map(cv2.GaussianBlur(across * down, *blur))
    angle = 0.5 * np.arctan2(2.0 * xy, xx - yy) + np.pi / 2
    along = np.stack([np.cos(angle), np.sin(angle)], axis=2)
    along *= np.where(along[..., 1:] < 0, -1.0, 1.0)
    # As sure as the tensor is stretched; where it is round, only gravity speaks.
    stretch = np.hypot(xx - yy, 2.0 * xy) / (xx + yy + 1e-3)
    mean = as_map(cv2.GaussianBlur(as_map(along * stretch[..., None]), (0, 0), FLOW_PX))
    mean[..., 1] = np.maximum(mean[..., 1], 0.0) + GRAVITY
    return as_map(mean / np.linalg.norm(mean, axis=2, keepdims=True))


def find_falling(photo: Rgb, size: tuple[int, int], water: Region | None) -> Region | None:
    """What of the water falls, with its flow, on maps of `size`; None where nothing does."""
    if water is None:
        return None
    small = within(photo, SIDE_PX)
    lab = lab_of(small)
    light, blue = lab[..., 0], as_map(cv2.GaussianBlur(lab[..., 2], (0, 0), 1.5))
    inside = above_half(water.mask, small)
    if not inside.any():
        return None
    rough = deviation(light)
    # Foam takes the sky's blue where it flies; what it has fallen into is clearer.
    falls = inside & (rough > FALLING_ROUGH) & (standing(light) > STANDING)
    falls &= blue < float(np.percentile(blue[inside], BLUEST))
    falls = closed(falls, 3, 3) & inside
    opened = cv2.morphologyEx(falls.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    falls = larger(np.asarray(opened > 0), MIN_FALL)
    if falls.mean() < MIN_FALLING:
        return None
    mask = as_map(np.minimum(fit(photo, falls, size), water.mask))
    flow = as_map(cv2.resize(streaks(light), size, interpolation=cv2.INTER_LINEAR))
    flow /= np.maximum(np.linalg.norm(flow, axis=2, keepdims=True), 1e-6)
    white = float((light[falls] > WHITE).mean())
    confidence = water.confidence * float(ramp(as_map(white), 0.05, 0.4))
    return Region(FALLING_WATER, mask, confidence, flow=as_map(flow * (mask[..., None] > 0)))
