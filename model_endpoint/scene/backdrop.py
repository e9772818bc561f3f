"""What speaks against a sky where the colours speak for one: a wall, a lamp, what is out of focus.

Sky is far away, and it is what lights the rest. So its border is as sharp as the picture gets, and
under a white or a glowing sky nothing outshines it and the ground is dim: overcast, a white sheet
on the ground has 7/9 of the zenith's luminance, grass a tenth (Moon and Spencer, Illumination from
a Non-Uniform Sky, Illuminating Engineering 37, 1942). And sky stands over something: a white that
comes down to the lower edge, or that meets nothing but the subject, is what the subject was put
before. A clear blue sky is dimmer than what the sun lights and is seen overhead too, so those do
not count against blue. Mist has no sharp border, so softness does not count in a known view, nor
along a level horizon in blue haze; nor against the light, since no wall outshines a room so much.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.evidence import rise
from model_endpoint.scene.outlines import Mask, disc, ramp

#: Pixels of the sky's small picture over which its two sides are compared, and how far from its
#: border what is surely outside begins.
SIDES_PX = 4
CLEAR_PX = 3
#: Of the step between its two sides, a sharp border takes this much in one pixel.
SHARP = 0.35
#: The soft part of the border: of a sky in focus, and of one that is not.
SOFT_PARTS = (0.12, 0.25)
#: The sky's brightest places are those above this percentile, and burnt out above this luma.
BRIGHT = 97.0
BURNT_OUT = 250.0
#: The part of what lies below that outshines all of a sky, from glints to white cloth in a room.
OUTSHINING = (0.008, 0.02)
#: Median luma of what lies below over the sky's: from ground to what is lit as the sky is.
GROUND_LUMA = (0.55, 0.65)
#: The same where the sky is surely the light: no lit wall outshines a room so much.
DIM = (0.3, 0.4)
#: The part of its columns in which what is not blue comes down to the lower edge.
COMES_DOWN = (0.25, 0.5)
LOWEST = 0.1
#: The part of the picture that is neither sky nor what stands out, from none to land.
LAND = (0.02, 0.06)
#: OpenCV's hues and saturations of blue.
BLUE_HUES = (90.0, 137.0)
BLUE_SATURATION = (12.0, 35.0)
#: The blue part of a sky, from an overcast to a clear one.
CLEAR = (0.3, 0.7)
#: What speaks for a place under the open sky, from nothing to a view, and its share of what speaks
#: for any place, from a room to outdoors. HARDLY: what little of both says nothing.
OPEN = (0.1, 0.3)
OUTDOORS = (0.3, 0.5)
HARDLY = 0.02
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of where a photo was taken, besides its colours.

    view, outdoors, indoors: how much classes and tags speak for a view under the open sky, for
    being outdoors at all, and for a room, each from 0 on; company 0..1: how near people stand;
    smoky: smoke is known to be there, and what it veils has no sharp border.
    """

    view: float = 0.0
    outdoors: float = 0.0
    indoors: float = 0.0
    company: float = 0.0
    smoky: bool = False

    @property
    def open(self) -> float:
        """How surely it is a view under the open sky: 0 when nothing is known, 0..1."""
        return rise(self.view - self.indoors, *OPEN)

    @property
    def possible(self) -> float:
        """0 when it is a room, 1 when it is outdoors or nothing is known."""
        outdoors = max(self.view, self.outdoors) + HARDLY
        return rise(outdoors / (outdoors + self.indoors + HARDLY), *OUTDOORS)


UNKNOWN = Place()


@dataclass(frozen=True, slots=True)
class Doubts:
    """What a sky must stand, each 0 (refuted) to 1 (nothing against it)."""

    outdoors: float
    company: float
    focus: float
    light: float
    above: float
    land: float

    @property
    def left(self) -> float:
        """How much of the confidence they leave: independent doubts add up."""
        return self.outdoors * self.company * self.focus * self.light * self.above * self.land


