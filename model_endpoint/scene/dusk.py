"""The sky at night: its clouds are darker than it is, and lamps outshine what is around them.

By day a cloud is bright, and what is dark below the sky is land. After sunset clouds are dark as
well; what tells them from land then is that they are still bluish, not black, and that their edges
are soft: a hill cuts the sky off within a pixel or two.
"""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.outlines import Mask, disc, lab_of

#: Indices of pixels, (n,).
Places: TypeAlias = NDArray[np.intp]

#: The sky's median value, 0..255, below which it is night; that of a lamp.
NIGHT_VALUE = 110.0
BURNT_OUT = 248.0
#: CIE Lab: how warm a cloud may be, and how far from grey on the green-red axis.
MAX_YELLOW = 2.0
MAX_RED = 10.0
#: Lightness of a cloud, as a part of the sky's: darker is a silhouette.
MIN_LIGHT = 0.3
#: Rows over which an edge is looked at, and the part of the light above it that a hill's edge
#: takes in one of them: clouds take a sixth at most.
EDGE_ROWS = 4
SHARP = 0.25
#: Least part of the picture that counts as a bank of clouds, and its least contact with the sky.
MIN_AREA = 0.005
MIN_CONTACT = 0.05
#: The radius of a lamp's glare, as a part of the longer side, and how much of it only rays reach.
GLARE = 0.03
RAYS = 0.5


def is_night(taken: Rgb, sky: Mask) -> bool:
    """Whether a sky was taken at night."""
    return bool(sky.any() and np.median(taken.max(axis=2)[sky]) < NIGHT_VALUE)


def around_lamps(taken: Rgb, reach: float) -> Mask:
    """What is nearer to a burnt-out place than this part of the longer side: (h, w)."""
    lamps = np.asarray(taken.max(axis=2) > BURNT_OUT, dtype=np.uint8)
    return np.asarray(cv2.dilate(lamps, disc(2 * round(reach * max(lamps.shape)) + 1)) > 0)


def under_glare(taken: Rgb, sky: Mask, never: Mask) -> Mask:
    """A night sky (h, w) with what of it the glare of lamps hides, but without `never`."""
    window = disc(2 * round(GLARE * max(sky.shape)) + 1)
    whole = cv2.morphologyEx(sky.astype(np.uint8), cv2.MORPH_CLOSE, window) > 0
    return sky | np.asarray(whole & around_lamps(taken, GLARE) & ~never)


def sharpness(light: Map, rows: Places, columns: Places) -> float:
    """The most of the light above an edge that is lost from a row to the next: its median, 0..1."""
    span = np.arange(-EDGE_ROWS, EDGE_ROWS + 1)
    lines = light[np.clip(rows[:, None] + span, 0, len(light) - 1), columns[:, None]]
    lost = -np.diff(lines, axis=1).min(axis=1) / np.maximum(lines[:, 0], 1.0)
    return float(np.median(lost))


def dark_clouds(photo: Rgb, sky: Mask, never: Mask) -> Mask:
    """The clouds below a night `sky` (h, w) that continue it; `never` (h, w) is none."""
    lab = lab_of(photo)
    smooth = as_map(cv2.GaussianBlur(lab, (0, 0), 0.8))
    dark = (smooth[..., 2] < MAX_YELLOW) & (np.abs(smooth[..., 1]) < MAX_RED)
    dark &= smooth[..., 0] > MIN_LIGHT * float(np.median(lab[sky, 0]))
    dark &= ~sky & ~never
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8))
    contact = np.zeros_like(sky)
    contact[1:] = sky[:-1] & dark[1:]
    found = np.zeros_like(sky)
    for label in range(1, count):
        rows, columns = np.nonzero(contact & (labels == label))
        large = stats[label, cv2.CC_STAT_AREA] >= MIN_AREA * sky.size
        wide = len(rows) >= MIN_CONTACT * sky.shape[1]
        if large and wide and sharpness(lab[..., 0], rows, columns) < SHARP:
            found |= labels == label
    return found
