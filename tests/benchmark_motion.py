"""Measure the motion engine: `make bench-motion`. Prints, and writes docs/benchmarks/motion.md.

For each of five photos and each size a process of its own makes the clip three times, warm, and
then only encodes the same frames three times, with the same class and settings: their ratio says
what seeing, drawing and sound cost beside the encoding that any engine has to do. Every other photo
of photos/ is measured so at one size.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from model_endpoint.engines.motion.engine import MotionEngine, frames, produce
from model_endpoint.engines.motion.movie import Movie
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.soundtrack import soundtrack
from model_endpoint.photo import read_photo
from model_endpoint.scene.analysis import analyse
from story.generation import Direction, Report
from tests.memory import peak_bytes

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "motion.md"
PHOTOS = ("mountain_clouds", "stream_waterfall", "coffee_cup", "face_astronaut", "night_rocket")
SIZES = ("720x1280", "960x960", "1280x720", "1080x1920")
COLD_PHOTO = PHOTOS[0]
SECONDS, FPS = 6.0, 24
RUNS = 3
#: Every other photo: at this size only.
OTHERS_SIZE = SIZES[0]

#: The targets. Ratio: whole time over the time of encoding alone; the aim is what we want.
RATIO_LIMIT, RATIO_AIM = 3.0, 2.0
SCENE_SECONDS, COLD_SECONDS, PEAK_BYTES = 1.0, 2.0, 700_000_000


@dataclass(frozen=True)
class Measured:
    """One photo at one size: medians in seconds, and the process's greatest memory."""

    photo: str
    size: str
    total: float
    encoding: float
    stages: dict[str, float]
    sound: float
    peak_bytes: int
    load: float

    @property
    def ratio(self) -> float:
        """How often the encoding's time the whole takes."""
        return self.total / self.encoding


def directed(size: str, seconds: float = SECONDS) -> Direction:
    """A story about which nothing was said."""
    width, height = (int(side) for side in size.split("x"))
    return Direction(
        story_id="0" * 32,
        inference_id="0" * 32 + "-1-1",
        prompt="",
        negative_prompt="",
        camera="auto",
        ambience="auto",
        seed=1,
        seconds=seconds,
        fps=FPS,
        width=width,
        height=height,
    )


def timed_clip(photo: str, direction: Direction, path: Path) -> tuple[float, Report]:
    """Seconds of one generate(), and its report."""
    pixels = read_photo((ROOT / "photos" / f"{photo}.jpg").read_bytes())
    began = time.perf_counter()
    report = MotionEngine().generate(pixels, direction, path, lambda _part, _stage: None)
    return time.perf_counter() - began, report


def timed_encoding(pictures: Iterable[Planes], direction: Direction, path: Path) -> float:
    """Seconds that the same frames take to be encoded, without sound."""
    began = time.perf_counter()
    with Movie(
        path, width=direction.width, height=direction.height, fps=direction.fps, sound=None
    ) as movie:
        for picture in pictures:
            movie.add(picture)
    return time.perf_counter() - began


def others() -> list[str]:
    """The names of the photos that are measured at one size only."""
    names = sorted(path.stem for path in (ROOT / "photos").glob("*.jpg"))
    return [name for name in names if name not in PHOTOS]


def measure(photo: str, size: str, runs: int) -> Measured:
    """Measure in this process, which has done nothing else."""
    load = os.getloadavg()[0]
    direction = directed(size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        timed_clip(photo, directed(size, 1.0), path)
        clips = [timed_clip(photo, direction, path) for _ in range(runs)]
        # Before the frames are held: no clip needs them all at once.
        peak = peak_bytes()
        pixels = read_photo((ROOT / "photos" / f"{photo}.jpg").read_bytes())
        production = produce(pixels, direction, analyse(pixels))
        began = time.perf_counter()
        soundtrack(direction, production.staged.stage, production.plan.effects)
        sound = time.perf_counter() - began
        drawn = frames(production.renderer, direction)
        held = [Planes(p.y.copy(), p.u.copy(), p.v.copy()) for p in drawn]
        encodings = [timed_encoding(held, direction, path) for _ in range(runs)]
    return Measured(
        photo=photo,
        size=size,
        total=statistics.median(seconds for seconds, _ in clips),
        encoding=statistics.median(encodings),
        stages={
            stage: statistics.median(report.timings[stage] for _, report in clips)
            for stage in clips[0][1].timings
        },
        sound=sound,
        peak_bytes=peak,
        load=load,
    )


def measured_apart(photo: str, size: str, runs: int) -> Measured:
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmark_motion", "--one", photo, size, str(runs)]
    ran = subprocess.run(command, cwd=ROOT, env=environment(), check=True, stdout=subprocess.PIPE)
    one = Measured(**json.loads(ran.stdout))
    sys.stderr.write(f"{photo} {size}: {one.total:.2f} s, ratio {one.ratio:.2f}\n")
    return one


def environment() -> dict[str, str]:
    """With functions/ on the path, as the container has it."""
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'functions'}"}


