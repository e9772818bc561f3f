"""Small clips for the tests, encoded here: a real photo in motion, and every defect."""

import io
import tarfile
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

from story.generation import Box, Direction, EngineName, Report

PHOTOS = Path(__file__).parents[3] / "photos"
STORY = "0123456789abcdef0123456789abcdef"
WIDTH, HEIGHT, FPS, SECONDS = 180, 320, 24, 2.0
FRAMES = round(FPS * SECONDS)
MOTION = EngineName(family="procedural", name="enliven-motion", version="1.0.0")

Picture: TypeAlias = Image.Image


def photo(name: str = "stream_waterfall") -> Picture:
    with Image.open(PHOTOS / f"{name}.jpg") as opened:
        return opened.convert("RGB")


def jpeg(picture: Picture) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


def crop(picture: Picture, part: float = 0.8) -> Box:
    """A crop of 9:16 from the middle."""
    width = min(picture.width, picture.height * WIDTH / HEIGHT) * part
    height = width * HEIGHT / WIDTH
    return Box(
        left=(1 - width / picture.width) / 2,
        top=(1 - height / picture.height) / 2,
        width=width / picture.width,
        height=height / picture.height,
    )


def pushing_in(picture: Picture, frames: int = FRAMES, depth: float = 0.15) -> list[Picture]:
    """A camera that moves towards the middle of the crop and back."""
    left, top, right, bottom = crop(picture).in_pixels(*picture.size)
    shown = []
    for index in range(frames):
        inset = depth * (1 - np.cos(2 * np.pi * index / frames)) / 4
        dx, dy = (right - left) * inset, (bottom - top) * inset
        box = (left + dx, top + dy, right - dx, bottom - dy)
        shown.append(picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=box))
    return shown


def encode(
    pictures: Sequence[Picture],
    *,
    fps: int = FPS,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    crf: int = 17,
    sound_seconds: float | None = SECONDS,
    sound_rate: int = 48_000,
    layout: str = "stereo",
    times: Sequence[int] | None = None,
    ticks: int = 1,
) -> bytes:
    """An MP4 as an engine writes it: BT.709, AAC of quiet noise.

    times: when each frame is shown, in parts (`ticks`) of a frame's duration.
    """
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.options = {"crf": str(crf), "preset": "veryfast"} if codec == "libx264" else {}
        stream.pix_fmt = pixel_format
        stream.width, stream.height = pictures[0].size
        context = stream.codec_context
        context.time_base = Fraction(1, fps * ticks)
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        voice = None
        if sound_seconds is not None:
            voice = container.add_stream("aac", rate=sound_rate, layout=layout)
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_image(picture).reformat(
                format=pixel_format,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
            )
            frame.pts, frame.time_base = (times[index] if times else index), context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None and sound_seconds is not None:
            container.mux(_noise(voice, round(sound_seconds * sound_rate), sound_rate, layout))
    return out.getvalue()


def _noise(voice: Any, samples: int, rate: int, layout: str) -> list[Any]:
    random = np.random.default_rng(1)
    channels = 1 if layout == "mono" else 2
    packets = []
    for start in range(0, samples, 1_024):
        count = min(1_024, samples - start)
        level = random.normal(0, 0.02, (channels, count)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(level, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        packets += voice.encode(frame)
    return packets + voice.encode(None)


def direction(**changes: Any) -> Direction:
    return Direction.model_validate(
        {
            "story_id": STORY,
            "inference_id": f"{STORY}-1-1",
            "prompt": "bring it to life",
            "negative_prompt": "",
            "camera": "push_in",
            "ambience": "stream",
            "seed": 1,
            "seconds": SECONDS,
            "fps": FPS,
            "width": WIDTH,
            "height": HEIGHT,
        }
        | changes
    )


def report(box: Box, **changes: Any) -> Report:
    return Report.model_validate(
        {
            "inference_id": f"{STORY}-1-1",
            "engine": MOTION,
            "seed": 1,
            "seconds": SECONDS,
            "fps": FPS,
            "frames": FRAMES,
            "width": WIDTH,
            "height": HEIGHT,
            "has_sound": True,
            "crop": box,
            "fit": "cover",
            "camera": "push_in",
            "understood": (),
            "unmet": (),
            "regions": (),
            "timings": {"render": 1.0},
        }
        | changes
    )


def pack(members: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, body in members:
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return out.getvalue()
