"""From a video to the one picture that its mark is looked for in."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import av
import numpy as np

from story.errors import VideoUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray

#: Enough frames: ten seconds of ours.
MAX_FRAMES: Final = 240
MAX_SIDE_PX: Final = 4_096
#: After this no further frame is read; what was read is looked at.
MAX_SECONDS: Final = 8.0
_MIN_SIDE_PX: Final = 64
#: A row or column belongs to a bar if it hardly differs along itself and hardly changes in time.
_BAR_DEVIATION: Final = 3.0
_BAR_CHANGE: Final = 1.0
#: Bars leave at least this part of a side.
_MIN_PART: Final = 0.25


#: Metadata that is no text fails nobody: from PyAV 19 on it never does, and the option is gone.
TOLERANT: Final[dict[str, Any]] = (
    {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}  # noqa: PLR2004
)
#: Every so many frames it is seen what has changed.
_CHANGE_STEP: Final = 8


class Averaged(NamedTuple):
    """The mean of a video's frames without its bars.

    luma (H, W) float32, 0..255; bars: how many pixels were cut off at the left, top, right, bottom.
    """

    luma: NDArray[np.float32]
    frames: int
    bars: tuple[int, int, int, int]


class Averaging:
    """What is kept of the frames added so far: their sum, and how much they differed."""

    def __init__(self, first: NDArray[np.uint8]) -> None:
        self._total = np.zeros(first.shape, np.float32)
        self._change = np.zeros(first.shape, np.float32)
        self._before = first
        self.frames = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of each frame: (H, W)."""
        return self._total.shape

    def fits(self, luma: NDArray[np.uint8]) -> bool:
        """Whether a frame is as large as the first, and not one too many."""
        return luma.shape == self.shape and self.frames < MAX_FRAMES

    def add(self, luma: NDArray[np.uint8]) -> None:
        """Add a frame's luma (H, W), which may be reused afterwards."""
        if self.frames % _CHANGE_STEP == 0:
            self._change += np.abs(luma.astype(np.int16) - self._before)
            self._before = luma.copy()
        self._total += luma
        self.frames += 1

    def averaged(self) -> Averaged:
        """The mean of at least one frame, without bars."""
        mean = np.asarray(self._total / self.frames, dtype=np.float32)
        changes = max(1, (self.frames - 1) // _CHANGE_STEP)
        change = np.asarray(self._change / changes, dtype=np.float32)
        left, top, right, bottom = _picture(mean, change)
        height, width = mean.shape
        bars = (left, top, width - right, height - bottom)
        return Averaged(mean[top:bottom, left:right], self.frames, bars)


def averaged(video: BinaryIO) -> Averaged:
    """Read a video's first frames and average their luma.

    Raises VideoUnreadable if it holds no frame that decodes, or frames of no sensible size.
    """
    sums: Averaging | None = None
    try:
        for luma in _lumas(video):
            if sums is None:
                sums = Averaging(luma)
            if not sums.fits(luma):
                break  # a stream that changes its size is looked at as far as it does not
            sums.add(luma)
    except (av.FFmpegError, ValueError) as error:
        # What breaks off is looked at as far as it goes.
        if sums is None:
            raise VideoUnreadable(f"The file does not decode as a video: {error}") from error
    if sums is None:
        raise VideoUnreadable("The file holds no frame that decodes")
    return sums.averaged()


def _lumas(video: BinaryIO) -> Iterator[NDArray[np.uint8]]:
    """The first frames' luma, each valid until the next is asked for."""
    ends = time.monotonic() + MAX_SECONDS
    with av.open(video, mode="r", **TOLERANT) as container:
        if not container.streams.video:
            raise VideoUnreadable("The file has no pictures: only a video can have a mark")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise VideoUnreadable("The file's pictures are in a form that nothing here decodes")
        check_size(stream.width, stream.height)
        stream.thread_type = "AUTO"
        for frame in itertools.islice(container.decode(stream), MAX_FRAMES):
            check_size(frame.width, frame.height)
            yield luma_of(frame)
            if time.monotonic() > ends:
                return


def check_size(width: int, height: int) -> None:
    """Refuse pictures in which no mark is looked for. Raises VideoUnreadable."""
    if min(width, height) < _MIN_SIDE_PX or max(width, height) > MAX_SIDE_PX:
        raise VideoUnreadable(
            f"Pictures of {width}×{height} px; {_MIN_SIDE_PX} to {MAX_SIDE_PX} a side are looked at"
        )


def luma_of(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """(H, W) uint8, whatever the frame's format."""
    if frame.format.name in {"yuv420p", "yuvj420p", "yuv422p", "yuv444p"}:
        plane = frame.planes[0]
        rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(
            plane.height, plane.line_size
        )
        return np.asarray(rows[:, : plane.width], dtype=np.uint8)
    return np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8)


def _picture(mean: NDArray[np.float32], change: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of what lies inside the bars."""
    bounds: list[tuple[int, int]] = []
    for axis in (0, 1):
        alive = (mean.std(axis=axis) > _BAR_DEVIATION) | (change.mean(axis=axis) > _BAR_CHANGE)
        lines = np.flatnonzero(alive)
        length = mean.shape[1 - axis]
        if lines.size < _MIN_PART * length:
            bounds.append((0, length))
        else:
            bounds.append((int(lines[0]), int(lines[-1]) + 1))
    (left, right), (top, bottom) = bounds
    return left, top, right, bottom
