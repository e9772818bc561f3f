"""Lattices: towers, cranes and bare branches that the sky is seen through.

A lattice is drawn as one thing, since a sky that moved behind its bars would tear at each of them.
Its bars are fine and lie close together; the texture of clouds is neither.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Rgb
from model_endpoint.scene.outlines import Mask, disc

#: Longer side of the picture that bars are looked for in.
SIDE_PX = 512
#: A bar is narrower than the first disc, so that a disc twice as wide sees hardly more of it.
BAR_PX = 5
BROADER_PX = 11
FINE = 0.6
#: Grey levels by which a bar departs from what is beside it.
MIN_CONTRAST = 12
#: Gaps between bars, at first and once a lattice is known; nothing thinner than the last is one.
GAP_PX = 13
WINDOW_PX = 25
THINNEST_PX = 9
#: The part of a lattice that its bars cover, and its least part of the picture.
MIN_DENSITY = 0.22
MIN_AREA = 0.0025


def hat(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """How far thin things depart from what is beside them, darker or brighter: (h, w) uint8.

    The larger of the black-hat and the top-hat. Meyer, Contrast feature extraction, 1978.
    """
    darker = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, disc(side))
    brighter = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, disc(side))
    return np.asarray(np.maximum(darker, brighter), dtype=np.uint8)


def find_lattice(photo: Rgb, sky: Mask, lamps: Mask) -> Mask:
    """What of the sky (h, w) is seen through lattices, their bars with it.

    lamps (h, w): whose rays are as fine as bars.
    """
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    fine, broad = hat(grey, BAR_PX), hat(grey, BROADER_PX)
    bars = np.asarray((fine > MIN_CONTRAST) & (fine > FINE * broad) & ~lamps, dtype=np.uint8)
    solid = cv2.morphologyEx(bars, cv2.MORPH_CLOSE, disc(GAP_PX))
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, disc(THINNEST_PX)) * sky
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    covered = np.bincount(labels.ravel(), weights=bars.ravel(), minlength=count)
    areas = stats[:, cv2.CC_STAT_AREA]
    dense = (covered >= MIN_DENSITY * areas) & (areas >= MIN_AREA * solid.size)
    dense[0] = False
    # Repeated past the picture's edge, a lattice that is cut off there has no gap.
    edge = WINDOW_PX
    lattice = np.pad(np.asarray(dense[labels], dtype=np.uint8), edge, mode="edge")
    closed = cv2.morphologyEx(lattice, cv2.MORPH_CLOSE, disc(WINDOW_PX))[edge:-edge, edge:-edge]
    return np.asarray(closed > 0) & sky
