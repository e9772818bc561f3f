"""What the takes of a story have used: each may cost as much as the one that is shown. Pure.

InspectVideo's line of the timeline has the report of the take that was sound, and of each take
that was not its engine's name and seconds.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from story.generation import Report
from story.limits import FALLBACK_TAKE


class Used(NamedTuple):
    """The engine that a story began with, None if nothing is known of any; seconds of all takes."""

    engine: str | None
    seconds: float


def noted(take: int, report: Report) -> dict[str, str]:
    """What the line keeps of a take that was not sound."""
    return {
        f"take{take}_engine": report.engine.name,
        f"take{take}_seconds": f"{_seconds(report):.3f}",
    }


def used(lines: Iterable[Mapping[str, Any]]) -> Used:
    """Of one attempt's lines. A take whose result could not be read has left nothing.

    All takes ran on the instance of the first one's engine, those of its stand-in too.
    """
    found: list[tuple[str, float]] = []
    for line in lines:
        found += [
            (line[f"take{take}_engine"], float(line[f"take{take}_seconds"]))
            for take in range(1, FALLBACK_TAKE + 1)
            if f"take{take}_seconds" in line
        ]
        if "report" in line:
            report = Report.model_validate_json(line["report"])
            found.append((report.engine.name, _seconds(report)))
    return Used(found[0][0] if found else None, sum(seconds for _, seconds in found))


def _seconds(report: Report) -> float:
    return sum(report.timings.values())
