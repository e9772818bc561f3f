"""The first analysis: classical cues for sky, water and depth, small networks for the rest."""

import cv2

from model_endpoint.pixels import Rgb, as_rgb
from model_endpoint.scene.depth import estimate_depth
from model_endpoint.scene.faces import find_faces
from model_endpoint.scene.model import Region, Scene
from model_endpoint.scene.subject import find_subject
from story.generation import Box

MAP_SIDE_PX = 512


def analyse(photo: Rgb, known_faces: tuple[Box, ...] = ()) -> Scene:
    """Look at a photo, (H, W, 3) uint8. `known_faces` are those that were found before."""
    height, width = photo.shape[:2]
    scale = min(1.0, MAP_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = as_rgb(cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
    regions: list[Region] = []
    subject = find_subject(small, size)
    if subject is not None:
        regions.append(subject)
    found = tuple(regions)
    return Scene(
        regions=found,
        horizon=None,
        depth=estimate_depth(size, None, found),
        faces=known_faces or find_faces(photo),
    )
