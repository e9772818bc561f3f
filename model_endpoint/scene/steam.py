"""Where steam would rise: the rim of a cup or bowl seen from above, an ellipse in the subject."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Rgb, as_map, as_rgb
from model_endpoint.scene.evidence import rise, together
from model_endpoint.scene.model import Region, Source
from model_endpoint.scene.sources import Hints

SIDE_PX = 256
#: The subject's colours are parted into this many, in turn: a rim shows up in several of them.
PARTS = (3, 4, 5, 6)
LIQUID_PARTS = (3, 4, 5)
SMOOTH_PX = 1.0
OPENED_PX = 3
#: How well a part must fill its ellipse (intersection over union).
FITS = (0.86, 0.95)
LIQUID_FITS = 0.86
#: Part of the picture within a rim, and of the rim within its liquid.
RIM_AREA = (0.015, 0.5)
LIQUID_AREA = (0.15, 0.9)
#: Short over long axis: below, the rim is seen from the side and hides what is inside.
ASPECTS = (0.25, 0.4)
#: Degrees by which the long axis of a rim that is no circle may lean.
LEAN_DEGREES = 30.0
ROUND = 0.9
#: Two ellipses are the same rim when centres and axes differ by less than this part of the axis.
SAME = 0.15
VOTES = (0.0, 3.0)
#: How far below the rim's centre its surface is seen, in the rim's half heights.
BELOW = 0.15
#: Without a liquid to be seen: the inside of the rim.
INNER = 0.8
#: How much must speak for something hot.
HOT = (0.25, 0.6)
MIN_CONFIDENCE = 0.5
MIN_OUTLINE = 12
RIGHT_ANGLE = 90.0
SURE = 0.5


@dataclass(frozen=True, slots=True)
class Ellipse:
    """x, y: centre in pixels; across, along: its horizontal and vertical half axes; fit 0..1."""

    x: float
    y: float
    across: float
    along: float
    fit: float

    def like(self, other: "Ellipse") -> bool:
        """Whether two ellipses are the same thing."""
        difference = max(
            abs(self.x - other.x),
            abs(self.y - other.y),
            abs(self.across - other.across),
            abs(self.along - other.along),
        )
        return difference < SAME * max(self.across, other.across)

    def mask(self, shape: tuple[int, int], scale: float = 1.0) -> NDArray[np.bool_]:
        """(h, w): what is inside the ellipse with its axes times scale."""
        rows, columns = np.mgrid[: shape[0], : shape[1]]
        x = (columns - self.x) / (scale * max(1.0, self.across))
        y = (rows - self.y) / (scale * max(1.0, self.along))
        return np.asarray(x**2 + y**2 <= 1.0)


def find_steam(photo: Rgb, subject: Region | None, hints: Hints) -> Source | None:
    """The place that steam rises from, or None. photo (H, W, 3)."""
    if subject is None or hints.kind not in {"drink", "food"} or hints.hot < HOT[0]:
        return None
    scale = min(1.0, SIDE_PX / max(photo.shape[:2]))
    small = as_rgb(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    height, width = small.shape[:2]
    inside = cv2.resize(subject.mask, (width, height), interpolation=cv2.INTER_LINEAR) > SURE
    found = [rim for parts in PARTS for rim in ellipses(small, inside, parts)]
    found = [rim for rim in found if rim.fit > FITS[0] and is_rim(rim, inside)]
    if not found:
        return None
    votes = [sum(rim.like(other) for other in found) for rim in found]
    best = int(np.argmax([vote + rim.fit for vote, rim in zip(votes, found, strict=True)]))
    rim = found[best]
    confidence = together(
        rise(rim.fit, *FITS),
        rise(votes[best], *VOTES),
        rise(rim.along / rim.across, *ASPECTS),
        rise(hints.hot, *HOT),
    )
    if confidence < MIN_CONFIDENCE:
        return None
    place = liquid(small, rim)
    return Source(
        kind="steam",
        x=float(np.clip((place.x + SURE) / width, 0.0, 1.0)),
        y=float(np.clip((place.y + SURE) / height, 0.0, 1.0)),
        radius=place.across / max(width, height),
        confidence=confidence,
    )


def is_rim(ellipse: Ellipse, inside: NDArray[np.bool_]) -> bool:
    """Whether an ellipse can be a rim: of its size, seen from above, in the subject."""
    part = np.pi * ellipse.across * ellipse.along / inside.size
    if not RIM_AREA[0] <= part <= RIM_AREA[1] or ellipse.along < ASPECTS[0] * ellipse.across:
        return False
    return float(inside[ellipse.mask(inside.shape)].mean()) > ROUND


def liquid(small: Rgb, rim: Ellipse) -> Ellipse:
    """What is in the cup: the surface of its own colour within the rim, else the rim's inside."""
    within = rim.mask(small.shape[:2], ROUND)
    whole = float(within.sum())
    surfaces = [
        surface
        for parts in LIQUID_PARTS
        for surface in ellipses(small, within, parts)
        if surface.fit > LIQUID_FITS
        and LIQUID_AREA[0] < np.pi * surface.across * surface.along / whole < LIQUID_AREA[1]
        # A cup narrows downwards, and its surface is seen below the rim.
        and surface.y > rim.y + BELOW * rim.along
    ]
    if surfaces:
        return max(surfaces, key=lambda surface: surface.fit)
    return Ellipse(rim.x, rim.y, INNER * rim.across, INNER * rim.along, rim.fit)


