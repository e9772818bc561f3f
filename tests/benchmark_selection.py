"""Measure what the constants of gate 2's choice of frames rest on: `make bench-selection CLIPS=…`.

CLIPS is a folder of clips of the motion engine, for example what `make gallery` leaves. Written is
docs/benchmarks/selection.md. Differences are those of frames.selection: levels, 0..255, that
a part of the picture differs by at least.
"""

import io
import itertools
import platform
import sys
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from frames import selection
from frames.clip import SMALL

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "selection.md"
#: Of encoders' constant rate factors: from nearly unchanged to visibly coarse.
RATE_FACTORS = (18, 23, 28, 35)
#: The sides of a square that is put into one frame, as the share of the picture that it covers.
SHARES = (0.01, 0.02, 0.03, 0.05, 0.10, 1.0)
PLACES = 4
_STILL_FRAMES, _FPS = 24, 24
_PERCENT = 100

Rgb = NDArray[np.uint8]


class Row(NamedTuple):
    """A line of a table: what, and the numbers."""

    name: str
    numbers: tuple[str, ...]

    def __str__(self) -> str:
        """In Markdown."""
        return f"| {self.name} | {' | '.join(self.numbers)} |"


class Clip(NamedTuple):
    """The small copies (N, H, W, 3) of a clip's frames, and its first frame whole."""

    small: Rgb
    first: Rgb


def read(content: bytes | Path) -> Clip:
    """Every frame of an MP4, as InspectVideo makes them small."""
    source = io.BytesIO(content) if isinstance(content, bytes) else str(content)
    small, first = [], None
    with av.open(source, "r") as container:
        for frame in container.decode(video=0):
            if first is None:
                first = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            size = (frame.width // SMALL, frame.height // SMALL)
            small.append(frame.to_ndarray(format="rgb24", width=size[0], height=size[1]))
    if first is None:
        raise SystemExit(f"{content!r:.80} has no frames: give a folder of whole MP4s")
    return Clip(np.stack(small), first)


def still(picture: Rgb, factor: int) -> bytes:
    """A clip that shows one picture all the time, as x264 encodes it."""
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(_FPS))
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(factor), "preset": "veryfast"}
        for _ in range(_STILL_FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return made.getvalue()


def noise(clips: list[Clip]) -> list[Row]:
    """How far frames of a picture that stands still are from its first one."""
    rows = []
    for factor in RATE_FACTORS:
        away = []
        for clip in clips:
            means = selection.blocks(read(still(clip.first, factor)).small)
            away += selection.difference(means[0], means[1:]).tolist()
        rows.append(
            Row(
                f"CRF {factor}",
                tuple(
                    f"{value:.2f}"
                    for value in (np.median(away), np.quantile(away, 0.99), max(away))
                ),
            )
        )
    return rows


def own(clips: list[Clip]) -> list[Row]:
    """How far frames are from the nearest of those one a second, within a clip of one scene."""
    farthest = []
    for clip in clips:
        means = selection.blocks(clip.small)
        judged = [0, len(means) - 1, *range(_FPS, len(means), _FPS)]
        nearest = np.min([selection.difference(means[at], means) for at in judged], axis=0)
        farthest.append(float(nearest.max()))
    over = sum(value >= selection.FAR for value in farthest)
    numbers = (np.median(farthest), max(farthest))
    return [
        Row("farthest frame", (*(f"{value:.1f}" for value in numbers), f"{over} of {len(clips)}"))
    ]


def other(clips: list[Clip], chance: np.random.Generator) -> list[Row]:
    """A part of another photo in one frame: how far it is, and whether that frame is judged."""
    rows = []
    for share in SHARES:
        far, judged, tried = [], 0, 0
        for at, clip in enumerate(clips):
            stranger = clips[(at + 1) % len(clips)].small[0]
            for _ in range(PLACES):
                hidden = int(chance.integers(1, len(clip.small) - 1))
                small = clip.small.copy()
                small[hidden] = _patched(small[hidden], stranger, share, chance)
                motion = [0.0, *_motion(small)]
                times = [index / _FPS for index in range(len(small))]
                judged += hidden in selection.choose(small, times, motion)
                means = selection.blocks(np.stack([clip.small[hidden], small[hidden]]))
                far.append(float(selection.difference(means[0], means[1:])[0]))
                tried += 1
        over = sum(value >= selection.FAR for value in far)
        rows.append(
            Row(
                f"{share:.0%} of the picture",
                (f"{np.median(far):.0f}", f"{over} of {tried}", f"{judged} of {tried}"),
            )
        )
    return rows


def _patched(frame: Rgb, stranger: Rgb, share: float, chance: np.random.Generator) -> Rgb:
    height, width = frame.shape[:2]
    tall, wide = (max(1, round(side * share**0.5)) for side in (height, width))
    top, left = (int(chance.integers(0, room + 1)) for room in (height - tall, width - wide))
    found = frame.copy()
    found[top : top + tall, left : left + wide] = stranger[top : top + tall, left : left + wide]
    return found


def _motion(small: Rgb) -> list[float]:
    return [
        float(np.abs(one.astype(np.int16) - before).mean())
        for before, one in itertools.pairwise(small)
    ]


def page(clips: list[Clip]) -> str:
    """The whole page."""
    chance = np.random.default_rng(1)
    return f"""# Which frames gate 2 judges, measured

`make bench-selection`, {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, PyAV {av.__version__}:
{len(clips)} clips of the motion engine, each of another photo, 5 s at 24 frames a second, 720×1280.
A difference is the levels, 0..255, that {selection.PART:.0%} of the picture differ by at least
(`functions/frames/selection.py`).

`NEAR` is {selection.NEAR:.0f}: frames that differ less are taken for the same. What an encoder adds
to a picture that stands still:

| x264 | median | 99 of 100 | most |
| --- | ---: | ---: | ---: |
{_table(noise(clips))}

`FAR` is {selection.FAR:.0f}: frames that differ as much from all that are judged are judged as
well, before one a second. How far a frame of a clip gets from the nearest of its first, its last
and one a second:

| | median clip | most | clips that reach `FAR` |
| --- | ---: | ---: | ---: |
{_table(own(clips))}

`PART` is {selection.PART:.0%}. One frame of a clip has a part of another photo in it, at any place:

| part | median difference | as far as `FAR` | that frame is judged |
| --- | ---: | ---: | ---: |
{_table(other(clips, chance))}

What is smaller than `PART`, or not much larger and across the borders of blocks, is judged if it is
the clip's liveliest moment, and else by chance.
"""


def _table(rows: list[Row]) -> str:
    return "\n".join(map(str, rows))


def main(folder: Path) -> int:
    """Measure, print, write."""
    paths = sorted(folder.glob("*.mp4"))
    if len(paths) < 2:
        raise SystemExit(f"{folder} has {len(paths)} MP4s; at least two clips are needed")
    text = page([read(path) for path in paths])
    sys.stdout.write(text)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
