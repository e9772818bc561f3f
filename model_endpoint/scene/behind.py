"""A plain of water goes on behind cables, masts and posts that stand before it.

Seen from afar, water at one distance lies in one row and keeps its colour along it. So each row is
followed to both sides: while its colour stays it is water; what is thin and upright is passed; a
level edge is a shore, and there it ends.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.pixels import Map, as_map
from model_endpoint.scene.outlines import Mask

#: CIE Lab: how far a row's colour may be from what it was; how fast that follows, per column.
MAX_CHANGE = 3.5
FOLLOWING = 0.2
#: The widest thing that is passed, as a part of the width.
WIDEST = 0.065
#: CIE Lab per pixel of a level edge, and how many times that it is steeper down than across.
EDGE = 1.5
LEVEL = 1.5
#: Rows and columns that a part of it has at least.
PART = (3, 9)


@dataclass(frozen=True, slots=True)
class View:
    """A Lab picture, its level edges and what is no water for sure, from a row on: (h, w)."""

    lab: Map
    shores: Mask
    never: Mask

    def mirrored(self) -> "View":
        """The same from the other side."""
        return View(self.lab[:, ::-1], self.shores[:, ::-1], self.never[:, ::-1])


def followed(view: View, water: Mask, passed: int) -> Mask:
    """What is reached from the `water` along its rows to the right, passing so many columns."""
    height, width = water.shape
    found = water.copy()
    colour: Map = np.zeros((height, 3), dtype=np.float32)
    lost = np.full(height, passed + 1)
    for column in range(width):
        here, seen = water[:, column], view.lab[:, column]
        alike = np.linalg.norm(seen - colour, axis=1) < MAX_CHANGE
        reached = ~here & (lost <= passed) & alike & ~view.never[:, column]
        found[:, column] |= reached
        # A row that water begins in takes its colour at once, and follows it from then on.
        begins = here & (lost > passed)
        weight = np.where(begins, 1.0, np.where(here | reached, FOLLOWING, 0.0))[:, None]
        colour = as_map(colour + weight * (seen - colour))
        ends = ~here & ~reached & view.shores[:, column]
        lost = np.where(ends, passed + 1, np.where(here | reached, 0, lost + 1))
    return found


def above_shores(found: Mask, shores: Mask) -> Mask:
    """Of what was found in each column, what no level edge parts from the uppermost of it."""
    begun = np.logical_or.accumulate(found, axis=0)
    return np.asarray(found & ~np.logical_or.accumulate(begun & ~found & shores, axis=0))


def behind_uprights(lab: Map, water: Mask, never: Mask, across: Map, down: Map) -> Mask:
    """A water (h, w) with what continues it behind thin upright things.

    lab (h, w, 3); across and down (h, w): its slopes, Lab per pixel; never (h, w): no water.
    """
    rows = np.flatnonzero(water.any(axis=1))
    span = slice(int(rows[0]), int(rows[-1]) + 1)
    smooth = as_map(cv2.GaussianBlur(lab, (0, 0), 0.7))
    shores = np.asarray((down > LEVEL * across) & (down > EDGE))
    view = View(smooth[span], shores[span], never[span])
    sure = np.asarray(cv2.erode(water[span].astype(np.uint8), np.ones((3, 3))) > 0)
    passed = round(WIDEST * water.shape[1])
    found = followed(view, sure, passed)
    found |= followed(view.mirrored(), sure[:, ::-1], passed)[:, ::-1]
    found = above_shores(found | water[span], view.shores) | water[span]
    # What stands before the water is thin enough to be left in.
    padded = np.pad(found.astype(np.uint8), ((0, 0), (passed, passed)))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((1, passed), np.uint8))
    whole = (closed[:, passed:-passed] > 0) & ~view.never & ~view.shores
    opened = cv2.morphologyEx(whole.astype(np.uint8), cv2.MORPH_OPEN, np.ones(PART, np.uint8))
    result = water.copy()
    result[span] |= opened > 0
    _, labels = cv2.connectedComponents(result.astype(np.uint8))
    return np.isin(labels, np.unique(labels[water]))
