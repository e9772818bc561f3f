"""Which part of the photo becomes the picture, and the plate that the camera moves over.

The plate is the photo at the clip's scale: a plate pixel is a clip pixel in the first frame, which
is `home`. What the photo shows around `home` is there for the camera to uncover.

With `cover` the picture fills the clip. With `contain` the whole photo is a card in the clip, with
a blurred copy of itself around it; inside the card everything is as with `cover`. Left to us, the
card of people who stand too far apart for `cover` shows what holds their heads, to be large.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.model import SUBJECT, Face, Scene
from story.generation import Box, CameraMove, Direction, Fit

#: The part of the largest possible crop that the first frame takes: the rest is the camera's room.
ROOM: dict[CameraMove, float] = {
    "none": 1.0,
    "push_in": 1.0,
    "pull_out": 0.86,
    "pan_left": 0.92,
    "pan_right": 0.92,
    "tilt_up": 0.93,
    "tilt_down": 0.93,
    "orbit": 0.92,
    "dolly": 0.97,
    "handheld": 0.95,
    "rack_focus": 1.0,
}
#: Which side of the room the first frame takes, x and y: the camera moves to the other.
LEAN: dict[CameraMove, tuple[float, float]] = {
    "pan_left": (1.0, 0.5),
    "pan_right": (0.0, 0.5),
    "tilt_up": (0.5, 1.0),
    "tilt_down": (0.5, 0.0),
}
MIDDLE = (0.5, 0.5)
#: The plate's margin around home, as a part of the picture's longer side, where the photo has it.
MARGIN = 0.14
#: How much more a face attracts the crop than the rest of the subject, and the middle of the photo.
FACE_PULL = 4.0
#: What a face's box may stick out of the crop, in pixels: boxes are no sharper than that.
SLACK_PX = 2.0
#: Hair, ears and chin around a face, in widths and heights of its box.
HEAD_ASIDE, HEAD_ABOVE, HEAD_BELOW = 0.45, 0.45, 0.2
#: How much longer than from head to head a card is: the camera comes nearer by as much.
AIR = 1.04
CENTRE_PULL = 0.15


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels."""

    left: float
    top: float
    width: float
    height: float

    def shrunk(self, part: float, lean: tuple[float, float] = MIDDLE) -> "Rect":
        """`part` of the size; lean (x, y): 0 keeps the left or upper edge, 1 the other."""
        width, height = self.width * part, self.height * part
        return Rect(
            self.left + (self.width - width) * lean[0],
            self.top + (self.height - height) * lean[1],
            width,
            height,
        )

    def shaped(self, size: tuple[int, int]) -> "Rect":
        """The largest rectangle in its middle that has the shape of a size (width, height)."""
        scale = min(self.width / size[0], self.height / size[1])
        width, height = size[0] * scale, size[1] * scale
        left = self.left + (self.width - width) / 2.0
        return Rect(left, self.top + (self.height - height) / 2.0, width, height)


@dataclass(frozen=True, slots=True)
class Framing:
    """The plate and its place in the photo.

    plate (h, w, 3) uint8; home: the first frame's place in it, (left, top) whole pixels; size:
    (width, height) of the picture; source: the plate's rectangle in the photo's pixels;
    photo_height: the photo's height, in pixels; crop: the part of the photo in the first frame;
    fit: how it was fitted; focus: where the eye goes, in the picture's pixels; heads: what holds
    all heads, in the picture's pixels and within it.
    """

    plate: Rgb
    home: tuple[int, int]
    size: tuple[int, int]
    source: Rect
    photo_height: int
    crop: Box
    fit: Fit
    focus: tuple[float, float]
    heads: Rect | None = None


def choose_fit(photo: tuple[int, int], scene: Scene, weight: Map, direction: Direction) -> Fit:
    """The fit that was directed; left to us, a card if the crop would cut a face."""
    if direction.fit != "auto":
        return direction.fit
    crop = outer_crop(photo, (direction.width, direction.height), weight)
    for face in scene.faces:
        left, top, right, bottom = face.box.in_pixels(*photo)
        inside = (
            left >= crop.left - SLACK_PX
            and top >= crop.top - SLACK_PX
            and right <= crop.left + crop.width + SLACK_PX
            and bottom <= crop.top + crop.height + SLACK_PX
        )
        if not inside:
            return "contain"
    return "cover"


