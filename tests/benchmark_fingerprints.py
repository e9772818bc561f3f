"""Measure the fingerprints: `make bench-fingerprints`; writes docs/benchmarks/fingerprints.md.

The motion engine makes a clip of each photo of photos/, LabelVideo labels it, and to each is done
what platforms and people do to clips. How far each copy is from its own clip, and how far from
every other, is what the bounds of story/fingerprints.py stand on.
"""

import argparse
import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import av

from fingerprints import clip as fingerprints
from label_video.declaration import Facts
from label_video.labelling import Marking, label
from model_endpoint.engines.motion.engine import MotionEngine
from model_endpoint.photo import read_photo
from story import labels
from story.fingerprints import ISCC_MOST_BITS, PDQ_MOST_BITS, Distances, Fingerprints, distances
from story.generation import Direction
from tests.memory import peak_bytes
from watermark.pattern import Key

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "fingerprints.md"
SECONDS, FPS = 5.0, 24
#: Clips are marked, as every clip is; with what id is of no matter here.
MARKING = Marking(Key(1, b"only for this benchmark, nowhere else"), 1)
SECONDS_LIMIT = 1.0


@dataclass(frozen=True)
class Attack:
    """What is done to a clip: a chain of FFmpeg's filters, and how it is encoded then."""

    name: str
    filters: str
    crf: int = 23
    mirrored: bool = False


ATTACKS = (
    Attack("CRF 35", "null", crf=35),
    Attack("half size", "scale=iw/2:ih/2"),
    Attack("10 % cut off each side's length", "crop=iw*0.9:ih*0.9"),
    Attack("letterbox, 16:9", "scale=-2:720,pad=1280:720:(ow-iw)/2:(oh-ih)/2:black"),
    Attack("bars above and below", "pad=iw:ih*1.3:0:(oh-ih)/2:black"),
    Attack("30 frames a second", "fps=30"),
    Attack("mirrored", "hflip", mirrored=True),
    Attack("first quarter cut off", "trim=start=1.25,setpts=PTS-STARTPTS"),
    Attack("2 % faster", "setpts=PTS/1.02"),
    Attack("messenger: half size, 30 a second, CRF 32", "scale=iw/2:ih/2,fps=30", crf=32),
    Attack("mirrored messenger", "hflip,scale=iw/2:ih/2", crf=32, mirrored=True),
)


def copied(video: bytes, attack: Attack) -> bytes:
    """The clip as it comes out of an attack, without sound or metadata."""
    out = io.BytesIO()
    with (
        av.open(io.BytesIO(video)) as source,
        av.open(out, "w", format="mp4") as target,
    ):
        picture = source.streams.video[0]
        graph = av.filter.Graph()
        chain = [graph.add_buffer(template=picture)]
        for named in attack.filters.split(","):
            name, _, arguments = named.partition("=")
            chain.append(graph.add(name, arguments))
            chain[-2].link_to(chain[-1])
        chain.append(graph.add("buffersink"))
        chain[-2].link_to(chain[-1])
        graph.configure()
        encoder = None
        for frame in _filtered(graph, source.decode(video=0)):
            if encoder is None:
                rate = Fraction(30 if "fps=30" in attack.filters else FPS)
                encoder = target.add_stream(
                    "libx264", rate=rate, options={"crf": str(attack.crf), "preset": "veryfast"}
                )
                encoder.width, encoder.height = frame.width // 2 * 2, frame.height // 2 * 2
                encoder.pix_fmt = "yuv420p"
                encoder.codec_context.time_base = Fraction(1, 90_000)
            target.mux(encoder.encode(frame))
        assert encoder is not None
        target.mux(encoder.encode(None))
    return out.getvalue()


def _filtered(graph: av.filter.Graph, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    for frame in frames:
        graph.push(frame)
        yield from _ready(graph)
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: av.filter.Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, av.VideoFrame)
        yield frame


