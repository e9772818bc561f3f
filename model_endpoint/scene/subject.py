"""The subject: what the eye goes to first, by U²-Net-p, and people by Selfie Segmentation."""

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.evidence import rise
from model_endpoint.scene.model import SUBJECT, Face, Region
from model_endpoint.scene.weights import people_network, subject_network

NETWORK_SIDE_PX = 320
PEOPLE_SIDE_PX = 256
#: Mean and deviation of ImageNet's channels, which the network was trained with.
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
#: Below 1 % it is a speck; above 92 % nothing is left that it stands out from.
MIN_AREA = 0.01
MAX_AREA = 0.92
#: A subject smaller than this is looked at once more, closer, with this margin of its longer side.
CLOSER_AREA = 0.15
CLOSER_MARGIN = 0.25
#: The first look may be this much less decided than the last one.
GLANCE = 0.7
#: Where a network's answer counts as set, and the tails in which it is decided.
SET = 0.45
DECIDED = (0.1, 0.9)
#: An outline is soft for this part of the longer side: there the network may waver.
OUTLINE = 0.0125
#: A subject spans a good part of the picture, across or along: parts of width and height.
SPANS = (0.2, 0.4)
#: The part of its convex hull that a thing fills, from a lattice to a body.
SOLID = (0.2, 0.5)
#: A face's square: its side in heights of the face's box, and the face's top in it.
PERSON_SIDE = 4.5
PERSON_TOP = 0.18
MAX_PEOPLE = 4
#: How much of a person outside what stands out is added to the subject.
PERSON_SET = 0.5
MIN_CONFIDENCE = 0.5
MIDDLE = 0.5