def card_of(photo: tuple[int, int], scene: Scene, direction: Direction) -> Rect:
    """What of the photo a card shows: all of it if that was directed, else all heads, large.

    Only the side that keeps the card from being larger is cut, and never so far that the other
    one would keep it.
    """
    width, height = photo
    whole = Rect(0.0, 0.0, width, height)
    if direction.fit != "auto" or not scene.faces:
        return whole
    heads = [head.in_pixels(width, height) for head in map(head_of, scene.faces)]
    shape = direction.width / direction.height
    if width > height * shape:
        first, last = min(head[0] for head in heads), max(head[2] for head in heads)
        start, length = widened(first, last, height * shape, width)
        return Rect(start, 0.0, length, height)
    first, last = min(head[1] for head in heads), max(head[3] for head in heads)
    start, length = widened(first, last, width / shape, height)
    return Rect(0.0, start, width, length)


def head_of(face: Face) -> Box:
    """The part of the photo that a face's whole head takes."""
    box = face.box
    left, top = box.left - HEAD_ASIDE * box.width, box.top - HEAD_ABOVE * box.height
    right = box.left + (1.0 + HEAD_ASIDE) * box.width
    bottom = box.top + (1.0 + HEAD_BELOW) * box.height
    left, top = max(0.0, left), max(0.0, top)
    return Box(left=left, top=top, width=min(1.0, right) - left, height=min(1.0, bottom) - top)


def widened(first: float, last: float, least: float, most: float) -> tuple[float, float]:
    """(start, length) of the span first..last with some air, at least `least`, within 0..most."""
    length = min(most, max(AIR * (last - first), least))
    return min(max(0.0, (first + last - length) / 2.0), most - length), length


def card_size(shown: Rect, fit: Fit, clip: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of the moving picture: the clip, or for `contain` `shown` fitted in it."""
    if fit == "cover":
        return clip
    scale = min(clip[0] / shown.width, clip[1] / shown.height)
    # Even, since two rows share their colour in the clip.
    return (
        min(clip[0], max(2, 2 * round(shown.width * scale / 2))),
        min(clip[1], max(2, 2 * round(shown.height * scale / 2))),
    )


def attention(scene: Scene) -> Map:
    """How much each place deserves to be in the picture: (h, w) float32."""
    height, width = scene.depth.shape
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    weight = CENTRE_PULL * (1.0 - 0.5 * x * x) * (1.0 - 0.5 * y * y)
    subject = scene.region(SUBJECT)
    if subject is not None:
        weight += subject.mask * subject.confidence
    for face in scene.faces:
        left, top, right, bottom = (int(value) for value in face.box.in_pixels(width, height))
        weight[top : bottom + 1, left : right + 1] += FACE_PULL
    return weight


def best_start(weight: Map, length: float) -> float:
    """Where a window of `length` (fraction of the axis) holds the most: its start, 0..1-length.

    weight (n,). Of equally good places it takes the middle one.
    """
    if length >= 1.0:
        return 0.0
    window = max(1, round(length * len(weight)))
    sums = np.convolve(weight, np.ones(window, dtype=np.float32), mode="valid")
    best = np.flatnonzero(sums >= sums.max() * 0.998)
    return min(float(best[len(best) // 2]) / len(weight), 1.0 - length)


def outer_crop(photo: tuple[int, int], size: tuple[int, int], weight: Map) -> Rect:
    """The largest crop of the photo in the picture's shape, around what deserves attention."""
    scale = min(photo[0] / size[0], photo[1] / size[1])
    width, height = min(size[0] * scale, photo[0]), min(size[1] * scale, photo[1])
    left = best_start(weight.sum(axis=0), width / photo[0]) * photo[0]
    top = best_start(weight.sum(axis=1), height / photo[1]) * photo[1]
    return Rect(left, top, width, height)


def resample(photo: Rgb, source: Rect, size: tuple[int, int]) -> Rgb:
    """The photo's rectangle `source` at `size`; Lanczos, area-correct when it shrinks."""
    box = (source.left, source.top, source.left + source.width, source.top + source.height)
    resized = Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS, box=box)
    return np.asarray(resized, dtype=np.uint8)


