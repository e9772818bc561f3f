"""Running water without a sky: what is white and rough where all around is green, brown and grey.

In a wood or a gorge the light comes from above: falls and ripples send the sky's blue back, while
leaves, earth and rock are warmer. Foam is rough besides. So a stream is a chain of rough, bluish
places in a green scene, and the pools between them.

Wet rock lies between them, too. Water is either blue, where it is white with foam, or calm, where
it is clear; rock is rough and hardly blue, and where it is smooth it is lit and bright, while a
calm pool mirrors the dark wood.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.outlines import Mask, above_half, disc, fit, lab_of, ramp, within

#: Longer side of the picture that the cues are computed on.
SIDE_PX = 512
#: Pixels over which colours and the lightness's deviation are averaged, and wider ones.
COLOUR_PX = 2.0
NEIGHBOURHOOD_PX = 3.0
#: CIE Lab: b below zero is blue; foam is so, and more than this many median deviations below all.
FOAM_BLUE = -3.0
FOAM_DEVIATIONS = 2.0
#: CIE Lab: foam is no deeper in colour (blue cloth is), and not in the dark.
FOAM_CHROMA = 25.0
FOAM_LIGHT = 15.0
#: Deviation of L in the neighbourhood, from which on water is rough.
ROUGH = 8.0
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
#: A part of the chain is at least this part of its largest one, and so is one of the water.
MIN_LINK = 0.15
MIN_PART = 0.05
#: Width and height of gaps that are closed in the foam, and in the chain; those of a least link.
FOAM_GAP_PX = (7, 7)
CHAIN_GAP_PX = (17, 5)
LINK_PX = (9, 3)
#: Height of a pool between two falls, as a part of the picture.
POOL = 0.24
#: What speaks for water against wet rock, each as (undecided, sure): CIE Lab b of foam; roughness
#: in medians of the scene's, of a pool; share of upright streaks, since ripples lie; CIE Lab a,
#: since moss is green. One of the first two must be; the others count for less.
BLUE_POINT = (-5.5, -9.0)
CALM_POINT = (1.0, 0.6)
LYING_POINT = (0.35, 0.15)
BARE_POINT = (-2.0, 2.0)
LESS = 0.3
#: Lightness and roughness at which a smooth place is no pool for sure, each as (undecided, sure),
#: and what that counts.
LIT = (62.0, 68.0)
SMOOTH = (0.9, 0.6)
AGAINST = 1.5
#: Points from which on it is water, and those from which on a pool goes on to its sides.
ENOUGH = 0.08
PLENTY = 0.6
#: Pixels over which the points are averaged, upright streaks and greenness as well.
POINTS_PX = 3.3
UPRIGHT_PX = 4.0
BARE_PX = 3.0
#: Widths of specks and of gaps that are no matter; how far a pool goes on to its sides, in steps.
SPECK_PX, GAP_PX = 7, 9
SIDEWAYS_PX = 61
SIDEWAYS_STEPS = 2
NECK_PX = 5


def deviation(light: Map) -> Map:
    """The standard deviation of the lightness in the neighbourhood: (h, w)."""
    mean = as_map(cv2.GaussianBlur(light, (0, 0), NEIGHBOURHOOD_PX))
    square = as_map(cv2.GaussianBlur(light * light, (0, 0), NEIGHBOURHOOD_PX))
    return as_map(np.sqrt(np.maximum(square - mean * mean, 0.0)))


def energies(light: Map, reach: float) -> tuple[Map, Map]:
    """Mean squared gradients across and down, L per pixel, over a reach in pixels: two (h, w)."""
    across = as_map(cv2.Sobel(light, cv2.CV_32F, 1, 0)) / 8
    down = as_map(cv2.Sobel(light, cv2.CV_32F, 0, 1)) / 8
    upright = as_map(cv2.GaussianBlur(across * across, (0, 0), reach))
    return upright, as_map(cv2.GaussianBlur(down * down, (0, 0), reach))


def standing(light: Map) -> Map:
    """Share of the gradients' energy across, 0..1: falls streak downwards, ripples lie."""
    upright, lying = energies(light, UPRIGHT_PX)
    return as_map(upright / (upright + lying + 1.0))


def closed(mask: Mask, width: int, height: int) -> Mask:
    """A mask with gaps of less than that many pixels closed."""
    window = np.ones((height, width), dtype=np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, window) > 0)


def opened(mask: Mask, window: NDArray[np.uint8]) -> Mask:
    """A mask without what the window does not fit into."""
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, window) > 0)


