"""The points of a face: MediaPipe's Face Mesh on an upright crop, and what it is worth.

Kartynnik et al., Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs, 2019.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.weights import landmark_network

CROP_PX = 192
POINTS = 468
#: The crop's side over the face's larger side: a quarter of margin on each side.
CROP_SCALE = 1.5
#: Two looks: the second crop is laid around the points that the first one found.
LOOKS = 2
#: Indices of the mesh. Right and left are the person's own, as in the mesh's drawings.
RIGHT_EYE = (33, 133, 159, 145)
LEFT_EYE = (263, 362, 386, 374)
RIGHT_EYE_OUTER, LEFT_EYE_OUTER = 33, 263
NOSE_TIP = 1
RIGHT_MOUTH, LEFT_MOUTH = 61, 291
RIGHT_CHEEK, LEFT_CHEEK = 234, 454
#: How far the nose's tip stands out from the line between the cheeks, in half face widths.
NOSE_DEPTH = 1.4


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a face. points: (468, 3) pixels of the photo, z towards the back.

    presence: the log-odds of a human face's being there at all. agreement: mean distance to the
    detector's own five points, in distances between the eyes.
    """

    points: Map
    presence: float
    agreement: float

    @property
    def eye_distance(self) -> float:
        """Between the outer corners of the eyes, pixels of the photo."""
        return float(
            np.linalg.norm(self.points[LEFT_EYE_OUTER, :2] - self.points[RIGHT_EYE_OUTER, :2])
        )

    @property
    def yaw_degrees(self) -> float:
        """How far the face is turned from the viewer: the larger of what two cues say."""
        return max(turned_by_depth(self.points), turned_by_nose(self.points))


def turned_by_depth(points: Map) -> float:
    """Degrees between the line from cheek to cheek and the picture's plane. points (468, 3)."""
    across = points[LEFT_CHEEK] - points[RIGHT_CHEEK]
    return float(np.degrees(np.arctan2(abs(across[2]), np.hypot(across[0], across[1]))))


def turned_by_nose(points: Map) -> float:
    """Degrees by which the nose's tip has left the middle between the cheeks. points (468, 3).

    A tip that stands NOSE_DEPTH half widths before the cheeks moves by NOSE_DEPTH · tan(yaw) of
    the half width that is left of them after foreshortening.
    """
    right, left = points[RIGHT_CHEEK, :2], points[LEFT_CHEEK, :2]
    across = (left - right) / 2.0
    length = float(across @ across)
    if length == 0.0:
        return 90.0
    aside = float((points[NOSE_TIP, :2] - (left + right) / 2.0) @ across) / length
    return float(np.degrees(np.arctan(abs(aside) / NOSE_DEPTH)))


def read_landmarks(
    photo: Rgb, box: NDArray[np.float64], five: NDArray[np.float64]
) -> Reading | None:
    """Read a face. photo (H, W, 3); box (left, top, width, height) and five (5, 2) in its pixels.

    five: right eye, left eye, nose, right and left corner of the mouth, as YuNet gives them.
    None when the points collapse, as they do on what is no face.
    """
    centre, side = box[:2] + box[2:] / 2.0, float(box[2:].max())
    eyes = five[1] - five[0]
    found = None
    for _ in range(LOOKS):
        if side <= 0.0 or not eyes.any():
            return None
        found = look(photo, centre, side * CROP_SCALE, float(np.arctan2(eyes[1], eyes[0])))
        plane = found[0][:, :2].astype(float)
        eyes = plane[LEFT_EYE_OUTER] - plane[RIGHT_EYE_OUTER]
        low, high = plane.min(axis=0), plane.max(axis=0)
        centre, side = (low + high) / 2.0, float((high - low).max())
    if found is None:
        return None
    points, presence = found
    seen = np.array(
        [
            points[list(RIGHT_EYE), :2].mean(axis=0),
            points[list(LEFT_EYE), :2].mean(axis=0),
            points[NOSE_TIP, :2],
            points[RIGHT_MOUTH, :2],
            points[LEFT_MOUTH, :2],
        ]
    )
    apart = max(1e-6, float(np.linalg.norm(five[1] - five[0])))
    agreement = float(np.linalg.norm(seen - five, axis=1).mean()) / apart
    return Reading(points=points, presence=presence, agreement=agreement)


def look(photo: Rgb, centre: NDArray[np.float64], side: float, angle: float) -> tuple[Map, float]:
    """The mesh in a square crop of `side` pixels around centre, turned by `angle` radians.

    Returns points (468, 3) in pixels of the photo, and the log-odds of a face.
    """
    scale = CROP_PX / side
    pivot = (float(centre[0]), float(centre[1]))
    into = np.asarray(cv2.getRotationMatrix2D(pivot, float(np.degrees(angle)), scale), dtype=float)
    into[:, 2] += CROP_PX / 2.0 - centre
    crop = cv2.warpAffine(
        photo,
        into,
        (CROP_PX, CROP_PX),
        flags=cv2.INTER_LINEAR if scale > 1.0 else cv2.INTER_AREA,
        borderMode=cv2.BORDER_REPLICATE,
    )
    network = landmark_network()
    network.setInput(as_map(as_map(crop).transpose(2, 0, 1)[None] / 255.0))
    answer, flag = network.forward(["conv2d_21", "conv2d_31"])
    mesh = np.asarray(answer, dtype=float).reshape(POINTS, 3)
    back = cv2.invertAffineTransform(into)
    plane = mesh[:, :2] @ back[:, :2].T + back[:, 2]
    points = as_map(np.column_stack([plane, mesh[:, 2] / scale]))
    return points, float(np.asarray(flag, dtype=float).ravel()[0])
