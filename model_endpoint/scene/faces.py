"""Faces, so that no crop cuts one and no light sweeps over one."""

import cv2
import numpy as np

from model_endpoint.pixels import Rgb
from model_endpoint.scene.model import Face
from model_endpoint.scene.weights import face_network
from story.generation import Box

DETECTION_SIDE_PX = 640
#: Dog faces score up to 0.89 and are welcome: they want to be kept in the frame as well.
MIN_SCORE = 0.7


def find_faces(photo: Rgb) -> tuple[Face, ...]:
    """Every face, the largest first. photo (H, W, 3) uint8."""
    height, width = photo.shape[:2]
    scale = min(1.0, DETECTION_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    network = face_network()
    network.setInputSize(size)
    network.setScoreThreshold(MIN_SCORE)
    _, found = network.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    if found is None:
        return ()
    boxes = []
    for left, top, box_width, box_height in np.asarray(found, dtype=float)[:, :4]:
        x0, x1 = np.clip((left, left + box_width), 0, size[0]) / size[0]
        y0, y1 = np.clip((top, top + box_height), 0, size[1]) / size[1]
        if x1 > x0 and y1 > y0:
            boxes.append(
                Box(left=float(x0), top=float(y0), width=float(x1 - x0), height=float(y1 - y0))
            )
    boxes.sort(key=lambda box: box.width * box.height, reverse=True)
    return tuple(Face(box=box) for box in boxes)
