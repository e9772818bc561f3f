"""Decoding a clip once: what it declares, small copies of all frames, and a few whole ones.

Only the MP4 demuxer and only H.264 are let near the bytes: other demuxers follow references to
files and addresses. What is declared is checked before the first picture is decoded.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import av
import numpy as np
from av.video.reformatter import Colorspace, Interpolation
from PIL import Image

from frames import selection
from story.errors import VideoUnreadable

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from story.generation import Direction, Report

#: Of the frames that models are asked about.
_JPEG_QUALITY: Final = 90

#: (H, W, 3) uint8, sRGB.
Rgb: TypeAlias = "NDArray[np.uint8]"

#: Small copies have a quarter of the clip's sides: motion, flashes and likeness show there as
#: well, and film grain and coding noise do not.
SMALL: Final = 4
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True)
class Declared:
    """What the container says about itself."""

    streams: tuple[str, ...]
    video_codec: str
    pixel_format: str
    width: int
    height: int
    fps: float
    seconds: float
    audio_codec: str | None
    audio_rate: int | None
    audio_channels: int | None
    audio_seconds: float | None


@dataclass
class Pictures:
    """What was decoded.

    small (N, H/4, W/4, 3) uint8; times (N,) seconds; kept: the whole frames that gate 2
    judges, by their index.
    """

    small: NDArray[np.uint8]
    times: tuple[float, ...]
    kept: dict[int, Rgb] = field(repr=False)
    #: mean |difference| to the frame before, 0..255; the first frame has 0.
    motion: tuple[float, ...]


def declared(video: bytes) -> Declared:
    """Read the container's declarations. Raises VideoUnreadable if it is not an MP4 with video."""
    try:
        with _opened(video) as container:
            if not container.streams.video:
                raise VideoUnreadable("The clip has no video stream")
            picture = container.streams.video[0]
            sound = container.streams.audio[0] if container.streams.audio else None
            return Declared(
                streams=tuple(stream.type for stream in container.streams),
                video_codec=picture.codec_context.name,
                pixel_format=picture.codec_context.pix_fmt or "unknown",
                width=picture.codec_context.width,
                height=picture.codec_context.height,
                fps=float(picture.average_rate or 0),
                seconds=(container.duration or 0) / _MICROSECONDS,
                audio_codec=sound.codec_context.name if sound else None,
                audio_rate=sound.codec_context.sample_rate if sound else None,
                audio_channels=sound.codec_context.channels if sound else None,
                audio_seconds=_stream_seconds(sound) if sound else None,
            )
    except av.FFmpegError as error:
        raise VideoUnreadable(f"The clip is not a whole MP4: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise VideoUnreadable(f"The clip's metadata is not text: {error.object[:16]!r}") from error


def decode(video: bytes, expected: Direction | Report) -> Pictures:
    """Decode every frame, but not more than two beyond what was directed or reported.

    Raises VideoUnreadable if a frame does not decode cleanly.
    """
    small_size = (expected.width // SMALL, expected.height // SMALL)
    small: list[Rgb] = []
    times: list[float] = []
    motion: list[float] = []
    # As the decoder has them, 1.4 MB each: which of them are judged is known when all are seen.
    whole: list[VideoFrame] = []
    try:
        with _opened(video) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            stream.codec_context.options = {"err_detect": "explode"}
            for index, frame in enumerate(container.decode(stream)):
                if frame.is_corrupt:
                    raise VideoUnreadable(f"Frame {index} of the clip is damaged")
                small.append(_rgb(frame, small_size))
                times.append(float(frame.time or 0.0))
                motion.append(_mean_difference(small[-1], small[-2]) if index else 0.0)
                whole.append(frame)
                if index > expected.frames:
                    break
    except av.FFmpegError as error:
        raise VideoUnreadable(
            f"The clip does not decode beyond frame {len(small)}: {error.strerror}"
        ) from error
    if not whole:
        raise VideoUnreadable("The clip has no frames")
    pictures = np.stack(small)
    chosen = selection.choose(pictures, times, motion)
    return Pictures(
        small=pictures,
        times=tuple(times),
        kept={index: _rgb(whole[index]) for index in chosen},
        motion=tuple(motion),
    )


def jpeg(pixels: Rgb) -> bytes:
    """A frame as models are asked about it."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()


def _mean_difference(one: Rgb, other: Rgb) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def _rgb(frame: VideoFrame, size: tuple[int, int] | None = None) -> Rgb:
    """A frame as sRGB pixels, read as BT.709, which is what clips are made in."""
    width, height = size or (frame.width, frame.height)
    pixels = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        interpolation=Interpolation.AREA,
        src_colorspace=Colorspace.ITU709,
    ).to_ndarray()
    return np.asarray(pixels, dtype=np.uint8)


def _stream_seconds(stream: Any) -> float:
    return float(stream.duration * stream.time_base) if stream.duration else 0.0


def _opened(video: bytes) -> InputContainer:
    return av.open(io.BytesIO(video), mode="r", format="mp4")
