"""What of a stream falls: the bright and rough part of it.

It falls along its streaks: across the gradients' main direction, downhill.
"""

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.bays import grain
from model_endpoint.scene.model import FALLING_WATER, Region
from model_endpoint.scene.outlines import above_half, disc, fit, lab_of, ramp, within
from model_endpoint.scene.stream import (
    COLOUR_PX,
    SIDE_PX,
    WHITE,
    closed,
    energies,
    larger,
    opened,
)

#: CIE Lab: what falls is grainy all over; the outline of a boat or a post on a lake is not.
FALLING_GRAIN = 3.0
#: How many times stronger than the water's median the contrast across is where it falls, and the
#: share of upright streaks from which on it does: ripples lie.
FALLING_CONTRAST = 1.3
STANDING = 0.25
#: The percentile of the water's b below which it is as blue as falling foam.
BLUEST = 30.0
#: Widths of the gaps between jets of one fall, of specks, and of a jet's soft border.
JETS_PX, SPECK_PX, SOFT_PX = 9, 5, 3
#: Least part of the picture that falls, and least part of the largest fall that another one has.
MIN_FALLING = 0.005
MIN_FALL = 0.2
#: Pixels over which contrast and share are averaged.
JET_PX = 4.0
#: Pixels over which the streaks' direction and the flow are averaged.
STREAK_PX = 2.7
FLOW_PX = 8.0
#: Part of straight down in every direction of flow: streaks near the level say little.
GRAVITY = 0.35


def streaks(light: Map) -> Map:
    """Along the streaks of a picture, downhill: (h, w, 2) unit vectors, x right and y down.

    The eigenvector of the smoothed structure tensor's smaller eigenvalue: with
    tan(2 angle) = 2 Jxy / (Jxx - Jyy), the gradients' main direction, and a right angle more.
    Bigün and Granlund, Optimal Orientation Detection of Linear Symmetry, ICCV 1987.
    """
    across = as_map(cv2.Sobel(light, cv2.CV_32F, 1, 0))
    down = as_map(cv2.Sobel(light, cv2.CV_32F, 0, 1))
    blur = (0, 0), STREAK_PX
    xx = as_map(cv2.GaussianBlur(across * across, *blur))
    yy = as_map(cv2.GaussianBlur(down * down, *blur))
    xy = as_map(cv2.GaussianBlur(across * down, *blur))
    angle = 0.5 * np.arctan2(2.0 * xy, xx - yy) + np.pi / 2
    along = np.stack([np.cos(angle), np.sin(angle)], axis=2)
    along *= np.where(along[..., 1:] < 0, -1.0, 1.0)
    # As sure as the tensor is stretched; where it is round, only gravity speaks.
    stretch = np.hypot(xx - yy, 2.0 * xy) / (xx + yy + 1e-3)
    mean = as_map(cv2.GaussianBlur(as_map(along * stretch[..., None]), (0, 0), FLOW_PX))
    mean[..., 1] = np.maximum(mean[..., 1], 0.0) + GRAVITY
    return as_map(mean / np.linalg.norm(mean, axis=2, keepdims=True))


def find_falling(photo: Rgb, size: tuple[int, int], water: Region | None) -> Region | None:
    """What of the water falls, with its flow, on maps of `size`; None where nothing does."""
    if water is None:
        return None
    small = within(photo, SIDE_PX)
    lab = lab_of(small)
    light, blue = lab[..., 0], as_map(cv2.GaussianBlur(lab[..., 2], (0, 0), COLOUR_PX))
    inside = above_half(water.mask, small)
    if not inside.any():
        return None
    # Foam takes the sky's blue where it flies; what it has fallen into is clearer.
    across, down = energies(light, JET_PX)
    falls = inside & (grain(light) > FALLING_GRAIN)
    falls &= across > FALLING_CONTRAST**2 * float(np.median(across[inside]))
    falls &= (across > STANDING * (across + down)) & (
        blue < float(np.percentile(blue[inside], BLUEST))
    )
    falls = opened(closed(falls, JETS_PX, JETS_PX), disc(SPECK_PX))
    soft = np.asarray(cv2.dilate(falls.astype(np.uint8), disc(SOFT_PX)) > 0)
    falls = larger(soft & inside, MIN_FALL)
    if falls.mean() < MIN_FALLING:
        return None
    mask = as_map(np.minimum(fit(photo, falls, size), water.mask))
    flow = as_map(cv2.resize(streaks(light), size, interpolation=cv2.INTER_LINEAR))
    flow /= np.maximum(np.linalg.norm(flow, axis=2, keepdims=True), 1e-6)
    white = float((light[falls] > WHITE).mean())
    confidence = water.confidence * float(ramp(as_map(white), 0.05, 0.4))
    return Region(FALLING_WATER, mask, confidence, flow=as_map(flow * (mask[..., None] > 0)))
