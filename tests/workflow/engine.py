"""A quick engine for workflow tests: a real clip that sways over a real photo, in the contract."""

import io
import math
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from model_endpoint.engines.motion.movie import SOUND_RATE_HZ, Movie
from model_endpoint.engines.motion.planes import packed, planes
from story import cards
from story.generation import SIZES, Box, Direction, EngineName, Report

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SWAY_PX = 24
#: Where pictures themselves are not looked at, a sixteenth of their pixels is as good.
_SMALL = (180, 320)
SWAY = EngineName(family="procedural", name="sway", version="1")


def draw_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips of 180×320 from now on: what works on them takes a fifth of the time."""
    monkeypatch.setitem(cards.card("motion").form.sizes, "9:16", _SMALL)


def draw_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips as they are made elsewhere, for tests of what is seen in them."""
    monkeypatch.setitem(cards.card("motion").form.sizes, "9:16", SIZES["9:16"])


def unpack_request(packed: bytes) -> tuple[Direction, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]  # only files
    return Direction.model_validate_json(members["direction.json"]), members["photo.jpg"]


def make_result(request: bytes, *, still: bool = False, called: EngineName = SWAY) -> bytes:
    """The result tar for a request tar; `still` makes the defect that InspectVideo must find.

    What is directed in place of another engine's clip is by SWAY, as in the container.
    """
    direction, photo = unpack_request(request)
    if direction.instead_of is not None:
        called = SWAY
    video, crop = _clip(
        photo, direction.width, direction.height, direction.frames, direction.fps, still=still
    )
    report = Report(
        inference_id=direction.inference_id,
        engine=called,
        seed=direction.seed,
        seconds=direction.seconds,
        fps=direction.fps,
        frames=direction.frames,
        width=direction.width,
        height=direction.height,
        has_sound=True,
        crop=crop,
        fit="cover",
        camera="pan_right",
        understood=("camera",),
        unmet=(),
        regions=(),
        timings={"render": 0.5},
    )
    return tar_of({"video.mp4": video, "report.json": report.model_dump_json().encode()})


def tar_of(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return packed.getvalue()


@cache
def _clip(
    photo: bytes, width: int, height: int, frames: int, fps: int, *, still: bool
) -> tuple[bytes, Box]:
    source = Image.open(io.BytesIO(photo)).convert("RGB")
    wide, tall = width + 2 * _SWAY_PX, height + 2 * _SWAY_PX
    scale = max(wide / source.width, tall / source.height)
    scaled = source.resize((math.ceil(source.width * scale), math.ceil(source.height * scale)))
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    pixels: NDArray[np.uint8] = np.asarray(scaled)
    crop = Box(
        left=left / scaled.width,
        top=top / scaled.height,
        width=width / scaled.width,
        height=height / scaled.height,
    )
    seconds = frames / fps
    tone = np.sin(2 * np.pi * 220 * np.arange(int(SOUND_RATE_HZ * seconds)) / SOUND_RATE_HZ)
    sound = np.repeat((0.1 * tone).astype(np.float32)[:, None], 2, axis=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        with Movie(path, width=width, height=height, fps=fps, sound=sound) as movie:
            for index in range(frames):
                shift = 0 if still else round(_SWAY_PX * math.sin(2 * math.pi * index / frames))
                x = left + shift
                shown = np.ascontiguousarray(pixels[top : top + height, x : x + width])
                movie.add(planes(packed(shown)))
        return path.read_bytes(), crop