def ellipses(small: Rgb, inside: NDArray[np.bool_], parts: int) -> list[Ellipse]:
    """The connected parts of one colour that look like lying ellipses, by k-means in CIE Lab."""
    lab = as_map(cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), (0, 0), SMOOTH_PX))
    samples = lab[inside]
    if len(samples) < MIN_OUTLINE * parts:
        return []
    # k-means starts from OpenCV's own random numbers.
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    start = np.zeros((len(samples), 1), dtype=np.int32)
    _, labels, _ = cv2.kmeans(samples, parts, start, stop, 1, cv2.KMEANS_PP_CENTERS)
    chosen = np.full(inside.shape, -1, dtype=np.int32)
    chosen[inside] = np.asarray(labels).ravel()
    found = []
    for part in range(parts):
        mine = (chosen == part).astype(np.uint8)
        mine = cv2.morphologyEx(mine, cv2.MORPH_OPEN, np.ones((OPENED_PX, OPENED_PX), np.uint8))
        outlines, _ = cv2.findContours(mine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for outline in outlines:
            ellipse = fitted(np.asarray(outline), inside.shape)
            if ellipse is not None:
                found.append(ellipse)
    return found


def fitted(outline: NDArray[np.int32], shape: tuple[int, ...]) -> Ellipse | None:
    """The ellipse of an outline, and how well it fits; None for specks and for leaning ones."""
    hull = cv2.convexHull(outline)
    if len(hull) < MIN_OUTLINE or cv2.contourArea(outline) < RIM_AREA[0] / 4 * shape[0] * shape[1]:
        return None
    (x, y), (first, second), angle = cv2.fitEllipse(hull)
    short, long = min(first, second), max(first, second)
    # OpenCV's angle is that of the first axis, which is the shorter one.
    lean = abs(angle - RIGHT_ANGLE)
    if lean > LEAN_DEGREES and short < ROUND * long:
        return None
    ellipse = Ellipse(x, y, long / 2.0, short / 2.0, 0.0)
    drawn = np.zeros(shape, dtype=np.uint8)
    cv2.drawContours(drawn, [outline], -1, 1, cv2.FILLED)
    oval = ellipse.mask((shape[0], shape[1]))
    fit = float((oval & (drawn > 0)).sum()) / float((oval | (drawn > 0)).sum())
    return Ellipse(x, y, long / 2.0, short / 2.0, fit)
