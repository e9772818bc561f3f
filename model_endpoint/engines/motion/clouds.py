"""Clouds that drift for ever: a steady flow over a still picture, made into a loop.

Two copies of the sky flow, one from the loop's start and one towards its end, and are blended so
that each is invisible when it starts over. Holynski et al., Animating Pictures with Eulerian
Motion Fields, CVPR 2021, eq. 7, for a flow that is constant along its own lines.
"""

import cv2
import numpy as np

from model_endpoint.engines.motion.layers import luma
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: Way of the highest clouds in a clip, as a part of the plate's width, and that of those at the
#: horizon relative to it: what is far seems slow.
DRIFT = 0.085
HORIZON_SHARE = 0.3
#: Deviation of luma (grey levels) around its surroundings above which a sky has clouds.
CLOUDY = 1.4
#: Where two unlike copies blend, contrast falls by up to √2; this part of the loss is given back.
RESTORED = 0.7
#: Width of what counts as surroundings, as a part of the plate's longer side.
SURROUNDINGS = 0.03
GRAIN_PX = 3.0
#: The sun: its least luma in grey levels, its part of the plate from and to, 4πA/P² of its outline
#: (1 is a circle), the widths of its rays and of its halo as parts of the
#: plate's longer side, and its part of all that is white.
WHITE = 246.0
SUN_AREA = (2e-4, 0.04)
ROUNDNESS = 0.55
RAYS = 0.03
SOLID = 0.8
HALO = 0.06
THUMBNAIL = 8


def sun(sky: Rgb) -> Map:
    """Where the sun stands, with its halo: (h, w) 0..1. It is round and white; clouds are not."""
    white = as_rgb((255.0 * luma(sky) >= WHITE).astype(np.uint8))
    found = np.zeros(white.shape, dtype=np.float32)
    halo = HALO * max(white.shape)
    side = 2 * round(RAYS * max(white.shape) / 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    # An opening takes the rays off a sun and leaves most of the white there is; of white clouds it
    # leaves shreds.
    broad = as_rgb(cv2.morphologyEx(white, cv2.MORPH_OPEN, disc))
    outlines, _ = cv2.findContours(broad, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        area, around = cv2.contourArea(outline), cv2.arcLength(outline, closed=True)
        if (
            SUN_AREA[0] <= area / white.size <= SUN_AREA[1]
            and 4.0 * np.pi * area >= ROUNDNESS * around**2
            and area >= SOLID * float(white.sum())
        ):
            (x, y), radius = cv2.minEnclosingCircle(outline)
            cv2.circle(found, (round(x), round(y)), round(radius + halo), 1.0, cv2.FILLED)
    return as_map(cv2.GaussianBlur(found, (0, 0), 0.5 * halo))


def cloudiness(sky: Rgb, mask: Map) -> float:
    """How much there is to see drift: the luma's deviation from its surroundings, grey levels."""
    inside = (mask > 0.9) & (sun(sky) < 0.1)  # noqa: PLR2004 surely sky, surely not the sun
    if not inside.any():
        return 0.0
    # Grain and the blocks of a JPEG are no clouds.
    grey = as_map(cv2.GaussianBlur(luma(sky), (0, 0), GRAIN_PX))
    around = cv2.GaussianBlur(grey, (0, 0), SURROUNDINGS * max(grey.shape))
    return 255.0 * float(np.sqrt(np.mean((grey - around)[inside] ** 2)))


def speeds(rows: int, horizon: float, width: int) -> Map:
    """Way of each plate row in one clip, in pixels: (rows,) float32."""
    height_above = np.clip(1.0 - np.arange(rows) / max(1.0, horizon), 0.0, 1.0)
    return as_map(DRIFT * width * (HORIZON_SHARE + (1.0 - HORIZON_SHARE) * height_above))


class Clouds:
    """The sky of one clip."""

    def __init__(self, sky: Rgb, *, horizon: float, heading: int, loop: bool) -> None:
        """sky: the filled plate. horizon: its row. heading: 1 to the right, -1 to the left."""
        # OpenCV samples four channels fastest by far.
        self._sky = as_rgb(cv2.cvtColor(sky, cv2.COLOR_RGB2RGBA))
        # The sun does not go with the clouds.
        rows = speeds(sky.shape[0], horizon, sky.shape[1])[:, None]
        self._way = as_map(heading * rows * (1.0 - sun(sky)))
        self._loop = loop

    def draw(self, phase: float, map_x: Map, map_y: Map) -> Rgb:
        """The sky at a phase 0..1, seen by the camera through the maps (plate pixels)."""
        way = as_map(
            cv2.remap(self._way, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )
        forward = self._look(map_x - way * np.float32(phase), map_y)
        if not self._loop or phase <= 0.0:
            return forward
        backward = self._look(map_x - way * np.float32(phase - 1.0), map_y)
        blend = cv2.addWeighted(forward, 1.0 - phase, backward, phase, 0.0)
        kept = float(np.hypot(phase, 1.0 - phase))
        gain = 1.0 + RESTORED * (1.0 / kept - 1.0)
        return as_rgb(cv2.addWeighted(blend, gain, surroundings(as_rgb(blend)), 1.0 - gain, 0.0))

    def _look(self, map_x: Map, map_y: Map) -> Rgb:
        seen = cv2.remap(
            self._sky, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        return as_rgb(cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB))


def surroundings(picture: Rgb) -> Rgb:
    """The picture without its detail: blurred on a thumbnail, which a blur does not notice."""
    height, width = picture.shape[:2]
    small = (max(1, width // THUMBNAIL), max(1, height // THUMBNAIL))
    tiny = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    sigma = max(1.0, SURROUNDINGS * max(height, width) / THUMBNAIL)
    return as_rgb(
        cv2.resize(
            cv2.GaussianBlur(tiny, (0, 0), sigma), (width, height), interpolation=cv2.INTER_LINEAR
        )
    )