def made(photo: Path) -> bytes:
    """A labelled clip of a photo, as a story without words has it."""
    direction = Direction(
        story_id="0" * 32,
        inference_id="0" * 32 + "-1-1",
        prompt="",
        negative_prompt="",
        camera="auto",
        ambience="auto",
        seed=1,
        seconds=SECONDS,
        fps=FPS,
        width=720,
        height=1_280,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        pixels = read_photo(photo.read_bytes())
        report = MotionEngine().generate(pixels, direction, path, lambda _part, _stage: None)
        facts = Facts(
            "0" * 32,
            "Benchmark",
            report.engine,
            labels.for_engine(report.engine),
            "2026-01-01T00:00:00Z",
        )
        return label(path.read_bytes(), facts, "en", MARKING).video


@dataclass
class Measured:
    """Distances of one attack's copies: to their own clips, and to all others."""

    name: str
    own: list[Distances]
    others: list[Distances]


class Took(NamedTuple):
    """The seconds that the fingerprints of one clip took: on the clock, and of the processor."""

    passed: float
    worked: float


def measure() -> tuple[list[Measured], list[Took], list[str]]:
    """Make, copy and compare all."""
    photos = sorted((ROOT / "photos").glob("*.jpg"))
    clips = {}
    known: dict[str, Fingerprints] = {}
    seconds = []
    for photo in photos:
        clips[photo.stem] = made(photo)
        began, worked = time.perf_counter(), time.process_time()
        known[photo.stem] = fingerprints.of_clip(clips[photo.stem])
        seconds.append(Took(time.perf_counter() - began, time.process_time() - worked))
        sys.stdout.write(f"{photo.stem}: {seconds[-1].passed:.2f} s\n")
    untouched = [
        distances(known[one], known[other]) for one in known for other in known if one != other
    ]
    found = [Measured("not touched", [distances(one, one) for one in known.values()], untouched)]
    for attack in ATTACKS:
        measured = Measured(attack.name, [], [])
        for name, video in clips.items():
            asked = fingerprints.of_clip(copied(video, attack), mirrored=attack.mirrored)
            for other, its in known.items():
                (measured.own if other == name else measured.others).append(distances(asked, its))
        found.append(measured)
        sys.stdout.write(f"{' | '.join(_row(measured))}\n")
    return found, seconds, list(clips)


def _row(measured: Measured) -> list[str]:
    known = sum(each.alike for each in measured.own)
    return [
        measured.name,
        f"{max(each.pdq for each in measured.own)}",
        f"{max(each.iscc for each in measured.own)}",
        f"{known} of {len(measured.own)}",
        f"{min(each.pdq for each in measured.others)}",
        f"{min(each.iscc for each in measured.others)}",
        f"{sum(each.alike for each in measured.others)} of {len(measured.others)}",
    ]


def page(found: list[Measured], seconds: list[Took], clips: list[str]) -> str:
    """The page as Markdown."""
    head = [
        "copy", "own clip: PDQ ≤", "ISCC ≤", "known again", "other clips: PDQ ≥", "ISCC ≥",
        "taken for another",
    ]  # fmt: skip
    rows = [head, ["---", *["---:"] * 6], *map(_row, found)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    pairs = sum(len(each.others) for each in found)
    passed, worked = (statistics.median(each) for each in zip(*seconds, strict=True))
    load = os.getloadavg()[0]
    return f"""# Fingerprints

Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `make bench-fingerprints`:
the motion engine's labelled clip of each of {len(clips)} photos, {SECONDS:g} s at {FPS} frames a
second, 720×1280, and copies of it. {platform.machine()}, Python {platform.python_version()},
av {version("av")}, iscc-lib {version("iscc-lib")}.

Distances are bits of 256 (`functions/story/fingerprints.py`). A copy is known again if PDQ is at
most {PDQ_MOST_BITS} **or** ISCC at most {ISCC_MOST_BITS}.

{table}

| what | measured | limit | |
|---|---:|---:|---|
| fingerprints of one clip, median | {passed:.2f} s | {SECONDS_LIMIT:g} s | {_kept(passed)} |
| the same, of one processor | {worked:.2f} s | {SECONDS_LIMIT:g} s | {_kept(worked)} |
| load of the machine's {os.cpu_count()} cores at the end | {load:.1f} | | |
| memory of the whole process | {peak_bytes() / 1e6:.0f} MB | | |

{pairs:,} comparisons with a clip of another photo. That is enough to place a bound and too few to
promise a rate: a search through many records needs the mark's id, or a person, beside it.
"""


def _kept(seconds: float) -> str:
    return "kept" if seconds <= SECONDS_LIMIT else "**missed**"


def main() -> int:
    """Measure, print, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    text = page(*measure())
    sys.stdout.write(text)
    options.out.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