def blueness(photo: Rgb, region: Mask) -> float:
    """How much of a region is blue, 0..1."""
    hue, saturation, _ = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV))
    blue = (hue > BLUE_HUES[0]) & (hue < BLUE_HUES[1])
    return float((blue * ramp(as_map(saturation), *BLUE_SATURATION))[region].mean())


def softness(luma: Map, region: Mask) -> float:
    """The part of a region's border that is out of focus, 0..1; 0 where it has none.

    A border is sharp where the steepest slope near it is a good part of the step between its sides.
    """
    border = (cv2.dilate(region.astype(np.uint8), disc(3)) > 0) & ~region
    if not border.any():
        return 0.0
    side = 2 * SIDES_PX + 1

    def mean_over(places: Mask) -> Map:
        weight = as_map(places)
        total = cv2.boxFilter(luma * weight, -1, (side, side), normalize=False)
        count = cv2.boxFilter(weight, -1, (side, side), normalize=False)
        return as_map(total / np.maximum(count, 1.0))

    step = np.abs(mean_over(region) - mean_over(~region))
    across, down = (as_map(cv2.Sobel(luma, cv2.CV_32F, *axes)) / 8 for axes in ((1, 0), (0, 1)))
    steepest = as_map(cv2.dilate(np.hypot(across, down), disc(5)))
    return float((steepest < SHARP * np.maximum(step, 1.0))[border].mean())


def under(sky: Mask) -> Mask:
    """What lies under a sky (h, w), in columns without any under its mean lower edge."""
    height = len(sky)
    lowest = height - sky[::-1].argmax(axis=0)
    columns = sky.any(axis=0)
    edge = np.where(columns, lowest, round(float(lowest[columns].mean())))
    return np.asarray(np.arange(height)[:, None] >= edge)


def doubt(
    taken: Rgb, sky: Mask, standing: Mask, place: Place = UNKNOWN, *, level: bool = False
) -> Doubts:
    """What speaks against `sky` (h, w) in a photo (h, w, 3) as it was taken.

    standing (h, w): what stands out; place: where it was taken, as far as it is known; level:
    whether a level line ends it, from side to side.
    """
    luma = as_map(cv2.GaussianBlur(as_map(cv2.cvtColor(taken, cv2.COLOR_RGB2GRAY)), (0, 0), 0.8))
    beyond = disc(2 * CLEAR_PX + 1)
    outside = cv2.dilate(sky.astype(np.uint8), beyond) == 0
    land = outside & (cv2.dilate(standing.astype(np.uint8), beyond) == 0)
    lit = outside & under(sky)
    brighter = dimness = 0.0
    if lit.any():
        bright = min(float(np.percentile(luma[sky], BRIGHT)), BURNT_OUT)
        brighter = float((luma[lit] >= bright).mean())
        dimness = float(np.median(luma[lit])) / max(1.0, float(np.median(luma[sky])))
    columns = sky.any(axis=0)
    down = float(sky[round((1.0 - LOWEST) * len(sky)) :].any(axis=0).sum() / columns.sum())
    blue = blueness(taken, sky)
    clear = rise(blue, *CLEAR)
    excused = max(clear, place.open)
    against_the_light = rise(dimness, *DIM[::-1]) if lit.any() else 0.0
    focused = rise(softness(luma, sky), *SOFT_PARTS[::-1])
    return Doubts(
        outdoors=place.possible,
        company=max(excused, 1.0 - HALF * place.company),
        focus=max(
            place.open, against_the_light, focused, clear if level else 0.0, float(place.smoky)
        ),
        light=max(
            excused, min(rise(brighter, *OUTSHINING[::-1]), rise(dimness, *GROUND_LUMA[::-1]))
        ),
        above=max(blue, rise(down * (1.0 - blue), *COMES_DOWN[::-1])),
        land=max(excused, rise(float(land.mean()), *LAND)),
    )
