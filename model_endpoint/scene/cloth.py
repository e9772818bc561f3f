"""Flags and curtains: cloth of strong colours that hangs behind or beside the subject.

Boats, brushes and painted walls have strong colours as well, so pixels alone tell no cloth: it is
only looked for where the photo is said to show some. A flag has bands of unlike colours, a curtain
has folds that all go down.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.evidence import rise, together
from model_endpoint.scene.foliage import leaves
from model_endpoint.scene.guided import guided_filter
from model_endpoint.scene.model import CLOTH, Region
from model_endpoint.scene.outlines import Mask, disc, lab_of, within

SIDE_PX = 320
SMOOTH_PX = 1.0
#: CIE Lab: distance from grey of dyed cloth.
DYED = 22.0
#: Radii, parts of the longer side: white bands between dyed ones; what is too thin for cloth; how
#: far from another region's outline it begins.
BAND = 0.03
THIN = 0.012
BESIDE = 0.007
#: The part of the photo that a piece takes.
AREAS = (0.012, 0.45)
#: CIE Lab: how much the colours of a flag's bands differ, green to red and blue to yellow.
UNLIKE = (7.0, 13.0)
#: How much one direction prevails in the folds of a curtain (0..1), by how many degrees folds may
#: lean, and their contrast: CIE Lab a pixel.
FOLDED = (0.5, 0.75)
LEAN_DEGREES = 25.0
FOLD_CONTRAST = (1.5, 3.5)
#: A plank is as straight as a fold, and as long, but narrow: width over height of a curtain.
NARROWEST = (0.33, 0.42)
#: Cloth hangs: its upper end is in this part of the picture; and how much wider it is than tall.
HANGS_FROM = 0.5
WIDEST = 2.2
MIN_CONFIDENCE = 0.5
HALF = 0.5
GUIDE_RADIUS_PX = 3
GUIDE_EPS = 1e-3


def find_cloth(
    photo: Rgb, size: tuple[int, int], without: tuple[Region | None, ...], *, told: bool
) -> Region | None:
    """Flags and curtains on maps of `size` (width, height), or None if it is not sure.

    photo (h, w, 3); without: regions that are none; told: whether the photo is said to show cloth.
    """
    if not told:
        return None
    small = within(photo, SIDE_PX)
    lab = as_map(cv2.GaussianBlur(lab_of(small), (0, 0), SMOOTH_PX))
    found = np.zeros(small.shape[:2], dtype=np.float32)
    # Green that leaves could have is not taken for dyed.
    free = elsewhere(without, small) & (leaves(small) < HALF)
    for piece in filter(hangs, pieces(lab, free)):
        confidence = max(flag(lab, piece), curtain(lab, piece))
        if confidence >= MIN_CONFIDENCE:
            found[piece] = confidence
    if not found.any():
        return None
    guide = as_map(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) / 255.0)
    soft = guided_filter(guide, as_map(found > 0.0), radius=GUIDE_RADIUS_PX, eps=GUIDE_EPS)
    mask = as_map(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR))
    return Region(kind=CLOTH, mask=mask, confidence=float(found[found > 0.0].mean()))


def elsewhere(regions: tuple[Region | None, ...], like: Rgb) -> Mask:
    """Where none of the regions is, nor close: (h, w)."""
    taken = np.zeros(like.shape[:2], dtype=np.uint8)
    for region in regions:
        if region is not None:
            mask = cv2.resize(region.mask, taken.shape[::-1], interpolation=cv2.INTER_AREA)
            taken |= (mask > HALF).astype(np.uint8)
    return np.asarray(cv2.dilate(taken, ball(BESIDE, taken)) == 0)


def ball(radius: float, like: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A disc whose radius is a part of a map's longer side."""
    return disc(2 * round(radius * max(like.shape)) + 1)


def pieces(lab: Map, free: Mask) -> list[Mask]:
    """The connected dyed parts of the free places, with the white bands in them: (h, w) each."""
    dyed = (np.hypot(lab[..., 1], lab[..., 2]) > DYED) & free
    room = round(2 * BAND * max(free.shape))
    # Beyond the picture a band goes on as it does at its edge.
    framed = np.pad(dyed.astype(np.uint8), room, mode="edge")
    closed = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, ball(BAND, dyed.astype(np.uint8)))
    whole = closed[room:-room, room:-room] & free.astype(np.uint8)
    opened = cv2.morphologyEx(whole, cv2.MORPH_OPEN, ball(THIN, whole))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    areas = stats[:, cv2.CC_STAT_AREA] / opened.size
    return [
        np.asarray(labels == label)
        for label in range(1, count)
        if AREAS[0] <= areas[label] <= AREAS[1]
    ]


def extent(piece: Mask) -> tuple[int, int, int]:
    """(top, height, width) of a piece in pixels."""
    rows, columns = np.flatnonzero(piece.any(axis=1)), np.flatnonzero(piece.any(axis=0))
    return int(rows[0]), int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1


def hangs(piece: Mask) -> bool:
    """Whether a piece is where cloth would hang, and no mere strip."""
    top, tall, wide = extent(piece)
    return top <= HANGS_FROM * piece.shape[0] and wide <= WIDEST * tall


def flag(lab: Map, piece: Mask) -> float:
    """How surely a piece has bands of unlike colours, 0..1."""
    spread = lab[piece].std(axis=0)
    return together(rise(float(spread[1]), *UNLIKE), rise(float(spread[2]), *UNLIKE))


def curtain(lab: Map, piece: Mask) -> float:
    """How surely a piece has folds that go down, 0..1."""
    inner = cv2.erode(piece.astype(np.uint8), ball(BESIDE, piece.astype(np.uint8))) > 0
    if not inner.any():
        return 0.0
    across, along = (cv2.Sobel(lab, cv2.CV_32F, *axis)[inner] / 8.0 for axis in ((1, 0), (0, 1)))
    xx, xy, yy = (
        float((one * other).sum(axis=1).mean())
        for one, other in ((across, across), (across, along), (along, along))
    )
    whole = max(xx + yy, 1e-6)
    # The structure tensor: how much one direction of change prevails, and which.
    prevails = float(np.hypot(xx - yy, 2.0 * xy)) / whole
    lean = abs(0.5 * float(np.degrees(np.arctan2(2.0 * xy, xx - yy))))
    _, tall, wide = extent(piece)
    return together(
        rise(prevails, *FOLDED),
        rise(lean, LEAN_DEGREES, LEAN_DEGREES / 2.0),
        rise(float(np.sqrt(whole)), *FOLD_CONTRAST),
        rise(wide / tall, *NARROWEST),
    )
