"""Measure the pipeline: `make bench`. Prints, and writes docs/benchmarks/pipeline.md.

The first story after `enliven up --fresh`, then five on the warm stack, each a whole
`enliven create` by the command line. With `--clone`, also a fresh clone's `make demo` with an
empty package cache: its seconds, and the bytes that the network interfaces received.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "benchmarks" / "pipeline.md"
ENLIVEN = [sys.executable, "-m", "cli.main"]
PHOTO = "photos/mountain_clouds.jpg"
WARM_STORIES = 5

#: The targets that the figures are held against, in seconds and bytes.
STORY_SECONDS, OUTSIDE_SECONDS, FIRST_SECONDS = 20.0, 8.0, 45.0
CLONE_SECONDS, CLONE_BYTES = 300.0, 1_500_000_000


@dataclass(frozen=True)
class Run:
    """One story: seconds from the first request to READY, and each state's milliseconds."""

    seconds: float
    states: dict[str, int]
    load: float
    #: What the command printed.
    shown: str

    @property
    def outside(self) -> float:
        """Seconds outside GenerateVideo."""
        return self.seconds - self.states["GenerateVideo"] / 1000


def story(folder: Path) -> Run:
    """Run `enliven create` once; the story's own record has the times."""
    load = os.getloadavg()[0]
    out = folder / "story.mp4"
    command = [*ENLIVEN, "create", PHOTO, "--out", str(out), "--plain"]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    record: dict[str, Any] = json.loads(out.with_suffix(".json").read_text())
    lines = record["timeline"]
    # From the form to the end of signing: what a client waits for, without its own download.
    began = datetime.fromisoformat(record["created_at"])
    ended = datetime.fromisoformat(record["updated_at"])
    states = {line["state"]: line["ms"] for line in lines}
    shown = ran.stdout.replace(f"{folder}/", "out/")
    return Run((ended - began).total_seconds(), states, load, shown)


def received() -> int:
    """Bytes that all interfaces but loopback have received since the machine started."""
    total = 0
    for line in Path("/proc/net/dev").read_text().splitlines()[2:]:
        name, _, figures = line.partition(":")
        if name.strip() != "lo":
            total += int(figures.split()[0])
    return total


def clone() -> tuple[float, int]:
    """Seconds and received bytes of `git clone` and `make demo` with nothing in any cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "UV_CACHE_DIR": f"{folder}/uv",
            "PIP_NO_CACHE_DIR": "1",
        }
        for name in ("VIRTUAL_ENV", "PYTHONPATH"):
            environment.pop(name, None)
        before, began = received(), time.monotonic()
        place = f"{folder}/enliven"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), place], check=True)
        try:
            subprocess.run(["make", "demo"], cwd=place, env=environment, check=True)
            return time.monotonic() - began, received() - before
        finally:
            subprocess.run(["make", "down"], cwd=place, env=environment, check=False)


def between(text: str, name: str, content: str) -> str:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->`."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(opening)
    _, found, after = rest.partition(closing)
    if not found:
        raise SystemExit(f"{README} has no {opening} … {closing} to write to")
    return f"{before}{opening}\n{content.strip()}\n{closing}{after}"


def row(what: str, value: float, limit: float, unit: str) -> str:
    """One figure against its limit."""
    return f"| {what} | {value:.1f} {unit} | {limit:.0f} {unit} | {value / limit:.2f} |"


def page(first: Run, warm: list[Run], cloned: tuple[float, int] | None) -> str:
    """The whole page."""
    seconds = statistics.median(run.seconds for run in warm)
    outside = statistics.median(run.outside for run in warm)
    rows = [
        row("one story, warm stack, median of five", seconds, STORY_SECONDS, "s"),
        row("of it outside GenerateVideo, median", outside, OUTSIDE_SECONDS, "s"),
        row("first story after `enliven up --fresh`", first.seconds, FIRST_SECONDS, "s"),
    ]
    if cloned:
        rows += [
            row("clone to clip, empty caches", cloned[0], CLONE_SECONDS, "s"),
            row("received by the network for it", cloned[1] / 1e6, CLONE_BYTES / 1e6, "MB"),
        ]
    states = [
        f"| {state} | {statistics.median(run.states[state] for run in warm):.0f} |"
        for state in warm[0].states
    ]
    loads = ", ".join(f"{run.load:.1f}" for run in warm)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    command = "make bench" + (" CLONE=yes" if cloned else "")
    return "\n".join(
        [
            "# The pipeline on a laptop",
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `{command}`: {PHOTO}, 5 s at",
            f"24 fps, 720×1280, on {os.cpu_count()} cores ({machine}). Load average before each",
            f"warm story: {loads}.",
            "",
            "| what | measured | limit | ratio |",
            "|---|---:|---:|---:|",
            *rows,
            "",
            "Each story, warm, in seconds: "
            + ", ".join(f"{run.seconds:.1f}" for run in warm)
            + ".",
            "",
            "| state | median ms |",
            "|---|---:|",
            *states,
            "",
            "A state's time is from its beginning to its end as its own line in the stories table",
            "says; between two states lies the local AWS's own work.",
            "",
        ]
    )


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="Measure the pipeline.")
    parser.add_argument("--clone", action="store_true", help="also clone to clip, some minutes")
    options = parser.parse_args()
    cloned = clone() if options.clone else None
    subprocess.run([*ENLIVEN, "up", "--fresh"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        first = story(Path(folder))
        warm = [story(Path(folder)) for _ in range(WARM_STORIES)]
    text = page(first, warm, cloned)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    readme = README.read_text()
    readme = between(readme, "receipt", f"```text\n{warm[0].shown.strip()}\n```")
    table = text[text.index("| what |") : text.index("\nEach story")]
    link = "[docs/benchmarks/pipeline.md](docs/benchmarks/pipeline.md), written by `make bench`"
    README.write_text(between(readme, "figures", f"{table}\nMore in {link}."))
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
