"""From a rough idea of where a region is to its outline in the picture.

`grow` finds the region of a place's colours (GrabCut: Rother, Kolmogorov, Blake, SIGGRAPH 2004),
`fit` lays its border on the picture's edges (guided filter).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.guided import guided_filter

Mask = NDArray[np.bool_]

HALF = 0.5
#: Grey variance (0..1) below which a place counts as flat for the outline, and its reach.
OUTLINE_VARIANCE = 2e-4
OUTLINE_REACH_PX = 3
#: How steeply the fitted border becomes a mask: a little softer than a step.
OUTLINE_GAIN = 2.5


def ramp(values: Map, low: float, high: float) -> Map:
    """0 at low, 1 at high, linear between; low may be above high."""
    return as_map(np.clip((values - low) / (high - low), 0.0, 1.0))


def disc(side: int) -> NDArray[np.uint8]:
    """A disc as a structuring element."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)


def within(photo: Rgb, side: int) -> Rgb:
    """The photo with its longer side at most `side` pixels."""
    scale = min(1.0, side / max(photo.shape[:2]))
    return as_rgb(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def lab_of(photo: Rgb) -> Map:
    """CIE L*a*b* of a picture, (h, w, 3): L 0..100; a distance of 2 is just seen."""
    return as_map(cv2.cvtColor(as_map(photo) / np.float32(255.0), cv2.COLOR_RGB2LAB))


def above_half(mask: Map, like: Mask | Rgb) -> Mask:
    """Where a map is above one half, at the size of another picture."""
    size = (like.shape[1], like.shape[0])
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > HALF)


def grow(photo: Rgb, likely: Mask, surely: Mask, never: Mask, *, rounds: int) -> Mask:
    """The region around `likely` that has its colours, with `surely` and without `never`."""
    labels = np.full(likely.shape, cv2.GC_PR_BGD, dtype=np.uint8)
    labels[likely] = cv2.GC_PR_FGD
    labels[surely] = cv2.GC_FGD
    labels[never] = cv2.GC_BGD
    inside = (labels == cv2.GC_PR_FGD) | (labels == cv2.GC_FGD)
    # Two mixtures need pixels of both kinds.
    if not inside.any() or inside.all():
        return np.asarray(inside)
    # GrabCut's mixtures start from OpenCV's own random numbers.
    cv2.setRNGSeed(0)
    bgr = cv2.cvtColor(photo, cv2.COLOR_RGB2BGR)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    everything = (0, 0, likely.shape[1], likely.shape[0])
    cv2.grabCut(bgr, labels, everything, background, foreground, rounds, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_PR_FGD) | (labels == cv2.GC_FGD))


def meet(photo: Rgb, inside: Mask, never: Mask, reach: int) -> Mask:
    """The region `inside`, grown by at most `reach` pixels to the boldest outline in that band.

    Flooded from both sides, the two meet at the watershed of the colour differences.
    Meyer, Color Image Segmentation, IEE Conf. Image Processing 1992.
    """
    window = disc(2 * reach + 1)
    solid = np.asarray(cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_CLOSE, window) > 0)
    solid &= ~never
    far = cv2.dilate(solid.astype(np.uint8), window) == 0
    markers = np.zeros(inside.shape, dtype=np.int32)
    markers[far | never] = 2
    markers[solid] = 1
    cv2.watershed(photo, markers)
    return np.asarray(markers == 1) | solid


def fit(photo: Rgb, mask: Mask, size: tuple[int, int]) -> Map:
    """The mask on maps of `size` (width, height), its border laid on the photo's edges; 0..1."""
    guide = cv2.cvtColor(
        as_rgb(cv2.resize(photo, size, interpolation=cv2.INTER_AREA)), cv2.COLOR_RGB2GRAY
    )
    coarse = as_map(cv2.resize(as_map(mask), size, interpolation=cv2.INTER_LINEAR))
    soft = guided_filter(
        as_map(guide) / np.float32(255.0), coarse, radius=OUTLINE_REACH_PX, eps=OUTLINE_VARIANCE
    )
    return as_map(np.clip((soft - HALF) * OUTLINE_GAIN + HALF, 0.0, 1.0))
