"""Where the sun stands: it does not go with the clouds, and it glows."""

import cv2
import numpy as np

from model_endpoint.engines.motion.stage import Spot, Stage
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.model import SKY

#: The picture is searched at this length of its longer side.
SEARCH_PX = 360
#: The sun: its least luma in grey levels, its part of the plate from and to, 4πA/P² of its outline
#: (1 is a circle), the width of its rays as a part of the longer side, and its part of all white.
WHITE = 246
AREA = (2e-4, 0.04)
ROUNDNESS = 0.55
RAYS = 0.03
SOLID = 0.8
#: Width of the light around the sun that stands as still as the sun, part of the longer side.
HALO = 0.06


def find_sun(stage: Stage) -> Spot | None:
    """The sun that the scene's analysis found, or a round white disc in the sky, or None."""
    named = stage.spots("sun")
    if named:
        return named[0]
    sky = stage.masks.get(SKY)
    return None if sky is None else _disc(stage.plate, sky)


def _disc(plate: Rgb, sky: Map) -> Spot | None:
    scale = min(1.0, SEARCH_PX / max(plate.shape[:2]))
    small = cv2.resize(plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    there = cv2.resize(sky, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    white = as_rgb(((grey >= WHITE) & (there > 0.0)).astype(np.uint8))
    side = 2 * round(RAYS * max(white.shape) / 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    # An opening takes the rays off a sun and leaves most of the white there is; of white clouds it
    # leaves shreds.
    broad = as_rgb(cv2.morphologyEx(white, cv2.MORPH_OPEN, disc))
    outlines, _ = cv2.findContours(broad, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        area, around = cv2.contourArea(outline), cv2.arcLength(outline, closed=True)
        if (
            AREA[0] <= area / white.size <= AREA[1]
            and 4.0 * np.pi * area >= ROUNDNESS * around**2
            and area >= SOLID * float(white.sum())
        ):
            (x, y), radius = cv2.minEnclosingCircle(outline)
            back = 1.0 / scale
            return Spot(
                "sun", (x + 0.5) * back - 0.5, (y + 0.5) * back - 0.5, radius * back, 1.0, 1.0
            )
    return None


def stillness(spot: Spot | None, x: Map, y: Map, longer: int) -> Map:
    """How far the sun holds each place x, y still: 1 at it, falling to 0 outside its halo."""
    if spot is None:
        return np.zeros_like(x)
    halo = HALO * longer
    beyond = np.maximum(np.hypot(x - spot.x, y - spot.y) - spot.radius, 0.0)
    return as_map(np.exp(-0.5 * (beyond / halo) ** 2))