def frame(photo: Rgb, scene: Scene, direction: Direction, move: CameraMove) -> Framing:
    """Choose the crop and cut the plate, for a camera that moves as `move`."""
    height, width = photo.shape[:2]
    weight = attention(scene)
    fit = choose_fit((width, height), scene, weight, direction)
    shown = card_of((width, height), scene, direction)
    size = card_size(shown, fit, (direction.width, direction.height))
    outer = outer_crop((width, height), size, weight)
    if fit == "contain":
        outer = shown.shaped(size)
    crop = outer.shrunk(ROOM[move], LEAN.get(move, MIDDLE))
    scale = size[0] / crop.width
    margin = MARGIN * max(size)
    left, top, right, bottom = (
        int(min(margin, max(0.0, room) * scale))
        for room in (
            crop.left,
            crop.top,
            width - crop.left - crop.width,
            height - crop.top - crop.height,
        )
    )
    plate_size = (size[0] + left + right, size[1] + top + bottom)
    source = Rect(
        max(0.0, crop.left - left / scale),
        max(0.0, crop.top - top / scale),
        min(float(width), plate_size[0] / scale),
        min(float(height), plate_size[1] / scale),
    )
    fractions = Box(
        left=max(0.0, crop.left / width),
        top=max(0.0, crop.top / height),
        width=min(1.0, crop.width / width),
        height=min(1.0, crop.height / height),
    )
    plate = resample(photo, source, plate_size)
    focus = centre_of(cut(weight, (width, height), source, plate_size))
    return Framing(
        plate=plate,
        home=(left, top),
        size=size,
        source=source,
        photo_height=height,
        crop=fractions,
        fit=fit,
        focus=(focus[0] - left, focus[1] - top),
        heads=around_heads((width, height), scene, crop, scale),
    )


def around_heads(photo: tuple[int, int], scene: Scene, crop: Rect, scale: float) -> Rect | None:
    """What holds all heads, in pixels of the picture of `crop`; None if there are none in it."""
    if not scene.faces:
        return None
    heads = np.array([head_of(face).in_pixels(*photo) for face in scene.faces])
    left, top = np.maximum(heads[:, :2].min(axis=0) - [crop.left, crop.top], 0.0)
    right, bottom = heads[:, 2:].max(axis=0) - [crop.left, crop.top]
    width, height = min(float(right), crop.width) - left, min(float(bottom), crop.height) - top
    if width <= 0.0 or height <= 0.0:
        return None
    return Rect(*(float(value) * scale for value in (left, top, width, height)))


def centre_of(weight: Map) -> tuple[float, float]:
    """(x, y) of the middle of a weight map."""
    total = float(weight.sum())
    x = float((weight.sum(axis=0) * np.arange(weight.shape[1])).sum()) / total
    y = float((weight.sum(axis=1) * np.arange(weight.shape[0])).sum()) / total
    return x, y


def cut(values: Map, photo: tuple[int, int], source: Rect, size: tuple[int, int]) -> Map:
    """A scene map on the plate: the rectangle `source` (photo pixels) of it, at `size`."""
    to_map = (values.shape[1] / photo[0], values.shape[0] / photo[1])
    scale_x = source.width * to_map[0] / size[0]
    scale_y = source.height * to_map[1] / size[1]
    # The centre of plate pixel i lies at (i + 0.5) · scale + offset - 0.5 of the map.
    matrix = np.array(
        [
            [scale_x, 0.0, source.left * to_map[0] + 0.5 * scale_x - 0.5],
            [0.0, scale_y, source.top * to_map[1] + 0.5 * scale_y - 0.5],
        ],
        dtype=np.float64,
    )
    placed = cv2.warpAffine(
        values,
        matrix,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return as_map(placed)