def larger(mask: Mask, least: float) -> Mask:
    """The parts of a mask that have more than this part of the largest one's pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA].astype(float)
    areas[0] = 0.0
    return np.isin(labels, np.flatnonzero(areas > least * areas.max()))


def point(values: Map, scale: tuple[float, float]) -> Map:
    """0 where undecided, 1 where sure, -1 as far on the other side."""
    undecided, sure = scale
    return as_map(np.clip((values - undecided) / (sure - undecided), -1.0, 1.0))


def points(lab: Map, rough: Map) -> Map:
    """What speaks for water at each place, averaged around it: above zero it is more likely."""
    rough = as_map(rough / max(1.0, float(np.median(rough))))
    blue = point(as_map(cv2.GaussianBlur(lab[..., 2], (0, 0), COLOUR_PX)), BLUE_POINT)
    evidence = np.maximum(blue, point(rough, CALM_POINT))
    evidence += LESS * point(standing(lab[..., 0]), LYING_POINT)
    evidence += LESS * point(as_map(cv2.GaussianBlur(lab[..., 1], (0, 0), BARE_PX)), BARE_POINT)
    light = as_map(cv2.GaussianBlur(lab[..., 0], (0, 0), NEIGHBOURHOOD_PX))
    evidence -= AGAINST * ramp(light, *LIT) * ramp(rough, *SMOOTH)
    return as_map(cv2.GaussianBlur(evidence, (0, 0), POINTS_PX))


def sideways(water: Mask, surely: Mask) -> Mask:
    """A water (h, w) whose pools go on to their sides where that is `surely` water: they lie level.

    Not through what is narrower than a neck.
    """
    row = np.ones((1, SIDEWAYS_PX), dtype=np.uint8)
    for _ in range(SIDEWAYS_STEPS):
        water = water | (np.asarray(cv2.dilate(water.astype(np.uint8), row) > 0) & surely)
    return opened(water, disc(NECK_PX))


def without_rock(stream: Mask, possible: Mask, lab: Map, rough: Map) -> Mask:
    """Of a stream (h, w) what is more likely water than wet rock, and what of the `possible` is.

    lab (h, w, 3); rough (h, w).
    """
    evidence = points(lab, rough)
    water = opened(np.asarray(stream & (evidence > ENOUGH)), disc(SPECK_PX))
    water = np.asarray(cv2.morphologyEx(water.astype(np.uint8), cv2.MORPH_CLOSE, disc(GAP_PX)) > 0)
    return larger(sideways(water, np.asarray(possible & (evidence > PLENTY))), MIN_PART)


def with_pools(links: Mask, possible: Mask) -> Mask:
    """The chain with the still water between its links, and down to the picture's lower edge."""
    height = max(2, round(POOL * len(links)))
    padded = np.pad(links, ((height, 0), (0, 0)))
    padded = np.pad(padded, ((0, height), (0, 0)), constant_values=True)
    between = closed(padded, 1, height)[height:-height]
    stream = closed(links | (between & possible), *CHAIN_GAP_PX)
    return opened(stream, np.ones(LINK_PX[::-1], np.uint8))


def find_stream(photo: Rgb, size: tuple[int, int], never: Mask) -> tuple[Map, float] | None:
    """The mask of a stream on maps of `size` (width, height) and how sure it is, or None.

    never (any size): what is known to be something else.
    """
    small = within(photo, SIDE_PX)
    lab = lab_of(small)
    taken = above_half(as_map(never), small)
    smooth = as_map(cv2.GaussianBlur(lab, (0, 0), COLOUR_PX))
    light, green, yellow = smooth[..., 0], smooth[..., 1], smooth[..., 2]
    leaves = float(((lab[..., 1] < LEAF_GREEN) & (lab[..., 2] > LEAF_YELLOW)).mean())
    typical = float(np.median(yellow))
    spread = float(np.median(np.abs(yellow - typical)))
    blue = yellow < min(FOAM_BLUE, typical - FOAM_DEVIATIONS * spread)
    blue &= (light > FOAM_LIGHT) & (np.hypot(green, yellow) < FOAM_CHROMA) & ~taken
    rough = deviation(lab[..., 0])
    foam = blue & (rough > ROUGH)
    # Single glints are no stream.
    links = larger(closed(foam, *FOAM_GAP_PX), MIN_LINK)
    share = float(links.mean())
    white = float((links & (lab[..., 0] > WHITE)).mean())
    if share < MIN_FOAM or share > MAX_FOAM or leaves < MIN_GREEN or white < MIN_WHITE:
        return None
    # What is bluish but smooth is shade, cloth or haze: foam is most of the blue there is.
    evidence = as_map([foam.sum() / blue.sum(), leaves / MIN_GREEN, share / MIN_FOAM])
    confidence = float(ramp(evidence, 0.5, 1.5).clip(0.0, 1.0)[1:].mean())
    confidence *= float(ramp(as_map(evidence[0]), 0.5, 0.8))
    possible = (yellow < typical + LEAF_YELLOW) & (green > LEAF_GREEN) & ~taken
    stream = without_rock(with_pools(links, possible), possible, lab, rough)
    return fit(photo, stream, size), confidence