def saliency(photo: Rgb) -> Map:
    """How much each pixel belongs to what stands out: (320, 320) float32, 0..1.

    Qin et al., U²-Net, Pattern Recognition 106, 2020; the fused map d0, not normalised.
    """
    side = (NETWORK_SIDE_PX, NETWORK_SIDE_PX)
    small = cv2.resize(photo, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    small /= max(1.0, float(small.max()))
    planes = ((small - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
    network = subject_network()
    # The first output is the fused one; naming it spares the other six.
    fused = network.run([network.get_outputs()[0].name], {network.get_inputs()[0].name: planes})[0]
    return as_map(as_map(fused)[0, 0])


def find_subject(
    photo: Rgb, raw: Map, size: tuple[int, int], people: tuple[Face, ...] = ()
) -> Region | None:
    """The subject on maps of `size` (width, height); None if nothing stands out.

    photo (H, W, 3) in full; raw: its saliency; people: human faces in it. The confidence is how
    decided the network was: the mean of its answer inside the outline, less what it wavered over
    away from the outline; less for what spans little of the picture or is no solid thing.
    """
    if people:
        raw = with_people(photo, raw, people)
    area = float((raw > MIDDLE).mean())
    if not MIN_AREA <= area <= MAX_AREA:
        return None
    inside = raw > MIDDLE
    if inside[:, 0].any() and inside[:, -1].any() and not inside[-1].any():
        # From edge to edge and yet not in front: a ridge, a shore, a row of houses.
        return None
    standing = spanned(raw) * solidity(raw)
    decided = decidedness(raw)
    if min(standing, decided / GLANCE) < MIN_CONFIDENCE:
        return None
    if area < CLOSER_AREA:
        raw = closer(photo, raw, size)
        if float((raw > MIDDLE).mean()) < MIN_AREA:
            return None
        decided = (decided + decidedness(raw)) / 2.0
    confidence = standing * decided
    if confidence < MIN_CONFIDENCE:
        return None
    mask = as_map(cv2.resize(raw, size, interpolation=cv2.INTER_AREA))
    # The network is timid at soft outlines: its middle is moved to where it is right most often.
    mask = as_map(np.clip(mask * (MIDDLE / SET), 0.0, 1.0))
    return Region(kind=SUBJECT, mask=mask, confidence=confidence)


def decidedness(raw: Map) -> float:
    """Mean of the answer inside, times the part of it that is not wavering: 0..1."""
    inside = raw > MIDDLE
    side = 2 * round(OUTLINE * max(raw.shape)) + 1
    ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grey = inside.astype(np.uint8)
    outline = cv2.dilate(grey, ball) != cv2.erode(grey, ball)
    wavering = (raw > DECIDED[0]) & (raw < DECIDED[1]) & ~outline
    area = float(inside.mean())
    return float(raw[inside].mean()) * (1.0 - min(1.0, float(wavering.mean()) / area))


def spanned(raw: Map) -> float:
    """How much of the picture it spans, in the direction in which it spans more: 0..1."""
    inside = raw > MIDDLE
    part = max(float(inside.any(axis=axis).mean()) for axis in (0, 1))
    return rise(part, *SPANS)


def solidity(raw: Map) -> float:
    """How much of their convex hulls its parts fill: a cross of cables does not. 0..1."""
    outlines, _ = cv2.findContours(
        (raw > MIDDLE).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    hulls = sum(cv2.contourArea(cv2.convexHull(outline)) for outline in outlines)
    filled = sum(cv2.contourArea(outline) for outline in outlines)
    part = filled / hulls if hulls > 0.0 else 0.0
    return rise(part, *SOLID)


def closer(photo: Rgb, raw: Map, size: tuple[int, int]) -> Map:
    """The saliency of the subject's surroundings alone, put back in its place: maps of `size`."""
    height, width = photo.shape[:2]
    rows, columns = np.nonzero(raw > MIDDLE)
    top, bottom = (np.array([rows.min(), rows.max() + 1]) * height / raw.shape[0]).tolist()
    left, right = (np.array([columns.min(), columns.max() + 1]) * width / raw.shape[1]).tolist()
    margin = CLOSER_MARGIN * max(bottom - top, right - left)
    x0, x1 = max(0, round(left - margin)), min(width, round(right + margin))
    y0, y1 = max(0, round(top - margin)), min(height, round(bottom + margin))
    again = saliency(photo[y0:y1, x0:x1])
    whole = np.zeros((height, width), dtype=np.float32)
    whole[y0:y1, x0:x1] = cv2.resize(again, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    # Looked at closely, small things around come up that did not stand out before.
    known = cv2.dilate((raw > DECIDED[0]).astype(np.uint8), np.ones((9, 9), np.uint8))
    whole *= cv2.resize(known, (width, height), interpolation=cv2.INTER_NEAREST)
    return as_map(cv2.resize(whole, size, interpolation=cv2.INTER_AREA))


def with_people(photo: Rgb, raw: Map, people: tuple[Face, ...]) -> Map:
    """The saliency with the people added who belong to it: the shape of raw.

    Each person is looked for in a square around the face. A person of whom nothing stands out is
    added too: a face that is large enough to be read is part of the subject.
    """
    height, width = photo.shape[:2]
    found = np.zeros_like(raw)
    for face in people[:MAX_PEOPLE]:
        box = face.box
        side = PERSON_SIDE * box.height * height
        left = (box.left + box.width / 2.0) * width - side / 2.0
        top = box.top * height - PERSON_TOP * side
        x0, x1 = max(0, round(left)), min(width, round(left + side))
        y0, y1 = max(0, round(top)), min(height, round(top + side))
        part = np.zeros((height, width), dtype=np.float32)
        part[y0:y1, x0:x1] = cv2.resize(persons(photo[y0:y1, x0:x1]), (x1 - x0, y1 - y0))
        shape = (raw.shape[1], raw.shape[0])
        found = np.maximum(found, cv2.resize(part, shape, interpolation=cv2.INTER_AREA))
    # A strip along the outline only shows that this network draws it less exactly.
    more = ((found > PERSON_SET) & (raw <= MIDDLE)).astype(np.uint8)
    side = 2 * round(OUTLINE * max(raw.shape)) + 1
    ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    parts = cv2.morphologyEx(more, cv2.MORPH_OPEN, ball) > 0
    return as_map(np.maximum(raw, np.where(parts, found, 0.0)))


def persons(view: Rgb) -> Map:
    """Where people are: (256, 256) float32, 0..1. MediaPipe Selfie Segmentation, 2021."""
    size = (PEOPLE_SIDE_PX, PEOPLE_SIDE_PX)
    small = as_map(cv2.resize(view, size, interpolation=cv2.INTER_AREA))
    network = people_network()
    network.setInput(as_map((small / 255.0).transpose(2, 0, 1)[None]))
    return as_map(np.asarray(network.forward(), dtype=np.float32)[0, 0])
