"""The child of FindMark: decodes an untrusted file, and tells what is needed of its pictures.

It never sees a watermark key. It writes a line of JSON, and then the averaged picture in which the
parent looks for a mark: little-endian float32, row by row.
"""

from __future__ import annotations

import struct
import sys
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import numpy as np
import pi_heif
from PIL import Image, ImageOps

from find_mark.seen import MAX_VIDEO_PIXELS, Told
from fingerprints import clip
from story.errors import VideoUnreadable
from watermark import reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fingerprints.clip import Luma
    from provenance.kinds import MediaType
    from story.fingerprints import Fingerprints
    from watermark.reading import Averaged

    Luma32 = NDArray[np.float32]

MAX_STILL_PIXELS: Final = 40_000_000
#: A still is made as small as this; a mark is looked for at a third of it.
_STILL_SIDE_PX: Final = 2_048
#: Twelve seconds of 60 frames.
MAX_FRAMES: Final = 720
#: Of processor time; after this no further frame is decoded, and what was decoded is looked at.
#: Measured so, a busy machine sees as much of a file as an idle one.
DECODE_SECONDS: Final = 3.5
#: So many threads, on whatever machine: each has frames of its own.
_THREADS: Final = 2
_DEMUXERS: Final[dict[MediaType, str]] = {
    "video/mp4": "mp4",
    "video/quicktime": "mp4",
    "video/x-matroska": "matroska",
}
_STILLS: Final[dict[MediaType, str]] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/heic": "HEIF",
    "image/heif": "HEIF",
    "image/avif": "AVIF",
}
#: What Pillow and its plugins raise on damaged files, besides MemoryError.
_DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    RuntimeError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
#: What clips are shared in. A file may name any of hundreds of decoders, some nobody has looked at
#: for years.
CODECS: Final = frozenset(
    {"h264", "hevc", "av1", "libdav1d", "vp8", "vp9", "libvpx", "libvpx-vp9", "mpeg4", "mjpeg"}
)
#: Nothing but the file itself is opened, and little of it guessed.
_OPTIONS: Final = {
    "protocol_whitelist": "none",
    "codec_whitelist": ",".join(sorted(CODECS)),
    "enable_drefs": "0",
    "max_streams": "16",
    "probesize": "5000000",
    "analyzeduration": "1000000",
}


@dataclass
class _Seen:
    """What is kept of a video's frames."""

    sums: reading.Averaging | None = None
    lumas: list[Luma] = field(default_factory=list)
    sampling: clip.Sampling = field(default_factory=clip.Sampling)
    frames: int = 0
    #: Why no picture is compared: a frame had no time.
    untimed: str | None = None

    def add(self, frame: av.VideoFrame) -> bool:
        """Keep of a frame what is needed; False if no more is. Raises VideoUnreadable."""
        check_pixels(frame.width, frame.height)
        turns = frame.rotation // 90
        luma = np.rot90(reading.luma_of(frame), turns)
        if self.sums is None:
            self.sums = reading.Averaging(luma)
        if self.sums.fits(luma):
            self.sums.add(luma)
        elif luma.shape != self.sums.shape:
            return False  # what changes its size is looked at as far as it does not
        self._sample(frame, turns)
        self.frames += 1
        return self.frames < MAX_FRAMES and not self.sampling.over

    def _sample(self, frame: av.VideoFrame, turns: int) -> None:
        if self.untimed is not None:
            return
        try:
            if self.sampling.takes(frame):
                self.lumas.append(np.rot90(clip.luma_of(frame), turns))
        except VideoUnreadable as error:
            self.untimed = str(error)


def child(name: str, media_type: MediaType) -> None:
    """Decode the file that is named, and tell."""
    look = _of_still if media_type in _STILLS else _of_video
    try:
        told, picture = look(Path(name), media_type)
    except VideoUnreadable as error:
        sys.stdout.write(Told(why_unread=str(error)).model_dump_json() + "\n")
        return
    sys.stdout.write(told.model_dump_json() + "\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(picture.astype("<f4").tobytes())


def check_pixels(width: int, height: int) -> None:
    """Refuse pictures of a video that cost more than they can tell. Raises VideoUnreadable."""
    reading.check_size(width, height)
    if width * height > MAX_VIDEO_PIXELS:
        raise VideoUnreadable(
            f"Pictures of {width}×{height} px; at most {MAX_VIDEO_PIXELS:,} pixels are looked at"
        )


def _of_video(path: Path, media_type: MediaType) -> tuple[Told, Luma32]:
    seen = _Seen()
    try:
        _watch(path, _DEMUXERS[media_type], seen)
    except (av.FFmpegError, ValueError) as error:
        # What breaks off is looked at as far as it goes.
        if seen.sums is None:
            raise VideoUnreadable(f"The file does not decode as a video: {error}") from error
    if seen.sums is None:
        raise VideoUnreadable("The file holds no frame that decodes")
    picture = seen.sums.averaged()
    if seen.untimed is not None:
        return _told(picture, why_no_fingerprints=seen.untimed)
    try:
        both = [clip.of_lumas(seen.lumas, mirrored=mirrored) for mirrored in (False, True)]
    except VideoUnreadable as error:
        return _told(picture, why_no_fingerprints=str(error))
    return _told(picture, fingerprints=both[0], mirrored=both[1])


def _watch(path: Path, demuxer: str, seen: _Seen) -> None:
    ends = time.process_time() + DECODE_SECONDS
    with (
        path.open("rb") as file,
        av.open(file, "r", demuxer, options=_OPTIONS, **reading.TOLERANT) as container,
    ):
        if not container.streams.video:
            raise VideoUnreadable("The file has no pictures: only a video can have a mark")
        stream = container.streams.video[0]
        if stream.codec_context is None or stream.codec_context.name not in CODECS:
            raise VideoUnreadable("The file's pictures are in a form that nothing here decodes")
        check_pixels(stream.width, stream.height)
        stream.codec_context.thread_count = _THREADS
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            if not seen.add(frame) or time.process_time() > ends:
                return


def _of_still(path: Path, media_type: MediaType) -> tuple[Told, Luma32]:
    """A still has no fingerprints: those are of moving pictures, and a photo is like its clip."""
    Image.MAX_IMAGE_PIXELS = MAX_STILL_PIXELS
    pi_heif.register_heif_opener(thumbnails=False, aux_images=False, depth_images=False)
    try:
        with (
            warnings.catch_warnings(),
            Image.open(path, formats=[_STILLS[media_type]]) as image,
        ):
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if image.width * image.height > MAX_STILL_PIXELS:
                raise VideoUnreadable(
                    f"A picture of {image.width}×{image.height} px; at most"
                    f" {MAX_STILL_PIXELS:,} pixels are looked at"
                )
            image.draft("L", (_STILL_SIDE_PX, _STILL_SIDE_PX))
            upright = ImageOps.exif_transpose(image.convert("L"))
    except _DECODER_ERRORS as error:
        raise VideoUnreadable(f"The picture does not decode: {error}") from error
    upright.thumbnail((_STILL_SIDE_PX, _STILL_SIDE_PX), Image.Resampling.BOX)
    reading.check_size(*upright.size)
    sums = reading.Averaging(luma := np.asarray(upright, dtype=np.uint8))
    sums.add(luma)
    return _told(sums.averaged(), why_no_fingerprints="A still has none")


def _told(picture: Averaged, **known: Fingerprints | str) -> tuple[Told, Luma32]:
    height, width = picture.luma.shape
    shape = {"width": width, "height": height, "frames": picture.frames, "bars": picture.bars}
    return Told.model_validate(shape | known), picture.luma
