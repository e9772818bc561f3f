"""One pass over the clip: decode, mark, burn the badge in, encode; the sound is copied as it is."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from label_video import badge as badges
from label_video import declaration, stills
from story.errors import VideoUnreadable
from watermark.embedding import Mark

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from label_video.declaration import Facts
    from story.labels import Language
    from watermark.pattern import Key

_CRF: Final = 18
_PRESET: Final = "veryfast"
_KEYFRAME_SECONDS: Final = 1.0
#: The poster is looked for between these parts of the clip, in every fourth frame.
_POSTER_FROM: Final = 0.35
_POSTER_TO: Final = 0.65
_POSTER_STEP: Final = 4


@dataclass(frozen=True)
class Labelled:
    """The labelled clip, and its sharpest frame near the middle as a JPEG."""

    video: bytes
    poster: bytes


class Marking(NamedTuple):
    """Which invisible mark a clip gets."""

    key: Key
    mark_id: int


def label(video: bytes, facts: Facts, language: Language, marking: Marking) -> Labelled:
    """Mark the clip, burn in the badge in this language, declare in XMP and AIGC what it is.

    Raises VideoUnreadable if the clip does not decode to its end.
    """
    # A file, not memory: the encoder goes back to put the index in front of the pictures.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labelled.mp4"
        try:
            with (
                av.open(io.BytesIO(video), mode="r", format="mp4") as source,
                av.open(
                    str(path),
                    mode="w",
                    format="mp4",
                    options={"movflags": "+faststart+use_metadata_tags"},
                ) as target,
            ):
                target.metadata[declaration.AIGC_KEY] = declaration.aigc(facts)
                words = facts.label.words[language]
                best = _transcode(source, target, language, words, marking)
        except av.FFmpegError as error:
            raise VideoUnreadable(f"The clip could not be labelled: {error.strerror}") from error
        encoded = path.read_bytes()
    packet = declaration.xmp_packet(facts)
    return Labelled(video=declaration.with_xmp(encoded, packet), poster=stills.poster(best))


def _transcode(
    source: InputContainer,
    target: OutputContainer,
    language: Language,
    words: str,
    marking: Marking,
) -> NDArray[np.uint8]:
    """Re-encode the pictures with mark and badge, copy the sound; returns the poster's pixels."""
    picture = source.streams.video[0]
    picture.thread_type = "AUTO"
    encoder = _encoder(target, picture)
    sound = source.streams.audio[0] if source.streams.audio else None
    copied: AudioStream | None = target.add_stream_from_template(sound) if sound else None
    mark = Mark(marking.key, marking.mark_id, picture.width, picture.height)
    badge = badges.fit(language, words, picture.width, picture.height)
    candidates = _poster_frames(picture.frames)
    best: tuple[float, av.VideoFrame] | None = None
    index = 0
    for packet in source.demux([stream for stream in (picture, sound) if stream]):
        if packet.stream is sound:
            if packet.dts is not None and copied is not None:
                packet.stream = copied
                target.mux(packet)
            continue
        for frame in picture.codec_context.decode(packet):
            planes = np.array(frame.to_ndarray(format="yuv420p"), dtype=np.uint8)
            mark.add(planes[: frame.height])
            badge.burn(planes, frame.width, frame.height)
            burnt = _numbered(planes, index, encoder.codec_context.time_base)
            if index in candidates:
                found = stills.sharpness(planes[: frame.height])
                if best is None or found > best[0]:
                    best = (found, burnt)
            target.mux(encoder.encode(burnt))
            index += 1
    target.mux(encoder.encode(None))
    if best is None:
        raise VideoUnreadable(f"The clip has {index} frames, of {picture.frames} announced")
    shown = best[1].reformat(format="rgb24", src_colorspace=Colorspace.ITU709)
    return np.asarray(shown.to_ndarray(), dtype=np.uint8)


def _encoder(target: OutputContainer, picture: VideoStream) -> VideoStream:
    rate = Fraction(picture.average_rate or 0)
    if not rate:
        raise VideoUnreadable("The clip declares no frame rate")
    stream = target.add_stream("libx264", rate=rate, options={"preset": _PRESET, "crf": str(_CRF)})
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
    stream.gop_size = round(rate * _KEYFRAME_SECONDS)
    context = stream.codec_context
    context.time_base = 1 / rate
    context.color_range = ColorRange.MPEG
    context.colorspace = Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    return stream


def _numbered(planes: NDArray[np.uint8], index: int, tick: Fraction) -> av.VideoFrame:
    """A frame of these planes: a copy, since the decoder still refers to the original."""
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.colorspace = Colorspace.ITU709
    frame.color_range = ColorRange.MPEG
    frame.pts, frame.time_base = index, tick
    return frame


def _poster_frames(frames: int) -> frozenset[int]:
    first = round(frames * _POSTER_FROM)
    return frozenset(range(first, max(first + 1, round(frames * _POSTER_TO)), _POSTER_STEP))
