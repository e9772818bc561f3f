"""Measure what a cold start waits for: `make bench-cold-start`.

Prints, and writes docs/benchmarks/cold-start.md. The built functions' sizes with their layers, and
each handler's import in a fresh, isolated interpreter of the Lambda runtime's version. Wall time is
what a user waits for; processor time stands for it where the machine is busy with other things.
"""

import os
import platform
import statistics
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local.sam import build, functions, runtime
from local.sam.build import Build
from local.sam.failure import SamError
from local.sam.functions import ARCHITECTURES
from local.sam.runtime import Runtime

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "cold-start.md"
TIMES = 9

#: The targets that the figures are held against.
IMPORT_SECONDS, API_SECONDS = 0.4, 0.3
UNZIPPED_MB = build.MAX_UNZIPPED_BYTES / 1e6


@dataclass(frozen=True)
class Figures:
    """One function's: seconds of its handler's import, and megabytes unzipped."""

    name: str
    wall_s: float
    cpu_s: float
    least_cpu_s: float
    size_mb: dict[str, float]

    @property
    def limit_s(self) -> float:
        """The target: the API answers people."""
        return API_SECONDS if self.name == "ApiFunction" else IMPORT_SECONDS


def measure(made: dict[str, Build], found: Runtime, name: str) -> Figures:
    """Import one function `TIMES` times."""
    function = made[functions.host_architecture()].functions[name]
    runs = [found.probe(function, everything=False) for _ in range(TIMES)]
    return Figures(
        name,
        statistics.median(run["wall_s"] for run in runs),
        statistics.median(run["cpu_s"] for run in runs),
        min(run["cpu_s"] for run in runs),
        {
            architecture: build.unzipped_bytes(made[architecture].functions[name]) / 1e6
            for architecture in ARCHITECTURES
        },
    )


def page(all_figures: list[Figures], load: tuple[float, float]) -> str:
    """The whole page."""
    rows = [
        "| "
        + " | ".join(
            [
                each.name,
                *(f"{value:.2f} s" for value in (each.wall_s, each.cpu_s, each.least_cpu_s)),
                f"{each.limit_s:.1f} s",
                *(f"{each.size_mb[architecture]:.0f} MB" for architecture in ARCHITECTURES),
            ]
        )
        + " |"
        for each in all_figures
    ]
    largest = max(size for each in all_figures for size in each.size_mb.values())
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    return "\n".join(
        [
            "# Cold starts",
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `make bench-cold-start` on",
            f"{machine}, load average {load[0]:.1f} before and {load[1]:.1f} after.",
            "",
            f"Each handler's import, byte-compiled, {TIMES} times in a fresh interpreter that sees",
            "the function, its layers and the runtime's packages only. On a busy machine the",
            "wall clock shows the waiting too, and the processor's seconds the cold caches: both",
            "are bounds from above.",
            "",
            "| function | wall, median | processor, median | least | target | x86_64 | arm64 |",
            "|---|---:|---:|---:|---:|---:|---:|",
            *rows,
            "",
            f"The largest has {largest:.0f} MB unzipped with its layers; at most {UNZIPPED_MB:.0f}",
            "MB are built, and Lambda takes 262 MB (250 MiB).",
            "",
        ]
    )


def main() -> None:
    """Measure the builds that are there, and write."""
    found = runtime.prepare(ROOT, ROOT / functions.BUILD_FOLDER)
    made = {each: build.find(ROOT, each) for each in ARCHITECTURES}
    before = os.getloadavg()[0]
    names = made[functions.host_architecture()].functions
    all_figures = [measure(made, found, name) for name in names]
    text = page(all_figures, (before, os.getloadavg()[0]))
    PAGE.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    try:
        main()
    except SamError as error:
        sys.exit(f"✗ {error}")
