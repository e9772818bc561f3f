"""The subject: what the eye goes to first, by U²-Net-p."""

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.model import SUBJECT, Region
from model_endpoint.scene.weights import subject_network

NETWORK_SIDE_PX = 320
#: Mean and deviation of ImageNet's channels, which the network was trained with.
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
#: Below 1 % it is a speck, above 65 % the whole picture: neither stands out from its ground.
MIN_AREA = 0.01
MAX_AREA = 0.65
MIN_CONFIDENCE = 0.65


def saliency(photo: Rgb) -> Map:
    """How much each pixel belongs to what stands out: (320, 320) float32, 0..1.

    Qin et al., U²-Net, Pattern Recognition 106, 2020; the fused map d0, not normalised.
    """
    side = (NETWORK_SIDE_PX, NETWORK_SIDE_PX)
    small = cv2.resize(photo, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    small /= max(1.0, float(small.max()))
    planes = ((small - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
    network = subject_network()
    fused = network.run(None, {network.get_inputs()[0].name: as_map(planes)})[0]
    return as_map(as_map(fused)[0, 0])


def find_subject(raw: Map, size: tuple[int, int]) -> Region | None:
    """The subject by its saliency, on maps of `size` (width, height); None if nothing stands out.

    The confidence is how decided the network was: the mean of its answer inside the outline,
    less the part of the outline's surroundings where it wavered.
    """
    inside = raw > 0.5  # noqa: PLR2004 the middle of a probability
    area = float(inside.mean())
    if not MIN_AREA <= area <= MAX_AREA:
        return None
    wavering = float(((raw > 0.1) & (raw < 0.9)).mean())  # noqa: PLR2004 the tails of a probability
    confidence = float(raw[inside].mean()) * (1.0 - min(1.0, wavering / (2.0 * area)))
    if confidence < MIN_CONFIDENCE:
        return None
    if inside[:, 0].any() and inside[:, -1].any() and not inside[-1].any():
        # From edge to edge and yet not in front: a ridge, a shore, a row of houses.
        return None
    mask = cv2.resize(raw, size, interpolation=cv2.INTER_LINEAR)
    return Region(kind=SUBJECT, mask=as_map(np.clip(mask, 0.0, 1.0)), confidence=confidence)
