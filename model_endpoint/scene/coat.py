"""An animal and what it lies on: its face shows the colours of its coat, the rest of it the others.

What stands out in a photo is often an animal with its basket or blanket. A part of the subject goes
when its colour is none of the face's and one of the background's: a white bib on a lawn stays.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.model import Face

#: The part of a face's box that is face.
FACE_PART = 0.8
#: How many colours a coat and a background have.
COAT_COLOURS = 5
BACKGROUND_COLOURS = 8
#: CIE Lab, OpenCV's 8-bit scale: another colour than the coat's. Light and shade count less.
OTHER = 20.0
#: And one that the background has.
SAME = 12.0
LIGHTNESS_WEIGHT = 0.4
#: Fur is flecked: smaller gaps and shreds than this, as parts of the longer side, are not kept.
GAP = 0.01
SHRED = 0.006
#: If less of the subject would be left, the face does not show the coat.
LEAST_LEFT = 0.6
MIN_PIXELS = 50
MIDDLE = 0.5


def only_coat(photo: Rgb, subject: Map, faces: tuple[Face, ...]) -> Map:
    """The subject's mask without what is not the animal. photo (h, w, 3), subject (h, w) 0..1.

    faces: the animals'. Without any, and where they do not show the coat, the mask stays.
    """
    inside = subject > MIDDLE
    face = face_places(faces, inside.shape) & inside
    if face.sum() < MIN_PIXELS or (~inside).sum() < MIN_PIXELS:
        return subject
    lab = as_map(cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2LAB), (0, 0), 1.0))
    lab *= as_map([LIGHTNESS_WEIGHT, 1.0, 1.0])
    from_coat = distance(lab, palette(lab[face], COAT_COLOURS))
    from_background = distance(lab, palette(lab[~inside], BACKGROUND_COLOURS))
    foreign = (from_coat >= OTHER) & (from_background < np.minimum(from_coat, SAME))
    kept = inside & ~foreign
    closed = cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_CLOSE, square(GAP, inside.shape))
    whole = cv2.morphologyEx(closed, cv2.MORPH_OPEN, square(SHRED, inside.shape)) > 0
    if (inside & whole).sum() < LEAST_LEFT * inside.sum():
        return subject
    gone = inside & ~whole
    edge = as_map(cv2.GaussianBlur(as_map(~gone), (0, 0), 1.0))
    return as_map(np.where(gone, 0.0, subject * edge))


def face_places(faces: tuple[Face, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The ellipses of faces on maps of shape (h, w)."""
    height, width = shape[0], shape[1]
    places = np.zeros((height, width), dtype=np.uint8)
    for face in faces:
        left, top, right, bottom = face.box.in_pixels(width, height)
        centre = (round((left + right) / 2), round((top + bottom) / 2))
        axes = (round(FACE_PART * (right - left) / 2), round(FACE_PART * (bottom - top) / 2))
        cv2.ellipse(places, centre, axes, 0.0, 0.0, 360.0, 1, cv2.FILLED)
    return places > 0


def palette(colours: Map, count: int) -> Map:
    """(count, 3) colours that stand for all of them (n, 3), by k-means."""
    # k-means starts from OpenCV's own random numbers.
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    # A background has far more pixels than colours: some of them will do.
    some = np.ascontiguousarray(colours[:: max(1, len(colours) // 4096)])
    start = np.zeros((len(some), 1), dtype=np.int32)
    _, _, centres = cv2.kmeans(some, count, start, stop, 1, cv2.KMEANS_PP_CENTERS)
    return as_map(centres)


def distance(lab: Map, colours: Map) -> Map:
    """From each pixel (h, w, 3) to the nearest of the colours (n, 3): (h, w)."""
    return as_map(np.min([np.linalg.norm(lab - colour, axis=2) for colour in colours], axis=0))


def square(part: float, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A structuring element of a part of the longer side, at least 3 px."""
    side = max(3, 2 * round(part * max(shape) / 2) + 1)
    return np.ones((side, side), dtype=np.uint8)
