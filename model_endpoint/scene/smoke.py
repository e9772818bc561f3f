"""Smoke and exhaust: a grey, soft column that rises from a narrow foot and widens upwards.

Mist, walls and dusk are grey and soft as well: smoke is only looked for where the photo is said to
show some, and only believed before the sky and where its outline is that of a plume.
"""

from dataclasses import replace

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.cloth import ball
from model_endpoint.scene.evidence import rise
from model_endpoint.scene.model import SMOKE, Region
from model_endpoint.scene.outlines import Mask, above_half, lab_of, within

SIDE_PX = 256
#: Deviations of the blurs, parts of the longer side: grain, and the folds of smoke.
GRAIN, BILLOW = 0.004, 0.02
#: CIE Lab: distance from grey of smoke; lightness by which it differs from what is around; how much
#: its lightness changes from pixel to pixel at most.
GREY = 9.0
DIFFERS = 4.0
SOFT = 2.2
#: What is around is looked for within this part of the longer side.
AROUND = 0.12
THIN = 0.01
#: The part of the photo that smoke takes.
AREAS = (0.01, 0.4)
#: Width of the upper third over that of the lowest fifth: from a pillar to a plume.
WIDENS = (1.25, 1.9)
#: Height over the greatest width, and the part of its hull that a plume fills.
TALL = (0.6, 1.1)
FILLS = (0.55, 0.75)
#: Beside its outline, parts of the longer side: there smoke differs from what is on its sides (CIE
#: Lab), and no pixel takes more than a part of that.
RIM = 0.04
UNLIKE = (3.0, 8.0)
EDGE = (0.45, 0.3)
UPPER, LOWER = 1 / 3, 1 / 5
MIN_CONFIDENCE = 0.5
HALF = 0.5
MIN_ROWS = 8


def find_smoke(
    photo: Rgb,
    size: tuple[int, int],
    sky: Region | None,
    without: tuple[Region | None, ...],
    *,
    told: bool,
) -> Region | None:
    """Smoke on maps of `size` (width, height), or None if it is not sure.

    photo (h, w, 3); sky: what it rises before, which may have been taken to include it; without:
    regions that are none; told: whether the photo is said to show some.
    """
    if not told or sky is None:
        return None
    small = within(photo, SIDE_PX)
    candidates = grey_and_soft(small)
    for region in without:
        if region is not None:
            mask = cv2.resize(region.mask, candidates.shape[::-1], interpolation=cv2.INTER_AREA)
            candidates &= mask < HALF
    opened = cv2.morphologyEx(
        candidates.astype(np.uint8), cv2.MORPH_OPEN, ball(THIN, candidates.astype(np.uint8))
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    areas = stats[:, cv2.CC_STAT_AREA] / opened.size
    lightness = as_map(lab_of(small)[..., 0])
    open_sky = above_half(sky.mask, small)
    plumes = [
        (min(plume(labels == label), veil(lightness, labels == label)), label)
        for label in range(1, count)
        if AREAS[0] <= areas[label] <= AREAS[1] and before(open_sky, labels == label)
    ]
    sure = [(confidence, label) for confidence, label in plumes if confidence >= MIN_CONFIDENCE]
    if not sure:
        return None
    inside = np.isin(labels, [label for _, label in sure])
    soft = cv2.GaussianBlur(as_map(inside), (0, 0), GRAIN * max(inside.shape))
    mask = as_map(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR))
    return Region(kind=SMOKE, mask=mask, confidence=max(confidence for confidence, _ in sure))


def part_from(smoke: Region, region: Region) -> tuple[Region, Region | None]:
    """Smoke and another region that was found in the same place: each without the other.

    A region that is mostly smoke is nothing but smoke, and shows its outline better.
    """
    inside = region.mask > HALF
    if inside.any() and float(smoke.mask[inside].mean()) > HALF:
        return replace(smoke, mask=np.maximum(smoke.mask, region.mask)), None
    return smoke, replace(region, mask=as_map(region.mask * (1.0 - smoke.mask)))


def grey_and_soft(small: Rgb) -> Mask:
    """What is grey, without fine texture, and lighter or darker than what is around: (h, w)."""
    lab = lab_of(small)
    longer = max(small.shape)
    smooth = as_map(cv2.GaussianBlur(lab, (0, 0), max(0.6, GRAIN * longer)))
    lightness = smooth[..., 0]
    across, along = (cv2.Sobel(lightness, cv2.CV_32F, *axis) / 8.0 for axis in ((1, 0), (0, 1)))
    steep = cv2.GaussianBlur(as_map(np.hypot(across, along)), (0, 0), GRAIN * longer)
    around: Map = as_map(cv2.GaussianBlur(lightness, (0, 0), AROUND * longer))
    billows = cv2.GaussianBlur(lightness, (0, 0), BILLOW * longer)
    return np.asarray(
        (np.hypot(smooth[..., 1], smooth[..., 2]) < GREY)
        & (np.abs(billows - around) > DIFFERS)
        & (steep < SOFT)
    )


def before(sky: Mask, piece: Mask) -> bool:
    """Whether most of what is around a piece, beyond its own haze, is sky."""
    reach = ball(RIM, piece.astype(np.uint8))
    haze = cv2.dilate(piece.astype(np.uint8), reach)
    around = (cv2.dilate(haze, reach) > 0) & (haze == 0)
    return bool(around.any() and sky[around].mean() > HALF)


def veil(lightness: Map, piece: Mask) -> float:
    """How surely a piece fades into what is on both of its sides, which it is unlike, 0..1."""
    longer = max(piece.shape)
    step = max(1, round(RIM * longer))
    rows = np.flatnonzero(piece.any(axis=1))[:: max(1, step // 2)]
    left = piece.argmax(axis=1)[rows]
    right = piece.shape[1] - 1 - piece[:, ::-1].argmax(axis=1)[rows]
    if left.min() <= step or right.max() >= piece.shape[1] - 1 - step or piece[-1].any():
        return 0.0
    smooth = cv2.GaussianBlur(lightness, (0, 0), 1.0)
    middle = np.array([smooth[row, piece[row]].mean() for row in rows])
    sides = []
    for edge, way in ((left, -1), (right, 1)):
        span = np.clip(edge[:, None] + way * np.arange(-step, step + 1), 0, piece.shape[1] - 1)
        lines = smooth[rows[:, None], span]
        difference = middle - lines[:, -1]
        steepest = np.abs(np.diff(lines, axis=1)).max(axis=1)
        sides.append((float(np.median(difference)), float(np.median(steepest))))
    (one, steep_one), (other, steep_other) = sides
    unlike = min(abs(one), abs(other)) if one * other > 0.0 else 0.0
    if unlike <= 0.0:
        return 0.0
    share = max(steep_one / abs(one), steep_other / abs(other))
    return min(rise(unlike, *UNLIKE), rise(share, *EDGE))


def plume(piece: Mask) -> float:
    """How surely an outline (h, w) is that of a plume, 0..1."""
    rows = np.flatnonzero(piece.any(axis=1))
    if len(rows) < MIN_ROWS or rows[-1] - rows[0] + 1 != len(rows):
        return 0.0
    widths = piece[rows].sum(axis=1)
    top = float(widths[: round(UPPER * len(rows))].mean())
    foot = float(widths[-max(1, round(LOWER * len(rows))) :].mean())
    outlines, _ = cv2.findContours(piece.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    hull = max(1.0, cv2.contourArea(cv2.convexHull(outline)))
    return min(
        rise(top / foot, *WIDENS),
        rise(len(rows) / float(widths.max()), *TALL),
        rise(float(piece.sum()) / hull, *FILLS),
    )
