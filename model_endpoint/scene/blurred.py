"""The border of a bright region that is out of focus, or dazzles: where half of its light is left.

A blurred edge spreads the light of both sides evenly, so it lies where the light is the mean of
what it is well inside and well outside. Light adds up, sRGB values do not. What is burnt out was
brighter than white can tell, so that its half level is white itself: what is dimmer is glare.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.outlines import HALF, Mask, disc, lab_of, ramp

#: sRGB's exponent, near enough for a threshold.
GAMMA = 2.2
#: The part of full light at which a place begins to be burnt out and is so, and how much brighter
#: it may have been.
BURNT_OUT = (0.95, 0.99)
EXCESS = 2.0
#: How far from the border the light of both sides is measured, as a part of the longer side.
REACH = 1 / 28
#: A border is blurred where no pixel of it takes more than this part of its step.
SHARPEST = 0.25
#: CIE Lab: what is bluer than both sides by this is no mixture of them, but sky under a cloud.
BLUER = 8.0
#: Least part of the picture that a piece of the region counts for its light.
MIN_CORE = 0.0005
#: Part of full light by which the sides must differ at all.
MIN_STEP = 0.15


def at_nearest(values: Map, places: Mask) -> Map:
    """What `values` are at the nearest of `places`, for every pixel: (h, w)."""
    _, labels = cv2.distanceTransformWithLabels(
        np.asarray(~places, dtype=np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(labels.max()) + 1, dtype=np.float32)
    table[labels[places]] = values[places]
    return as_map(table[labels])


def mean_over(light: Map, places: Mask, side: int) -> Map:
    """The mean light of the places in a window around each pixel; 0 where there is none."""
    weight = as_map(places)
    total = as_map(cv2.boxFilter(light * weight, -1, (side, side), normalize=False))
    count = as_map(cv2.boxFilter(weight, -1, (side, side), normalize=False))
    return as_map(total / np.maximum(count, 1.0))


def cores(region: Mask, window: NDArray[np.uint8]) -> Mask:
    """What of a region lies further than a window from its border, but for small pieces."""
    inner = cv2.erode(region.astype(np.uint8), window)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(inner)
    large = stats[:, cv2.CC_STAT_AREA] >= MIN_CORE * region.size
    large[0] = False
    return np.asarray(large[labels])


def within_half_light(photo: Rgb, region: Mask) -> Mask:
    """A bright region (h, w) without what is dimmer than half its light along blurred borders."""
    light = as_map((as_map(photo).mean(axis=2) / 255.0) ** GAMMA)
    reach = max(2, round(REACH * max(region.shape)))
    window = disc(2 * reach + 1)
    inside = cores(region, window)
    outside = np.asarray(cv2.dilate(region.astype(np.uint8), window) == 0)
    if not inside.any() or not outside.any():
        return region
    apparent = as_map(light + (EXCESS - 1.0) * ramp(light, *BURNT_OUT))
    # Blades and blooms outside differ; what shines through between them is their mean.
    within, beyond = at_nearest(apparent, inside), mean_over(light, outside, 4 * reach + 1)
    yellow = as_map(lab_of(photo)[..., 2])
    bluest = np.minimum(at_nearest(yellow, inside), at_nearest(yellow, outside))
    across, down = (as_map(cv2.Sobel(light, cv2.CV_32F, *axes)) / 8 for axes in ((1, 0), (0, 1)))
    steepest = as_map(cv2.dilate(np.hypot(across, down), disc(reach + 1)))
    step = np.minimum(within, 1.0) - beyond
    blurred = (beyond > 0) & (step > MIN_STEP) & (steepest < SHARPEST * step)
    mixed = yellow > bluest - BLUER
    dim = blurred & mixed & ~inside & (apparent < HALF * (within + beyond))
    return region & ~dim
