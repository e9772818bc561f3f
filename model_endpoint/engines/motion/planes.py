"""Pictures as the encoder takes them: Y'CbCr BT.709, limited range, chroma at half the size."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: ITU-R BT.709-6, item 3.2: luma's weights of R', G', B'.
WEIGHTS = (0.2126, 0.7152, 0.0722)
#: Item 3.4, digital 8 bit: black and the span of luma; the middle and the span of chroma.
BLACK, LUMA_SPAN = 16.0, 219.0
NEUTRAL, CHROMA_SPAN = 128.0, 224.0
WHITE = BLACK + LUMA_SPAN


@dataclass(slots=True)
class Planes:
    """A picture: y (H, W), u and v (H / 2, W / 2), all uint8."""

    y: Rgb
    u: Rgb
    v: Rgb

    def part(self, rect: tuple[int, int, int, int]) -> "Planes":
        """A view of an even rectangle (left, top, right, bottom)."""
        left, top, right, bottom = rect
        half = (slice(top // 2, bottom // 2), slice(left // 2, right // 2))
        return Planes(self.y[top:bottom, left:right], self.u[half], self.v[half])


def matrix() -> Map:
    """(3, 4) float32: from (R', G', B', 1) in 0..255 to (Y', Cb, Cr) in BT.709 limited range."""
    red, green, blue = WEIGHTS
    luma = np.array([red, green, blue])
    cb = (np.array([0.0, 0.0, 1.0]) - luma) / (2.0 * (1.0 - blue))
    cr = (np.array([1.0, 0.0, 0.0]) - luma) / (2.0 * (1.0 - red))
    rows = [luma * LUMA_SPAN / 255.0, cb * CHROMA_SPAN / 255.0, cr * CHROMA_SPAN / 255.0]
    offsets = [BLACK, NEUTRAL, NEUTRAL]
    return as_map([[*row, offset] for row, offset in zip(rows, offsets, strict=True)])


def packed(picture: Rgb) -> Rgb:
    """(H, W, 3) sRGB to (H, W, 3) Y'CbCr, chroma still at full size."""
    return as_rgb(cv2.transform(picture, matrix()))


def colour(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """(Y', Cb, Cr) of a colour in 0..255."""
    y, u, v = (float(value) for value in matrix() @ as_map([red, green, blue, 1.0]))
    return y, u, v


def planes(picture: Rgb) -> Planes:
    """(H, W, 3) Y'CbCr in planes, chroma averaged over squares of four pixels; even sides."""
    height, width = picture.shape[:2]
    y, u, v = cv2.split(picture)
    half = (width // 2, height // 2)
    return Planes(
        as_rgb(y),
        as_rgb(cv2.resize(u, half, interpolation=cv2.INTER_AREA)),
        as_rgb(cv2.resize(v, half, interpolation=cv2.INTER_AREA)),
    )


def rgb(picture: Planes) -> Rgb:
    """Planes back to (H, W, 3) sRGB, for looking and for tests."""
    height, width = picture.y.shape
    size = (width, height)
    full = np.stack(
        [
            as_map(picture.y),
            as_map(cv2.resize(picture.u, size, interpolation=cv2.INTER_LINEAR)),
            as_map(cv2.resize(picture.v, size, interpolation=cv2.INTER_LINEAR)),
        ],
        axis=2,
    )
    change = matrix()
    back = np.linalg.inv(change[:, :3])
    values = (full - change[:, 3]) @ back.T
    return as_rgb(np.rint(np.clip(values, 0.0, 255.0)).astype(np.uint8))


def halved(plane: ArrayLike, size: tuple[int, int]) -> Rgb:
    """A chroma plane at half its size."""
    return as_rgb(cv2.resize(as_rgb(plane), size, interpolation=cv2.INTER_AREA))


def unpack(drawn: Rgb, into: Planes) -> None:
    """Write the colours of a packed layer (h, w, 4) of even sides to planes of its size."""
    cv2.extractChannel(drawn, 0, dst=into.y)
    # Four bytes are averaged in the time of one.
    half = cv2.resize(
        drawn, (drawn.shape[1] // 2, drawn.shape[0] // 2), interpolation=cv2.INTER_AREA
    )
    cv2.extractChannel(half, 1, dst=into.u)
    cv2.extractChannel(half, 2, dst=into.v)


def blank(size: tuple[int, int]) -> Planes:
    """Planes of a picture of an even size (width, height), all 0."""
    width, height = size
    return Planes(
        np.zeros((height, width), np.uint8),
        np.zeros((height // 2, width // 2), np.uint8),
        np.zeros((height // 2, width // 2), np.uint8),
    )


def add_behind(front: Planes, behind: Planes, through: Rgb) -> None:
    """Add through·behind in place; through (h, w) 0..255 is what the front lets be seen."""
    half = halved(through, (behind.u.shape[1], behind.u.shape[0]))
    for mine, other, let in (
        (front.y, behind.y, through),
        (front.u, behind.u, half),
        (front.v, behind.v, half),
    ):
        cv2.add(mine, cv2.multiply(other, let, scale=1.0 / 255.0), dst=mine)


def lay_over(below: Planes, layer: Planes, cover: Rgb) -> None:
    """Lay a layer over what is below, in place; its colours are times their coverage."""
    through = cv2.bitwise_not(cover)
    half = halved(as_rgb(through), (below.u.shape[1], below.u.shape[0]))
    for mine, other, let in (
        (below.y, layer.y, through),
        (below.u, layer.u, half),
        (below.v, layer.v, half),
    ):
        mine[:] = cv2.add(cv2.multiply(mine, let, scale=1.0 / 255.0), other)
