"""Water: a calm, wide, level region under the sky that has the sky's colours.

The first version asks for all of it, and for a sky to be mirrored: where unsure it finds nothing,
since a rippling meadow is worse than a still lake.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.model import WATER, Region
from model_endpoint.scene.outlines import grow, ramp
from model_endpoint.scene.sky import LIKELY, MAX_TEXTURE, SIDE_PX, texture

MIN_AREA = 0.03
MIN_WIDTH = 0.4
MIN_CONFIDENCE = 0.55
#: CIE Lab distances (OpenCV's 8-bit scale) at which a colour is, and is no more, the sky's.
SAME_COLOUR = 18.0
OTHER_COLOUR = 48.0
#: Part of the height above its lower border whose colours water mirrors.
MIRRORED = 0.12


def mirrored_colours(lab: Map, sky: NDArray[np.bool_]) -> Map:
    """How near each pixel's colour is to those of the lowest sky: (h, w) 0..1."""
    rows = np.arange(sky.shape[0])[:, None]
    lowest = int(np.percentile(np.where(sky, rows, 0).max(axis=0), 75))
    band = sky & (rows > lowest - MIRRORED * sky.shape[0])
    chosen = sky if band.sum() < 10 else band  # noqa: PLR2004 too few for percentiles
    colours = [np.percentile(lab[chosen], part, axis=0) for part in (15, 50, 85)]
    # Mirrored light is darker, never of another hue: lightness counts half.
    scale = as_map([0.5, 1.0, 1.0])
    distance = np.min([np.linalg.norm((lab - c) * scale, axis=2) for c in colours], axis=0)
    return ramp(as_map(distance), OTHER_COLOUR, SAME_COLOUR)


def levelness(photo: Rgb) -> Map:
    """Share of the vertical in the local gradients' energy: waves lie, grass stands. 0..1."""
    grey = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    across = as_map(cv2.GaussianBlur(as_map(cv2.Sobel(grey, cv2.CV_32F, 1, 0)) ** 2, (0, 0), 5.0))
    along = as_map(cv2.GaussianBlur(as_map(cv2.Sobel(grey, cv2.CV_32F, 0, 1)) ** 2, (0, 0), 5.0))
    return as_map((along + 1.0) / (along + across + 2.0))


def widest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected part of a mask."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if len(stats) < 2:  # noqa: PLR2004 only the background
        return mask
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def find_water(
    photo: Rgb, size: tuple[int, int], sky: Region | None, subject: Region | None
) -> Region | None:
    """The water on maps of `size` (width, height), or None when none is sure enough."""
    if sky is None:
        return None
    scale = min(1.0, SIDE_PX / max(photo.shape[:2]))
    small = as_rgb(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    shape = (small.shape[1], small.shape[0])
    above = cv2.resize(sky.mask, shape, interpolation=cv2.INTER_AREA) > LIKELY
    never = np.logical_or.accumulate(above[::-1], axis=0)[::-1]
    if subject is not None:
        never = never | (cv2.resize(subject.mask, shape, interpolation=cv2.INTER_AREA) > LIKELY)
    colour = mirrored_colours(as_map(cv2.cvtColor(small, cv2.COLOR_RGB2LAB)), above)
    level = levelness(small)
    calm = ramp(texture(small), MAX_TEXTURE + 2, MAX_TEXTURE / 2)
    # Waves may be as bold as they like where they lie level.
    likelihood = colour * np.maximum(calm, ramp(level, 0.65, 0.8)) * ramp(level, 0.4, 0.6)
    likely = widest((likelihood > LIKELY) & ~never)
    if likely.mean() < MIN_AREA:
        return None
    water = widest(grow(small, likely, never, rounds=3))
    if water.mean() < MIN_AREA or not likely[water].any():
        return None
    evidence = np.array(
        [
            float(colour[water].mean()),
            float(ramp(as_map(level[water].mean()), 0.45, 0.65)),
            float(ramp(as_map(water.any(axis=0).mean()), MIN_WIDTH / 2, 2 * MIN_WIDTH)),
            float(ramp(as_map(likely[water].mean()), 0.2, 0.6)),
        ]
    )
    confidence = float(np.exp(np.log(np.maximum(evidence, 1e-4)).mean()))
    if confidence < MIN_CONFIDENCE:
        return None
    mask = cv2.resize(as_map(water), size, interpolation=cv2.INTER_LINEAR)
    return Region(kind=WATER, mask=as_map(mask), confidence=confidence)
