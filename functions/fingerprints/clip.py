"""The fingerprints of a clip: its pictures decoded, bars left out, hashed in two ways."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import av
import iscc_lib
import numpy as np
from PIL import Image

from fingerprints import bars, frame_signature, pdq
from story.errors import VideoUnreadable
from story.fingerprints import ISCC_BITS, PDQ_FRAMES, Fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

#: As iscc-sdk samples for ISO 24138's Video-Code.
SAMPLES_PER_SECOND: Final = 5
#: Ours last 10 s at most; what comes later in a longer file is not looked at.
MAX_SECONDS: Final = 12.0
#: Of ours too; larger pictures are made smaller first.
MAX_SIDE_PX: Final = 1_280
#: PDQ's own tool makes pictures this small before it hashes them.
_PDQ_SIDE_PX: Final = 512

Luma = np.ndarray[Any, np.dtype[np.uint8]]


def of_clip(video: bytes, *, mirrored: bool = False) -> Fingerprints:
    """The fingerprints of an MP4, or of how it looks in a mirror.

    Raises VideoUnreadable if nothing of it decodes, or its pictures are smaller than 32 pixels.
    """
    return of_lumas(list(_sampled(video)), mirrored=mirrored)


def of_lumas(lumas: Sequence[Luma], *, mirrored: bool = False) -> Fingerprints:
    """The same of its sampled pictures (H, W), all of one size.

    Raises VideoUnreadable if there are none, or they are smaller than 32 pixels.
    """
    if not lumas:
        raise VideoUnreadable("The clip has no pictures to know it by")
    left, top, right, bottom = bars.inside(lumas)
    seen = [luma[top:bottom, left:right] for luma in lumas]
    if min(seen[0].shape) < frame_signature.SIDE:
        raise VideoUnreadable(
            f"The clip's pictures are {right - left}×{bottom - top} px;"
            f" at least {frame_signature.SIDE}×{frame_signature.SIDE}"
        )
    if mirrored:
        seen = [luma[:, ::-1] for luma in seen]
    signatures = [frame_signature.of_luma(luma) for luma in seen]
    # In the middle of six equal parts.
    shown = [seen[int((part + 0.5) * len(seen) / PDQ_FRAMES)] for part in range(PDQ_FRAMES)]
    return Fingerprints(
        pdq=tuple(pdq.of_luma(_small(luma)).hex for luma in shown),
        iscc=iscc_lib.gen_video_code_v0(signatures, bits=ISCC_BITS)["iscc"],
    )


class Sampling:
    """Which frames are looked at: five a second, each the first that is not before its time."""

    def __init__(self) -> None:
        self._began: Fraction | None = None
        self._due = 0
        self.over = False

    def takes(self, frame: av.VideoFrame) -> bool:
        """Whether the next frame is one of them; once `over`, none is any more.

        Raises VideoUnreadable if the frame has no time.
        """
        if frame.pts is None or frame.time_base is None:
            raise VideoUnreadable("A frame of the clip has no time")
        at = frame.pts * frame.time_base
        self._began = at if self._began is None else self._began
        self.over = self.over or at - self._began > MAX_SECONDS
        if self.over or (at - self._began) * SAMPLES_PER_SECOND < self._due:
            return False
        self._due = int((at - self._began) * SAMPLES_PER_SECOND) + 1
        return True


def _sampled(video: bytes) -> Iterator[Luma]:
    """Luma (H, W) of the frames that are looked at."""
    sampling = Sampling()
    try:
        with av.open(io.BytesIO(video), mode="r", format="mp4") as container:
            if not container.streams.video:
                raise VideoUnreadable("The file has no pictures")
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                if sampling.takes(frame):
                    yield luma_of(frame)
                elif sampling.over:
                    return
    except av.FFmpegError as error:
        raise VideoUnreadable(f"The clip does not decode: {error.strerror}") from error


def luma_of(frame: av.VideoFrame) -> Luma:
    """A frame's luma (H, W), made smaller if a side is longer than MAX_SIDE_PX."""
    scale = min(1.0, MAX_SIDE_PX / max(frame.width, frame.height))
    width, height = (2 * max(1, round(side * scale / 2)) for side in (frame.width, frame.height))
    planes = frame.reformat(width=width, height=height, format="yuv420p").to_ndarray()
    return np.array(planes[:height], dtype=np.uint8)


def _small(luma: Luma) -> NDArray[np.float32]:
    picture = Image.fromarray(luma)
    scale = min(1.0, _PDQ_SIDE_PX / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return np.asarray(picture.resize(size, Image.Resampling.BOX), dtype=np.float32)
