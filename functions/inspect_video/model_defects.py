"""What goes wrong in clips of trained models only, measured against the clip's own first frame.

Users of image-to-video models report: a clip that springs back to its first frame, slow motion, a
photo that is left after a moment, static all over the picture from weights in too few bits, and
colours that drift. A procedural engine can do none of that, and some of what it is asked for (hues
of the sky, rain) would look like it, so these are asked of trained engines alone.

All work on luma and chroma at a quarter of the clip's sides and coarser, but for grain, which is
only in whole frames. Thresholds: measured on the
gallery's clips and on made ones, docs/benchmarks/guard.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from frames.clip import Pictures
    from story.generation import Direction

#: Sides of the cells that are compared, in pixels of the small copies.
CELL: Final = 8
#: Motions whose very purpose is other light or another colour.
RECOLOURING: Final = frozenset(
    {"sky_hues", "sun_glow", "fire", "light_sweep", "window_light", "light_trails", "twinkle"}
)
#: Presets that ask for it.
_RECOLOURING_PRESETS: Final = frozenset({"timelapse", "dreamy", "surprise"})

#: A spring-back: within this time the picture loses more than this part of the farthest that the
#: clip ever is from its first frame. A camera that swings there and back in two seconds loses 0.4.
SPRING_SECONDS: Final = 0.25
SPRING_PART: Final = 0.6
#: How far is 1 - correlation with the first frame; from less nobody sees a picture spring back.
SPRING_FROM: Final = 0.08

#: The mean |difference| of the liveliest 16 by 16 block, in levels, within the liveliest second.
SLOW_BELOW: Final = 8.0

#: Left photo: the best correlation of any placing of the first frame, and the common part of both
#: pictures' colours, are both below these; a camera that moves on changes one of them only.
LEFT_CORRELATION: Final = 0.45
LEFT_COLOURS: Final = 0.55
#: In this part of the frames after the first half second.
LEFT_PART: Final = 0.5
LEFT_AFTER_SECONDS: Final = 0.5
_COLOUR_BINS: Final = 4
#: How far the first frame is placed elsewhere: parts of the sides, and how much larger.
_SHIFTS: Final = (-0.2, -0.1, 0.0, 0.1, 0.2)
_SCALES: Final = (1.0, 1.15, 1.3)
_COARSE: Final = 32

#: Static: the grain of whole frames, in levels, grows to more than both.
STATIC_TIMES: Final = 2.0
STATIC_MORE: Final = 5.0
_GRAIN_CELL: Final = 32

#: Drift of colour: levels of chroma that the middle cell shifts by, and the part of all cells that
#: shift the same way.
DRIFT_LEVELS: Final = 9.0
DRIFT_PART: Final = 0.9
#: Levels: what proportion is to, and what keeps the dark from being divided by nothing.
_GREY: Final = np.float32(128)
_DARK: Final = np.float32(32)


@dataclass(frozen=True)
class Measures:
    """What was found in a clip; each field by the function of its name."""

    #: Where the picture has jumped back, and the greatest part of its way that it loses so fast.
    sprung_at: int | None
    sprung_part: float
    pace: float
    left: float
    grain: tuple[float, float]
    drift: tuple[float, float]


def measure(pictures: Pictures, fps: int) -> Measures:
    """Measure a clip."""
    luma = _luma(pictures.small)
    at, part = spring_back(_cells(luma), fps)
    return Measures(
        sprung_at=at,
        sprung_part=part,
        pace=pace(luma, fps),
        left=left_photo(pictures.small, luma, fps),
        grain=static(pictures.kept),
        drift=colour_drift(pictures.small),
    )


def of_trained(pictures: Pictures, direction: Direction) -> Iterator[str]:
    """What is wrong with a trained model's clip, beside what may be wrong with any."""
    found = measure(pictures, direction.fps)
    if found.sprung_at is not None:
        yield f"it springs back to its first frame at {found.sprung_at / direction.fps:.2f} s"
    if (least := _least_pace(direction)) > found.pace:
        yield (
            f"it moves in slow motion: in no second does the liveliest part change by more "
            f"than {found.pace:.1f} of at least {least:.1f} levels"
        )
    if found.left > LEFT_PART:
        yield f"it leaves the photo: {found.left:.0%} of its frames show something else"
    before, after = found.grain
    if after > max(STATIC_TIMES * before, before + STATIC_MORE):
        yield f"it is covered with static: its grain grows from {before:.1f} to {after:.1f} levels"
    drifted, together = found.drift
    drifts = drifted > DRIFT_LEVELS and together > DRIFT_PART
    if drifts and not _asks_for_other_light(direction):
        yield (
            f"its colours drift by {drifted:.1f} levels, the same way in {together:.0%} of "
            f"the picture; at most {DRIFT_LEVELS:g}"
        )


