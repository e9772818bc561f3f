from collections.abc import Callable

import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Rgb
from model_endpoint.scene.faces import detect, find_faces, judged, trust
from model_endpoint.scene.landmarks import (
    LEFT_EYE_OUTER,
    RIGHT_EYE_OUTER,
    Reading,
    read_landmarks,
    turned_by_depth,
    turned_by_nose,
)
from model_endpoint.scene.model import Face, Scene
from story.generation import Box

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]

#: The eyes of face_astronaut.jpg, midway between their corners as a person reads them off.
EYES = np.array([[0.3965, 0.199], [0.4845, 0.2045]])


def only(faces: tuple[Face, ...]) -> Face:
    (face,) = faces
    return face


def read(photo: Rgb) -> Reading:
    detection = detect(photo)[0]
    reading = read_landmarks(photo, detection.box, detection.five)
    assert reading is not None
    return reading


def eyes_of(face: Face) -> np.ndarray:
    assert face.points is not None
    right, left = face.points[[33, 133]].mean(axis=0), face.points[[263, 362]].mean(axis=0)
    return np.array([right, left])


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    return np.asarray((points - points.mean(axis=0)) @ turn.T, dtype=np.float32)


def test_the_points_of_a_portrait_lie_on_its_eyes(look: Look) -> None:
    face = only(look("face_astronaut").faces)
    assert face.points is not None
    assert face.points.shape == (468, 2)
    assert face.confidence > 0.9
    assert np.abs(eyes_of(face) - EYES).max() < 0.012


@pytest.mark.parametrize("degrees", [-20.0, 12.0])
def test_a_tilted_head_is_read_where_it_is(photo: Photo, degrees: float) -> None:
    upright = photo("face_astronaut")
    side = upright.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), degrees, 1.0)
    tilted = cv2.warpAffine(upright, turn, (side, side), borderMode=cv2.BORDER_REFLECT)
    expected = np.column_stack([EYES * side, np.ones(2)]) @ turn.T / side
    assert np.abs(eyes_of(only(find_faces(tilted))) - expected).max() < 0.015


def test_a_mirrored_face_has_mirrored_points(photo: Photo, look: Look) -> None:
    mirrored = only(find_faces(np.ascontiguousarray(photo("face_astronaut")[:, ::-1])))
    straight = eyes_of(only(look("face_astronaut").faces))
    straight = straight[::-1] * [-1, 1] + [1, 0]
    assert np.abs(eyes_of(mirrored) - straight).max() < 0.01


def test_both_faces_of_a_group_are_read(photo: Photo) -> None:
    portrait = photo("face_astronaut")
    faces = find_faces(np.hstack([portrait, portrait[:, ::-1]]))
    assert [face.points is not None for face in faces] == [True, True]


def test_a_face_too_small_for_its_lids_to_be_drawn_has_no_points(photo: Photo) -> None:
    small = cv2.resize(photo("face_astronaut"), (150, 150), interpolation=cv2.INTER_AREA)
    face = only(find_faces(small))
    assert face.points is None
    assert face.confidence == 0.0


@pytest.mark.parametrize("change", ["as it is", "mirrored", "brighter", "half", "tilted"])
@pytest.mark.parametrize("name", ["pets_dogs", "cat_chelsea", "dandelions"])
def test_no_animal_and_no_flower_ever_has_points(photo: Photo, name: str, change: str) -> None:
    picture = photo(name)
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 15, 1.0)
    changed = {
        "as it is": lambda: picture,
        "mirrored": lambda: np.ascontiguousarray(picture[:, ::-1]),
        "brighter": lambda: np.clip(picture * 1.25, 0, 255).astype(np.uint8),
        "half": lambda: cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        "tilted": lambda: cv2.warpAffine(picture, turn, (width, height)),
    }[change]()
    assert all(face.points is None for face in find_faces(changed, animal=True))
    assert find_faces(changed) == ()


def test_the_dogs_faces_are_kept_in_the_frame(look: Look) -> None:
    assert len(look("pets_dogs").faces) == 2


@pytest.mark.parametrize("degrees", [0.0, 20.0, 45.0])
def test_yaw_is_read_from_the_points(photo: Photo, degrees: float) -> None:
    points = turned(read(photo("face_astronaut")).points, degrees)
    assert turned_by_depth(points) == pytest.approx(degrees, abs=4.0)
    assert turned_by_nose(points) == pytest.approx(degrees, abs=6.0)


@pytest.mark.parametrize("degrees", [-50.0, 42.0])
def test_a_strongly_turned_face_is_left_alone(photo: Photo, degrees: float) -> None:
    straight = read(photo("face_astronaut"))
    assert trust(straight, 0.93) > 0.9
    reading = Reading(turned(straight.points, degrees), straight.presence, straight.agreement)
    box = Box(left=0.3, top=0.1, width=0.2, height=0.2)
    assert judged(box, reading, 0.93, (512, 512)) == Face(box=box)


@pytest.mark.parametrize(
    ("presence", "agreement", "score"), [(4.0, 0.1, 0.93), (26.0, 0.4, 0.93), (26.0, 0.1, 0.6)]
)
def test_one_doubt_is_enough(photo: Photo, presence: float, agreement: float, score: float) -> None:
    points = read(photo("face_astronaut")).points
    assert trust(Reading(points, presence, agreement), score) < 0.5


def test_the_eyes_are_measured_in_pixels_of_the_photo(photo: Photo) -> None:
    reading = read(photo("face_astronaut"))
    apart = reading.points[LEFT_EYE_OUTER, 0] - reading.points[RIGHT_EYE_OUTER, 0]
    assert reading.eye_distance == pytest.approx(apart, rel=0.05)
    assert 50 < reading.eye_distance < 75
