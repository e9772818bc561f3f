"""Measure what clients are told of a story at work: `make bench-eta`.

Prints, and writes docs/benchmarks/progress.md. Twenty stories of different photos, lengths and
shapes, one after the other on the stack that is up, each polled as a client polls. At every tenth
of a story's time its `eta_seconds` is compared with the time that it then really took.
"""

import argparse
import itertools
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli.client import Deadline, StoriesApi
from cli.profile import load
from story.generation import Aspect
from story.states import ENDED, Status
from story.view import CreateStory, StoryView

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "progress.md"
PROFILE = "local"
RUNS = 20
#: At once, in the end: the last of them has to wait.
AT_ONCE = 3
POLL_SECONDS = 0.25
PATIENCE_SECONDS = 600.0
POINTS = tuple(tenth / 10 for tenth in range(1, 10))
#: The target: of |eta - actual| / actual, the median over all runs and points.
MEDIAN_ERROR = 0.30
ASPECTS: tuple[Aspect, ...] = ("9:16", "1:1", "16:9")
LENGTHS = (5.0, 3.0, 10.0, 5.0, 7.0)


@dataclass(frozen=True)
class Seen:
    """One answer: seconds since the photo was there, and what was said."""

    at: float
    view: StoryView


@dataclass(frozen=True)
class Run:
    """One story as its client saw it."""

    photo: str
    seconds: float
    aspect: Aspect
    took: float
    seen: tuple[Seen, ...]
    load: float

    def at(self, point: float) -> Seen:
        """The last answer before a point of the story's time."""
        return [seen for seen in self.seen if seen.at <= point * self.took][-1]

    def errors(self) -> dict[float, float]:
        """|eta - actual| / actual at each point that has been told one."""
        found = {}
        for point in POINTS:
            seen = self.at(point)
            if seen.view.eta_seconds is not None:
                actual = self.took - seen.at
                found[point] = abs(seen.view.eta_seconds - actual) / actual
        return found

    @property
    def falls(self) -> int:
        """How often the progress was less than before."""
        told = [seen.view.progress for seen in self.seen]
        return sum(after < before for before, after in itertools.pairwise(told))

    @property
    def reports(self) -> int:
        """How many different fractions of GenerateVideo were seen."""
        return len({s.view.progress for s in self.seen if s.view.stage == "GenerateVideo"})


def story(photo: Path, seconds: float, aspect: Aspect) -> Run:
    """Make one story and poll it until it is READY."""
    load_before = os.getloadavg()[0]
    api = StoriesApi(load(PROFILE), Deadline(PATIENCE_SECONDS))
    try:
        # The people of the sample photos are long known: consent is not what is measured here.
        request = CreateStory(
            prompt="make this photo come alive", seconds=seconds, aspect=aspect, people_consent=True
        )
        created = api.create(request)
        assert created.upload is not None
        api.upload(created.upload, photo)
        began, seen = time.time(), list[Seen]()
        while True:
            view, at = api.story(created.story.id).view, time.time() - began
            if view.status in ENDED:
                break
            if view.status is Status.PROCESSING:
                seen.append(Seen(at, view))
            time.sleep(POLL_SECONDS)
    finally:
        api.close()
    if view.status is not Status.READY:
        raise SystemExit(f"{photo.name} ended {view.status}: {view.reasons}")
    took = datetime.fromisoformat(view.updated_at).timestamp() - began
    return Run(photo.name, seconds, aspect, took, tuple(seen), load_before)


def median(values: Iterable[float]) -> float:
    """Of what may be empty."""
    return statistics.median(list(values) or [float("nan")])


def page(runs: list[Run], crowd: list[Run]) -> str:
    """The whole page."""
    errors = [run.errors() for run in runs]
    everything = [error for each in errors for error in each.values()]
    rows = [
        f"| {run.photo} | {run.seconds:g} s | {run.aspect} | {run.took:.1f} s | "
        f"{100 * median(each.values()):.0f} % | {run.falls} | {run.reports} | {run.load:.1f} |"
        for run, each in zip(runs, errors, strict=True)
    ]
    points = [
        f"| {100 * point:.0f} % | "
        f"{100 * median(each[point] for each in errors if point in each):.0f} % |"
        for point in POINTS
    ]
    waits = [
        f"| {run.took:.1f} s | {[s.view.queue_position for s in run.seen][len(run.seen) // 4]} | "
        f"{max((s.view.queue_position or 0 for s in run.seen), default=0)} | "
        f"{100 * median(run.errors().values()):.0f} % | {run.falls} |"
        for run in crowd
    ]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    loads = [run.load for run in runs]
    return "\n".join(
        [
            "# What a client is told of a story at work",
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `make bench-eta` on {machine}:",
            f"{len(runs)} stories, one after the other, polled every {POLL_SECONDS:g} s. Load",
            f"average before a story: {min(loads):.1f} to {max(loads):.1f}.",
            "",
            "| what | measured | limit |",
            "|---|---:|---:|",
            (
                f"| `eta_seconds`, median error | {100 * median(everything):.0f} % | "
                f"{100 * MEDIAN_ERROR:.0f} % |"
            ),
            f"| `progress`, how often it fell | {sum(run.falls for run in runs + crowd)} | 0 |",
            "",
            "An error is the difference between `eta_seconds` and the time that was really left,",
            "as a share of the latter. At each tenth of a story's time, the median over all:",
            "",
            "| of its time | median error |",
            "|---:|---:|",
            *points,
            "",
            "Late in a story a second more or less is a large share of what is left.",
            "",
            (
                "| photo | clip | shape | took | median error | progress fell | fractions of the"
                " engine seen | load |"
            ),
            "|---|---:|---|---:|---:|---:|---:|---:|",
            *rows,
            "",
            (
                f"{len(crowd)} stories at once, with one engine; `queue_position` at a quarter of"
                " the answers, and the highest:"
            ),
            "",
            "| took | at a quarter | highest | median error | progress fell |",
            "|---:|---:|---:|---:|---:|",
            *waits,
            "",
            "The time left is reckoned from what each state usually takes here (the median of the",
            "last five stories), how this story compares with that, the engine's own reports, and",
            "the requests before it (`functions/story/progress.py`).",
            "",
        ]
    )


def main() -> None:
    """Measure on the stack that is up, and write."""
    parser = argparse.ArgumentParser(description="Measure what clients are told.")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--dry", action="store_true", help="print, and leave the page")
    options = parser.parse_args()
    photos = sorted((ROOT / "photos").glob("*.jpg"))
    runs = []
    for index in range(options.runs):
        run = story(
            photos[index % len(photos)],
            LENGTHS[index % len(LENGTHS)],
            ASPECTS[index % len(ASPECTS)],
        )
        runs.append(run)
        told = ", ".join(f"{100 * error:.0f}" for error in run.errors().values())
        sys.stderr.write(f"{run.photo} {run.seconds:g} s took {run.took:.1f} s; errors % {told}\n")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        crowd = list(pool.map(story, photos[:AT_ONCE], LENGTHS[:AT_ONCE], ASPECTS[:AT_ONCE]))
    text = page(runs, crowd)
    if not options.dry:
        PAGE.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
