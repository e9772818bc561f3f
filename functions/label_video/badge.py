"""The visible badge: scaled to the clip and blended into its YUV planes, touching nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BADGES: Final = Path(__file__).parent / "badges"
_TEXT_CHUNK: Final = "Badge"  # as render_badge writes it

#: The badge's height as a part of the clip's short side. Its letters are 0.66 of that, which is
#: a little more than the twentieth that labelling rules ask for.
HEIGHT_PART: Final = 0.078
#: Below the bars that players and phones lay over the top of a vertical video, and off the edge.
TOP_PART: Final = 0.12
SIDE_PART: Final = 0.04
#: BT.709 limited range: luma 16 is black, 235 white; chroma 128 is grey.
_BLACK, _WHITE, _GREY = 16.0, 235.0, 128.0


@dataclass(frozen=True)
class Badge:
    """A badge for clips of one size. left and top are even, so that chroma lies on its grid.

    luma, cover (H, W) float32: the badge's luma and how much it covers, 0..1;
    chroma_cover (H/2, W/2) float32: the same for the chroma planes.
    """

    left: int
    top: int
    luma: NDArray[np.float32]
    cover: NDArray[np.float32]
    chroma_cover: NDArray[np.float32]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) in the clip's pixels."""
        height, width = self.cover.shape
        return (self.left, self.top, self.left + width, self.top + height)

    def burn(self, planes: NDArray[np.uint8], width: int, height: int) -> None:
        """Blend the badge into one frame, in place.

        planes (H · 3/2, W) uint8: yuv420p as PyAV lays it out: Y above U above V.
        """
        _blend(planes[:height], self.left, self.top, self.luma, self.cover)
        chroma_height, chroma_width = height // 2, width // 2
        grey = np.full_like(self.chroma_cover, _GREY)
        for index in range(2):
            start = height * width + index * chroma_height * chroma_width
            plane = planes.reshape(-1)[start : start + chroma_height * chroma_width]
            _blend(
                plane.reshape(chroma_height, chroma_width),
                self.left // 2,
                self.top // 2,
                grey,
                self.chroma_cover,
            )


def _blend(
    plane: NDArray[np.uint8],
    left: int,
    top: int,
    values: NDArray[np.float32],
    cover: NDArray[np.float32],
) -> None:
    height, width = cover.shape
    part = plane[top : top + height, left : left + width]
    part[...] = np.rint(part + cover * (values - part)).astype(np.uint8)


def fit(text: str, width: int, height: int) -> Badge:
    """The badge with these words for clips of this size, in pixels.

    Raises FileNotFoundError if no badge with these words was ever rendered.
    """
    mask = _mask(text)
    tall = _even(min(width, height) * HEIGHT_PART)
    wide = _even(tall * mask.width / mask.height)
    scaled = np.asarray(mask.resize((wide, tall), Image.Resampling.LANCZOS), dtype=np.float32)
    scaled = np.divide(scaled, 255, dtype=np.float32)
    letters, cover = scaled[..., 0], scaled[..., 1]
    return Badge(
        left=_even(width * SIDE_PART),
        top=_even(height * TOP_PART),
        luma=(_BLACK + (_WHITE - _BLACK) * letters).astype(np.float32),
        cover=cover,
        chroma_cover=cover.reshape(tall // 2, 2, wide // 2, 2).mean(axis=(1, 3)),
    )


@cache
def _mask(text: str) -> Image.Image:
    for path in sorted(_BADGES.glob("*.png")):
        mask = Image.open(path, formats=["PNG"])
        mask.load()
        if mask.info[_TEXT_CHUNK] == text:
            return mask
    raise FileNotFoundError(
        f"No badge says {text!r}; render it with `python -m label_video.render_badge`"
    )


def _even(value: float) -> int:
    return 2 * round(value / 2)
