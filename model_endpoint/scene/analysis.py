"""The first analysis: classical cues for sky, water and depth, small networks for the rest."""

import cv2
import numpy as np

from model_endpoint.pixels import Rgb, as_rgb
from model_endpoint.scene.depth import estimate_depth
from model_endpoint.scene.faces import find_faces
from model_endpoint.scene.model import Face, Region, Scene
from model_endpoint.scene.sky import find_sky
from model_endpoint.scene.subject import find_subject, saliency
from model_endpoint.scene.water import find_water
from story.generation import Box, Tag

MAP_SIDE_PX = 512
#: Parts of a region's pixels above its upper and its lower edge: single towers do not count.
UPPER_EDGE = 0.02
LOWER_EDGE = 0.97
HALF = 0.5


def analyse(photo: Rgb, known_faces: tuple[Box, ...] = (), tags: tuple[Tag, ...] = ()) -> Scene:
    """Look at a photo, (H, W, 3) uint8.

    known_faces: those that were found before; tags: what it was said to show.
    """
    del tags
    height, width = photo.shape[:2]
    scale = min(1.0, MAP_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = as_rgb(cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
    salient = saliency(small)
    subject = find_subject(salient, size)
    sky = find_sky(small, size, salient)
    water = find_water(small, size, sky, subject)
    found = tuple(region for region in (sky, water, subject) if region is not None)
    horizon = horizon_of(sky, water)
    return Scene(
        regions=found,
        horizon=horizon,
        depth=estimate_depth(size, horizon, found),
        faces=tuple(Face(box=box) for box in known_faces) or find_faces(photo),
    )


def horizon_of(sky: Region | None, water: Region | None) -> float | None:
    """The row where the ground ends, as a fraction: the water's upper edge, or the sky's lower.

    Mountains hide the true horizon: the sky's lower edge is then above it, which only makes far
    ground a little nearer.
    """
    region, edge = (water, UPPER_EDGE) if water is not None else (sky, LOWER_EDGE)
    if region is None:
        return None
    inside = region.mask > HALF
    rows = np.flatnonzero(inside.any(axis=1))
    if len(rows) == 0:
        return None
    counts = np.cumsum(inside[rows].sum(axis=1)).astype(float)
    row = int(rows[int(np.searchsorted(counts / counts[-1], edge))])
    return row / int(region.mask.shape[0])
