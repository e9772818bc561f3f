"""Depth without a depth network: the ground recedes, the sky is far, the subject stands on it."""

import cv2
import numpy as np

from model_endpoint.pixels import Map, as_map
from model_endpoint.scene.model import SKY, SUBJECT, Region

#: Depth of the ground where it meets the horizon and at the lower edge of the photo.
GROUND_FAR = 0.85
GROUND_NEAR = 0.1
#: Without a horizon the picture is taken for a wall that leans back a little.
WALL_FAR = 0.75
WALL_NEAR = 0.35
#: A subject is at least this much nearer than the ground at its foot, so that it stands out.
SUBJECT_STEP = 0.18
SUBJECT_NEAREST = 0.15
#: Smoothing of the ground, as a part of the map's height: outlines without a layer must not tear.
SMOOTHING = 0.05


def estimate_depth(
    size: tuple[int, int], horizon: float | None, regions: tuple[Region, ...]
) -> Map:
    """0 near .. 1 far for maps of `size` (width, height): (h, w) float32.

    A pinhole camera over a plane sees disparity grow linearly with the rows below the horizon
    (Hartley & Zisserman, Multiple View Geometry, 2nd ed., sec. 8.3): so does 1 - depth here.
    """
    width, height = size
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height
    if horizon is None:
        ramp = WALL_FAR + (WALL_NEAR - WALL_FAR) * rows
    else:
        below = np.clip((rows - horizon) / max(1e-3, 1.0 - horizon), 0.0, 1.0)
        ramp = GROUND_FAR + (GROUND_NEAR - GROUND_FAR) * below
    depth = np.repeat(ramp[:, None].astype(np.float32), width, axis=1)
    by_kind = {region.kind: region for region in regions}
    if SKY in by_kind:
        mask = by_kind[SKY].mask
        depth = depth * (1.0 - mask) + mask
    depth = as_map(cv2.GaussianBlur(depth, (0, 0), max(1.0, SMOOTHING * height)))
    if SUBJECT in by_kind:
        mask = by_kind[SUBJECT].mask
        occupied = np.flatnonzero((mask > 0.5).any(axis=1))  # noqa: PLR2004 middle of a mask
        if len(occupied):
            foot = float(ramp[occupied[-1]])
            near = max(SUBJECT_NEAREST, foot - SUBJECT_STEP)
            depth = depth * (1.0 - mask) + near * mask
    return as_map(np.clip(depth, 0.0, 1.0))
