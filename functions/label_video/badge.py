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

    from story.labels import Language

BADGES: Final = Path(__file__).parent / "badges"
#: Of a badge's PNG: its words.
TEXT_CHUNK: Final = "Badge"
#: How high a capital or an alif is in a badge as it is drawn. Large: badges
#: are only ever scaled down.
LETTER_PX: Final = 96
#: The same in a clip, as a part of its short side: a little more than the twentieth that
#: China's GB 45438-2025 asks for.
LETTER_PART: Final = 0.0525
#: Where players of vertical video lay nothing over it, as parts of height and width. Meta keeps the
#: top 14 % of a Reel for itself, TikTok's ads 11 % of each side: there the pill may end, but
#: no letter is (docs/decisions/0018-what-a-clip-says.md).
TOP_PART: Final = 0.145
SIDE_PART: Final = 0.09
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


def fit(language: Language, words: str, width: int, height: int) -> Badge:
    """The badge with these words for clips of this size, in pixels.

    Raises ValueError if the badge of this language has other words.
    """
    mask = _mask(language, words)
    scale = min(width, height) * LETTER_PART / LETTER_PX
    tall, wide = _even(mask.height * scale), _even(mask.width * scale)
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
def _mask(language: Language, words: str) -> Image.Image:
    mask = Image.open(BADGES / f"{language}.png", formats=["PNG"])
    mask.load()
    if mask.info[TEXT_CHUNK] != words:
        raise ValueError(
            f"The badge in {language} says {mask.info[TEXT_CHUNK]!r}, the table {words!r}; "
            "`make badges` draws it anew"
        )
    return mask


def _even(value: float) -> int:
    return 2 * round(value / 2)
