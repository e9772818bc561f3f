"""Depth without a depth network: the ground recedes, the sky is far, the subject stands on it.

What is out of focus is away from the focal plane; behind a sharp subject that is farther away.
"""

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.evidence import rise
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
#: The pair of scales that tells focus, fine over coarse, as parts of the longer side.
FINE = 0.002
COARSE = 0.008
#: Sharpness is averaged over this part of the longer side; flat places take their neighbours'.
FOCUS_AROUND = 0.03
#: Grey levels of coarse contrast below which a place says nothing about focus.
FLAT = 1.5
#: By how much the subject must be sharper than the rest, from noise to a portrait lens.
FOCUS_CONTRAST = (0.08, 0.3)
#: How much farther the most blurred places are moved.
BLUR_DEPTH = 0.25
SURE = 0.9
ABSENT = 0.1
MIDDLE = 0.5


def estimate_depth(photo: Rgb, horizon: float | None, regions: tuple[Region, ...]) -> Map:
    """0 near .. 1 far, (h, w) float32, for a photo (h, w, 3) in the size of the regions' masks.

    A pinhole camera over a plane sees disparity grow linearly with the rows below the horizon
    (Hartley & Zisserman, Multiple View Geometry, 2nd ed., sec. 8.3): so does 1 - depth here.
    """
    height, width = photo.shape[:2]
    ramp = ground(height, horizon)
    depth = np.repeat(ramp[:, None], width, axis=1)
    by_kind = {region.kind: region for region in regions}
    subject = by_kind[SUBJECT].mask if SUBJECT in by_kind else None
    if subject is not None:
        depth = depth + BLUR_DEPTH * behind_focus(photo, subject) * (1.0 - depth)
    if SKY in by_kind:
        mask = by_kind[SKY].mask
        depth = depth * (1.0 - mask) + mask
    depth = as_map(cv2.GaussianBlur(as_map(depth), (0, 0), max(1.0, SMOOTHING * height)))
    if subject is not None:
        occupied = np.flatnonzero((subject > MIDDLE).any(axis=1))
        if len(occupied):
            foot = float(ramp[occupied[-1]])
            near = max(SUBJECT_NEAREST, foot - SUBJECT_STEP)
            depth = as_map(depth * (1.0 - subject) + near * subject)
    return as_map(np.clip(depth, 0.0, 1.0))


def ground(height: int, horizon: float | None) -> Map:
    """Depth of the ground, or of a leaning wall, a row: (height,) float32."""
    rows = (np.arange(height, dtype=np.float32) + MIDDLE) / height
    if horizon is None:
        return as_map(WALL_FAR + (WALL_NEAR - WALL_FAR) * rows)
    below = np.clip((rows - horizon) / max(1e-3, 1.0 - horizon), 0.0, 1.0)
    return as_map(GROUND_FAR + (GROUND_NEAR - GROUND_FAR) * below)


def behind_focus(photo: Rgb, subject: Map) -> Map:
    """How far behind the focal plane each place lies, (h, w) 0..1; 0 if the subject is not sharp.

    subject (h, w): what is taken to be in focus.
    """
    sharp = sharpness(photo)
    inside, outside = subject > SURE, subject < ABSENT
    if not inside.any() or not outside.any():
        return np.zeros_like(subject)
    focal = float(np.median(sharp[inside]))
    lens = rise(focal - float(np.median(sharp[outside])), *FOCUS_CONTRAST)
    return as_map(lens * np.clip((focal - sharp) / max(focal, 1e-3), 0.0, 1.0))


def sharpness(photo: Rgb) -> Map:
    """Fine over coarse contrast, (h, w): blur takes the fine first, whatever the contrast was."""
    grey = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    longer = max(grey.shape)
    smooth = as_map(cv2.GaussianBlur(grey, (0, 0), max(FINE * longer, MIDDLE)))
    smoother = as_map(cv2.GaussianBlur(grey, (0, 0), max(COARSE * longer, 1.0)))
    around = FOCUS_AROUND * longer
    fine = as_map(cv2.GaussianBlur(np.abs(grey - smooth), (0, 0), around))
    coarse = as_map(cv2.GaussianBlur(np.abs(grey - smoother), (0, 0), around))
    return as_map(fine / (coarse + FLAT))