def _least_pace(direction: Direction) -> float:
    """In levels; less for what was asked to be slow or slight, nothing for what was to be still."""
    wishes = direction.wishes
    if "everything" in wishes.held:
        return 0.0
    wished = min(1.0, wishes.speed * wishes.strength)
    return SLOW_BELOW * wished / (2 if wishes.preset == "subtle" else 1)


def _asks_for_other_light(direction: Direction) -> bool:
    wishes = direction.wishes
    return (
        bool(RECOLOURING & set(wishes.motions))
        or wishes.preset in _RECOLOURING_PRESETS
        or wishes.mood is not None
    )


def _luma(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, H, W, 3) uint8 to (N, H, W), 0..255."""
    total = small[..., 0].astype(np.uint16)
    total += small[..., 1]
    total += small[..., 2]
    return total.astype(np.float32) / np.float32(3)


def _cells(planes: NDArray[np.float32], side: int = CELL) -> NDArray[np.float32]:
    """Means of square cells, (N, H, W) to (N, rows, columns)."""
    count, height, width = planes.shape
    rows, columns = max(1, height // side), max(1, width // side)
    tall, wide = height // rows, width // columns
    whole = planes[:, : rows * tall, : columns * wide]
    found: NDArray[np.float32] = whole.reshape(count, rows, tall, columns, wide).mean(axis=(2, 4))
    return found


def _normed(flat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row without its mean and of length 1: exposure and contrast do not count."""
    centred = flat - flat.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    found: NDArray[np.float32] = centred / np.maximum(length, 1e-6)
    return found


def spring_back(cells: NDArray[np.float32], fps: int) -> tuple[int | None, float]:
    """The frame at which the picture has jumped back to the first one, None if it does not.

    cells (N, rows, columns). The way from the first frame, 1 - correlation, falls by SPRING_PART of
    its most within SPRING_SECONDS: a camera that turns round, or a loop that closes, takes longer.
    Also returns the greatest part that is lost so fast.
    """
    flat = _normed(cells.reshape(len(cells), -1))
    way = 1 - flat @ flat[0]
    farthest = float(way.max())
    if farthest < SPRING_FROM:
        return None, 0.0
    window = max(1, round(SPRING_SECONDS * fps))
    parts = [
        (float(way[max(0, index - window) : index].max()) - float(way[index])) / farthest
        for index in range(1, len(way))
    ]
    jumped = [
        index
        for index, part in enumerate(parts, start=1)
        if part > SPRING_PART and way[index] < (1 - SPRING_PART) * farthest
    ]
    return (jumped[0] if jumped else None), max(0.0, *parts)


