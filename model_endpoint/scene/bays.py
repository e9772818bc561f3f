"""Water goes on between the things that stand in it: hulls, posts, people who wade.

There it mirrors the things, or lies in their shade, so that neither its colour nor its calm is that
of the open water. What tells it from the ground on which they may stand just as well is grain:
gravel, grass and planks have some everywhere, the darkest water has none. A bay is reached from the
open water past what is narrow, and ends where grain begins.
"""

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.outlines import Mask, disc, lab_of

#: Saliency from which on a thing stands in the water.
STANDS = 0.5
#: The widest bay, as a part of the width.
WIDEST = 0.15
#: CIE Lab: departures from a small neighbourhood's mean, their median in a window: up to the first
#: dark water has, from the second on only the ground. A few bold outlines leave a median alone.
NO_GRAIN = 1.3
GRAIN = 2.0
WINDOW_PX = 9
#: Steps of a grain, as medians are taken of bytes.
STEPS = 8
#: Lightness of water in the shade, as a part of the open water's, and CIE Lab: its tint is no
#: further than this from grey.
SHADE = 0.4
TINT = 6.0
#: The shortest row of a strip of water.
STRIP_PX = 15
#: Width of a rope or an oar that parts a bay from the open water.
NARROW_PX = 3


def grain(light: Map) -> Map:
    """How grainy the surface is around each pixel, in units of L: (h, w)."""
    fine = cv2.absdiff(light, cv2.GaussianBlur(light, (0, 0), 1.0))
    steps = np.asarray(np.clip(fine * STEPS, 0, 255), dtype=np.uint8)
    return as_map(as_map(cv2.medianBlur(steps, WINDOW_PX)) / STEPS)


def between(things: Mask) -> Mask:
    """What lies between things (h, w) in a row, less than WIDEST apart."""
    width = max(1, round(WIDEST * things.shape[1]))
    padded = np.pad(things.astype(np.uint8), ((0, 0), (width, width)))
    row = np.ones((1, width), dtype=np.uint8)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, row)[:, width:-width]
    return np.asarray(closed > 0) & ~things


def along_rows(water: Mask, alike: Mask) -> Mask:
    """A water (h, w) with the level strips of its colours that join it: inlets seen from the side.

    Leaves may have its colours, but not side by side in a row.
    """
    row = np.ones((1, STRIP_PX), dtype=np.uint8)
    level = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, row) > 0
    _, labels = cv2.connectedComponents((level | water).astype(np.uint8), connectivity=4)
    return np.isin(labels, np.unique(labels[water]))


def reached(wet: Mask, water: Mask) -> Mask:
    """What of `wet` is reached from the `water` (h, w) past narrow things."""
    joined = cv2.dilate((wet | water).astype(np.uint8), disc(2 * NARROW_PX + 1))
    _, labels = cv2.connectedComponents(joined, connectivity=4)
    return wet & np.isin(labels, np.unique(labels[water]))


def with_bays(photo: Rgb, water: Mask, salient: Map, never: Mask, alike: Mask) -> Mask:
    """A water (h, w) with its bays between what stands in it.

    salient (h, w) 0..1; never (h, w): no water for sure; alike (h, w): of the water's colours.
    """
    lab = lab_of(photo)
    water = along_rows(water, alike & ~(salient > STANDS))
    smooth = as_map(cv2.GaussianBlur(lab, (0, 0), 1.0))
    grainy = grain(lab[..., 0])
    things = salient > STANDS
    bay = between(np.asarray(things)) & ~never
    bay[: int(np.flatnonzero(water.any(axis=1))[0])] = False
    dark = smooth[..., 0] < SHADE * float(np.median(smooth[water, 0]))
    dark &= np.abs(smooth[..., 1:]).max(axis=2) < TINT
    likely = alike | (dark & (grainy < NO_GRAIN))
    wet = cv2.morphologyEx((likely & bay).astype(np.uint8), cv2.MORPH_OPEN, disc(3)) > 0
    wet = reached(np.asarray(wet), water)
    markers = np.zeros(water.shape, dtype=np.int32)
    markers[(grainy > GRAIN) & ~likely] = 2
    markers[~bay] = 2
    markers[wet | water] = 1
    cv2.watershed(photo, markers)
    return np.asarray(markers == 1) | water
