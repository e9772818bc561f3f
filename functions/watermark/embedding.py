"""Adding a mark to the frames of a clip, as strongly as their texture hides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from watermark import pattern

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The mark's standard deviation, luma levels: on a surface without any texture, what each level of
#: the texture's own deviation adds, and at most.
_FLAT_LEVELS: Final = 0.5
_PER_TEXTURE: Final = 0.18
_MAX_LEVELS: Final = 4.5
#: Burnt-out light is so even that it hides nothing: from here to there the mark fades out, luma.
_BRIGHT, _BURNT = 195.0, 230.0
_LEAST_PART: Final = 0.3
#: A small picture is shown enlarged, which makes its cells as visible as larger ones of less
#: texture: below this many pixels a cell, its mark is weaker in proportion.
_WHOLE_CELL_PX: Final = 4.0
#: Texture is measured in blocks of this side, in pixels.
_BLOCK_PX: Final = 8
#: How often it is measured anew: between, the picture has not changed much.
_EVERY_FRAMES: Final = 8
#: Samples a cell of the drawn tile, from which the nearest is taken.
_SAMPLES: Final = 8
#: A byte's range. Not luma's nominal one: engines put light above 235, and to pull it down there,
#: with its colour left, would tint it.
_LEAST, _MOST = 0, 255


class Mark:
    """One id's mark in clips of one size."""

    def __init__(self, key: pattern.Key, mark_id: int, width: int, height: int) -> None:
        """Draw it once. Raises ValueError for an id that has no 32 bits."""
        tile = pattern.drawn(pattern.layout(key).marked(mark_id), _SAMPLES)
        cell = pattern.cell_px(width, height)
        rows, columns = (
            ((np.arange(side) + 0.5) / cell * _SAMPLES).astype(np.intp) % len(tile)
            for side in (height, width)
        )
        self._field = tile[np.ix_(rows, columns)]
        self._size = (width, height)
        self._overlay: NDArray[np.int16] | None = None
        self._index = 0

    def add(self, luma: NDArray[np.uint8]) -> None:
        """Add the mark to the next frame's luma (H, W) uint8, in place."""
        if self._overlay is None or self._index % _EVERY_FRAMES == 0:
            self._overlay = np.rint(self._field * strength(luma)).astype(np.int16)
        self._index += 1
        marked = luma + self._overlay
        np.clip(marked, _LEAST, _MOST, out=marked)
        luma[...] = marked


def strength(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How strong a mark each pixel hides: (H, W) uint8 to (H, W) float32, luma levels."""
    height, width = luma.shape
    mean, texture = _blocks(luma)
    # An edge hides nothing of what lies beside it: a block counts as smooth as its smoothest side.
    padded = np.pad(texture, 1, mode="edge")
    across = (padded[1:-1, :-2] + padded[1:-1, 2:]) / 2
    down = (padded[:-2, 1:-1] + padded[2:, 1:-1]) / 2
    calm = np.minimum(texture, np.minimum(across, down))
    levels = np.minimum(_FLAT_LEVELS + _PER_TEXTURE * calm, _MAX_LEVELS)
    levels *= min(1.0, pattern.cell_px(width, height) / _WHOLE_CELL_PX)
    levels *= np.clip((_BURNT - mean) / (_BURNT - _BRIGHT), _LEAST_PART, 1)
    scaled = Image.fromarray(levels.astype(np.float32)).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    return np.asarray(scaled, dtype=np.float32)


def _blocks(luma: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation within each block, (H / 8, W / 8) float32, luma levels."""
    height, width = (side // _BLOCK_PX for side in luma.shape)
    inner = luma[: height * _BLOCK_PX : 2, : width * _BLOCK_PX : 2].astype(np.float32)
    blocks = inner.reshape(height, _BLOCK_PX // 2, width, _BLOCK_PX // 2)
    mean = blocks.mean(axis=(1, 3))
    square = np.square(blocks).mean(axis=(1, 3))
    return mean, np.sqrt(np.maximum(square - np.square(mean), 0))