def pace(luma: NDArray[np.float32], fps: int) -> float:
    """How much the liveliest 16 by 16 block changes within the liveliest second, in levels."""
    step = min(fps, len(luma) - 1)
    blocks = [
        _cells(np.abs(luma[at + step] - luma[at])[None], 2 * CELL).max()
        for at in range(0, len(luma) - step, max(1, fps // 4))
    ]
    return float(max(blocks, default=0.0))


def left_photo(small: NDArray[np.uint8], luma: NDArray[np.float32], fps: int) -> float:
    """The part of the frames after half a second that show neither the photo's shapes nor colours.

    The shapes: the best correlation of a frame with the first one, placed elsewhere and larger, as
    a camera would show it, or with the latest frame that still showed the photo: what a camera
    uncovers is followed. The colours: the common part of two histograms.
    """
    first = round(LEFT_AFTER_SECONDS * fps)
    looked = range(first, len(small), max(1, fps // 4))
    if not looked:
        return 0.0
    side = max(1, min(luma.shape[1:]) // _COARSE)
    shapes = _cells(luma, side)
    colours = [_histogram(small[index]) for index in (0, *looked)]
    known, left = [shapes[0]], 0
    for colour, index in zip(colours[1:], looked, strict=True):
        # Both have to be strange; colours are compared in a hundredth of the time.
        strange = float(np.minimum(colours[0], colour).sum()) < LEFT_COLOURS and all(
            _best_correlation(one, shapes[index]) < LEFT_CORRELATION
            for one in (known[0], known[-1])
        )
        if strange:
            left += 1
        else:
            known.append(shapes[index])
    return left / len(looked)


def _histogram(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The shares of 4 by 4 by 4 colours."""
    coarse = (frame // (256 // _COLOUR_BINS)).astype(np.int64)
    index = (coarse[..., 0] * _COLOUR_BINS + coarse[..., 1]) * _COLOUR_BINS + coarse[..., 2]
    counted = np.bincount(index.ravel(), minlength=_COLOUR_BINS**3)
    found: NDArray[np.float64] = counted / counted.sum()
    return found


def _best_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The best of a frame's correlations with another, either of them shifted and enlarged."""
    found = -1.0
    for still, moved in ((one, other), (other, one)):
        height, width = still.shape
        for scale in _SCALES:
            tall, wide = round(height / scale), round(width / scale)
            rows = np.minimum((np.arange(tall) * scale).astype(int), height - 1)
            columns = np.minimum((np.arange(wide) * scale).astype(int), width - 1)
            # The moved picture in full, smaller, over the part of the still one that it may be.
            small = moved[np.ix_(rows, columns)]
            for down in _SHIFTS:
                for right in _SHIFTS:
                    top = round((height - tall) / 2 + down * height)
                    left = round((width - wide) / 2 + right * width)
                    found = max(found, _overlap(still, small, top, left))
    return found


def _overlap(still: NDArray[np.float32], small: NDArray[np.float32], top: int, left: int) -> float:
    """The correlation of a picture placed over another, where both are."""
    height, width = still.shape
    begin_y, begin_x = max(0, top), max(0, left)
    end_y, end_x = min(height, top + small.shape[0]), min(width, left + small.shape[1])
    under = still[begin_y:end_y, begin_x:end_x].ravel()
    over = small[begin_y - top : end_y - top, begin_x - left : end_x - left].ravel()
    pair = _normed(np.stack([under, over]))
    return float(pair[0] @ pair[1])


def static(whole: Mapping[int, NDArray[np.uint8]]) -> tuple[float, float]:
    """The grain of the first frame, and the middle one of the others', in levels.

    whole: frames as they are, (H, W, 3), by their index. Grain is the mean |Laplacian| / 4 of the
    middle cell of all: static covers everything, while rain, leaves and water cover a part.
    """
    grains = [_grain(whole[index]) for index in sorted(whole)]
    return grains[0], float(np.median(grains[1:])) if len(grains) > 1 else grains[0]


def _grain(frame: NDArray[np.uint8]) -> float:
    luma = frame.astype(np.float32).mean(axis=-1)
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    fine = np.abs(luma[1:-1, 1:-1] - around / 4)
    return float(np.median(_cells(fine[None], _GRAIN_CELL)))


def colour_drift(small: NDArray[np.uint8]) -> tuple[float, float]:
    """How far colours are from the first frame's, at their most, and how far that is everywhere.

    Of each cell the shift of chroma (R - G, (R + G) / 2 - B), in proportion to its light, since a
    cast tints what is dark by less. Returns the length of the median shift, in levels of a middle
    grey, and the part of all cells that shift by at least half of it in its direction.
    """
    every = small[:: max(1, len(small) // 12)].astype(np.float32)
    red, green, blue = every[..., 0], every[..., 1], every[..., 2]
    light = (_cells((red + green + blue) / np.float32(3), 2 * CELL) + _DARK) / (_GREY + _DARK)
    first, second = red - green, (red + green) / np.float32(2) - blue
    chroma = np.stack([_cells(first, 2 * CELL) / light, _cells(second, 2 * CELL) / light], axis=-1)
    shift = (chroma - chroma[0]).reshape(len(chroma), -1, 2)
    middle = np.median(shift, axis=1)
    lengths = np.linalg.norm(middle, axis=1)
    most = int(lengths.argmax())
    if lengths[most] == 0:
        return 0.0, 0.0
    along = shift[most] @ (middle[most] / lengths[most])
    return float(lengths[most]), float((along >= lengths[most] / 2).mean())
