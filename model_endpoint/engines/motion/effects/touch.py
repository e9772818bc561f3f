"""Small touches of light and shade on a thing, drawn where the camera sees that thing.

Lights are coarse and lie on the ground; an eye is fine and is the subject's, which the camera moves
otherwise. So its highlights and lashes are drawn on the finished picture.
"""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.region import INSIDE
from model_endpoint.engines.motion.planes import BLACK, Planes
from model_endpoint.engines.motion.stage import LayerName, Stage, View
from model_endpoint.pixels import Map, as_map
from model_endpoint.scene.model import SUBJECT

#: A touch is blended on whole squares of chroma.
CHROMA_PX = 2


class Brush(Protocol):
    """What a touch looks like at a moment."""

    def points(self, phase: float) -> Map | None:
        """Plate places (n, 2) that it is painted along; None when there is nothing to see."""

    def reach(self, growth: float) -> float:
        """How far around its places it is seen, in pixels of the picture."""

    def paint(self, x: Map, y: Map, places: Map, growth: float, phase: float) -> Map:
        """How much of it there is at picture pixels x, y, (rows, columns) -1..1."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A veil that multiplies luma by 1 + gain·p and shifts chroma by tint·p; p: what is painted.

    depth: of the thing that it is on, see stage.View.
    """

    brush: Brush
    depth: float
    gain: float
    tint: tuple[float, float] = (0.0, 0.0)
    behind_subject: bool = False

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Paint it, in place; see stage.Veil."""
        points = self.brush.points(phase)
        if points is None:
            return
        column, row, growth = view.place(as_map(points[:, 0]), as_map(points[:, 1]), self.depth)
        height, width = picture.y.shape
        reach = self.brush.reach(growth)
        left, right = span(column, reach, width)
        top, bottom = span(row, reach, height)
        if left >= right or top >= bottom:
            return
        y, x = np.mgrid[top:bottom, left:right]
        places = as_map(np.stack([column, row], axis=1))
        painted = self.brush.paint(as_map(x), as_map(y), places, growth, phase)
        luma = picture.y[top:bottom, left:right]
        lit = BLACK + (luma - np.float32(BLACK)) * (1.0 + self.gain * painted)
        luma[:] = np.clip(np.rint(lit), 0.0, 255.0).astype(np.uint8)
        if not any(self.tint):
            return
        size = ((right - left) // CHROMA_PX, (bottom - top) // CHROMA_PX)
        less = as_map(cv2.resize(painted, size, interpolation=cv2.INTER_AREA))
        for plane, shift in zip((picture.u, picture.v), self.tint, strict=True):
            part = plane[
                top // CHROMA_PX : bottom // CHROMA_PX, left // CHROMA_PX : right // CHROMA_PX
            ]
            part[:] = np.clip(np.rint(part + shift * less), 0.0, 255.0).astype(np.uint8)


def span(values: Map, reach: float, size: int) -> tuple[int, int]:
    """The even first and last-but-one pixel that values with their surroundings take."""
    first = int(np.clip(np.floor(values.min() - reach), 0, size)) // CHROMA_PX * CHROMA_PX
    last = int(np.clip(np.ceil(values.max() + reach), 0, size)) // CHROMA_PX * CHROMA_PX
    return first, last


def depth_of(stage: Stage, layer: LayerName, x: float, y: float) -> float:
    """The depth at which a layer's place is drawn: all of the subject at its median."""
    mask = stage.masks.get(SUBJECT)
    if layer == "subject" and mask is not None and bool((mask > INSIDE).any()):
        return float(np.median(stage.depth[mask > INSIDE]))
    height, width = stage.depth.shape
    return float(stage.depth[min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)])