def cold(photo: str, size: str) -> float:
    """Seconds of the whole command, a new process each time: the median of RUNS."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "model_endpoint", f"photos/{photo}.jpg", "--prompt", ""]
        command += ["--size", size, "--seconds", f"{SECONDS:g}", "--out", f"{folder}/clip.mp4"]
        seconds = []
        for _ in range(RUNS):
            began = time.perf_counter()
            subprocess.run(
                command, cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL
            )
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def processor() -> str:
    """The processor's name, where the system tells it."""
    told = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", told.read_text()) if told.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def against(what: str, value: float, limit: float, unit: str) -> str:
    """A row: the figure, its limit, and whether it is kept."""
    kept = "kept" if value <= limit else "**missed**"
    return f"| {what} | {value:.2f}{unit} | {limit:g}{unit} | {kept} |"


def table(found: list[Measured]) -> list[str]:
    """A row for each, with its stages and whether its ratio is kept."""
    stages = list(found[0].stages)
    rows = [
        f"| {one.photo} | {one.size.replace('x', '×')} | {one.total:.2f} | {one.encoding:.2f} "
        f"| {one.ratio:.2f}{'' if one.ratio <= RATIO_LIMIT else ' **missed**'} | "
        + " | ".join(f"{one.stages[stage]:.2f}" for stage in stages)
        + f" | {one.sound:.2f} | {one.peak_bytes / 1e6:.0f} | {one.load:.1f} |"
        for one in found
    ]
    return [
        f"| photo | size | whole s | encoding alone s | ratio ≤ {RATIO_LIMIT:g} | "
        + " | ".join(f"{stage} s" for stage in stages)
        + " | sound alone s | memory MB | load |",
        "|---|---|---:|---:|---:|" + "---:|" * (len(stages) + 3),
        *rows,
    ]


def page(
    found: list[Measured], at_one_size: list[Measured], cold_seconds: float, command: str
) -> str:
    """The whole page. found: the photos at all sizes; at_one_size: all others."""
    every = [*found, *at_one_size]
    worst = max(every, key=lambda one: one.ratio)
    scene = max(every, key=lambda one: one.stages["scene"])
    peak = max(every, key=lambda one: one.peak_bytes)
    warm = next(one for one in found if one.photo == COLD_PHOTO)
    aimed = sum(one.ratio <= RATIO_AIM for one in every)
    versions = ", ".join(
        f"{name} {version(name)}"
        for name in ("numpy", "opencv-python-headless", "onnxruntime", "av")
    )
    lines = [
        "# The motion engine",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `{command}`:",
        f"{SECONDS:g} s at {FPS} frames a second, {round(SECONDS * FPS)} frames, no words, seed 1.",
        f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}.",
        "",
        "| what | measured | limit | |",
        "|---|---:|---:|---|",
        against(f"worst ratio: {worst.photo}, {worst.size}", worst.ratio, RATIO_LIMIT, ""),
        against(f"looking at a photo: {scene.photo}", scene.stages["scene"], SCENE_SECONDS, " s"),
        against("a cold command over a warm clip", cold_seconds - warm.total, COLD_SECONDS, " s"),
        against(
            f"memory: {peak.photo}, {peak.size}", peak.peak_bytes / 1e6, PEAK_BYTES / 1e6, " MB"
        ),
        "",
        f"The ratio is the whole time over that of encoding alone; {RATIO_AIM:g} is the aim, which",
        f"{aimed} of {len(every)} keep. The photo with the worst ratio is {worst.photo}.",
        "",
        *table(found),
        "",
        f"Every other photo of `photos/`, at {OTHERS_SIZE.replace('x', '×')}:",
        "",
        *table(at_one_size),
        "",
        "Whole: `generate()` from pixels to the finished MP4, sound, encoding and looking",
        f"included; the median of {RUNS} after a short clip that warmed the process. Encoding",
        "alone: the same frames, held in memory, through the same `Movie`, without sound; the",
        f"median of {RUNS}. Stages are medians too; rendering overlaps with encoding. Memory: the",
        "greatest resident size of the process until its last whole clip. Load: the average of",
        "the minute before. A cold command is a new Python process whose files are in the",
        "system's cache.",
        "",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure and write, or measure one photo at one size for the process that asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark_motion", description=__doc__)
    parser.add_argument(
        "--one", nargs=3, metavar=("PHOTO", "SIZE", "RUNS"), help="print one as JSON"
    )
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), metavar="WIDTHxHEIGHT")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    if options.one:
        photo, size, runs = options.one
        sys.stdout.write(json.dumps(asdict(measure(photo, size, int(runs)))))
        return
    found = [measured_apart(photo, size, RUNS) for size in options.sizes for photo in PHOTOS]
    at_one_size = [measured_apart(photo, OTHERS_SIZE, RUNS) for photo in others()]
    cold_seconds = cold(COLD_PHOTO, options.sizes[0])
    text = page(
        found,
        at_one_size,
        cold_seconds,
        " ".join(["python -m tests.benchmark_motion", *arguments])
        if arguments
        else "make bench-motion",
    )
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
