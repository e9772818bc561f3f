"""Faces, so that no crop cuts one; and the points of those that can be read surely."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Rgb, as_map
from model_endpoint.scene.evidence import rise
from model_endpoint.scene.landmarks import Reading, read_landmarks
from model_endpoint.scene.model import Face
from model_endpoint.scene.weights import face_network
from story.generation import Box

DETECTION_SIDE_PX = 640
#: YuNet gives dogs up to 0.89 and a dandelion 0.75: its score alone tells no face from either.
MIN_SCORE = 0.6
#: Log-odds that Face Mesh must see: people get 20 to 30, dogs and dandelions at most 2.
MIN_PRESENCE = 5.0
SURE_PRESENCE = 14.0
SURE_SCORE = 0.8
#: Without a face in the mesh's eyes, a detection this strong may be an animal's.
ANIMAL_SCORE = 0.65
#: Pixels between the outer corners of the eyes: below the first, lids cannot be drawn.
SMALLEST_EYES_PX = 22.0
AMPLE_EYES_PX = 44.0
#: Degrees: from the second on, the far half of the face is not seen well enough to be moved.
FRONTAL_YAW = 22.0
TURNED_YAW = 35.0
#: Distances between the eyes by which the two networks' five points may differ.
AGREES = 0.2
DISAGREES = 0.35
MIN_CONFIDENCE = 0.5
SAME_FACE = 0.3


@dataclass(frozen=True, slots=True)
class Detection:
    """A face in YuNet's eyes: box (4,) and five points (5, 2) in pixels of the photo, a score."""

    box: NDArray[np.float64]
    five: NDArray[np.float64]
    score: float

    def within(self, width: int, height: int) -> Box | None:
        """The part of the box inside the photo, in fractions; None when there is none."""
        left, top, box_width, box_height = self.box
        x0, x1 = np.clip((left, left + box_width), 0, width) / width
        y0, y1 = np.clip((top, top + box_height), 0, height) / height
        if x1 <= x0 or y1 <= y0:
            return None
        return Box(left=float(x0), top=float(y0), width=float(x1 - x0), height=float(y1 - y0))


def detect(photo: Rgb) -> tuple[Detection, ...]:
    """Everything that may be a face. Wu et al., YuNet, Machine Intelligence Research 20, 2023."""
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
    back = np.array([width / size[0], height / size[1]])
    return tuple(
        Detection(
            box=row[:4] * np.tile(back, 2),
            five=row[4:14].reshape(5, 2) * back,
            score=float(row[14]),
        )
        for row in np.asarray(found, dtype=float)
    )


def find_faces(
    photo: Rgb, known: tuple[Box, ...] = (), *, animal: bool = False
) -> tuple[Face, ...]:
    """Every face, the largest first. photo (H, W, 3) uint8.

    known: faces that were found before; they stay, with points where they can be read. animal:
    the photo shows one, whose face is a face too, but never has points.
    """
    height, width = photo.shape[:2]
    faces: list[Face] = []
    for detection in detect(photo):
        box = detection.within(width, height)
        if box is None:
            continue
        reading = read_landmarks(photo, detection.box, detection.five)
        if reading is None or reading.presence < MIN_PRESENCE:
            if animal and detection.score > ANIMAL_SCORE:
                faces.append(Face(box=box))
            continue
        faces.append(judged(box, reading, detection.score, (width, height)))
    missed = [
        Face(box=box) for box in known if all(overlap(box, face.box) < SAME_FACE for face in faces)
    ]
    return tuple(
        sorted(faces + missed, key=lambda face: face.box.width * face.box.height, reverse=True)
    )


def judged(box: Box, reading: Reading, score: float, size: tuple[int, int]) -> Face:
    """The face with its points, if they are sure enough to be moved. size: width, height."""
    confidence = trust(reading, score)
    if confidence < MIN_CONFIDENCE:
        return Face(box=box)
    points = as_map(reading.points[:, :2] / as_map(size))
    return Face(box=box, points=points, confidence=confidence)


def trust(reading: Reading, score: float) -> float:
    """How sure a reading is, 0..1: the weakest of its evidence decides."""
    return min(
        rise(reading.presence, MIN_PRESENCE, SURE_PRESENCE),
        rise(score, MIN_SCORE, SURE_SCORE),
        rise(reading.eye_distance, SMALLEST_EYES_PX, AMPLE_EYES_PX),
        rise(reading.yaw_degrees, TURNED_YAW, FRONTAL_YAW),
        rise(reading.agreement, DISAGREES, AGREES),
    )


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    along = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    shared = max(0.0, across) * max(0.0, along)
    both = one.width * one.height + other.width * other.height - shared
    return shared / both if both > 0.0 else 0.0
