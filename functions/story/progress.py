"""How far a story is, from the lines its states left: a fraction and a guess of the time left."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

#: The workflow's states with a line of their own, in order, and the seconds each usually takes
#: (medians of the pipeline benchmark with the motion engine; see docs/benchmarks/pipeline.md).
TYPICAL_SECONDS = {
    "InspectPhoto": 0.2,
    "ModeratePhoto": 0.2,
    "ModerateWords": 0.1,
    "DirectScene": 0.3,
    "GenerateVideo": 5.6,
    "InspectVideo": 1.3,
    "ModerateVideo": 0.7,
    "LabelVideo": 2.3,
    "SignVideo": 0.1,
}
_TOTAL = sum(TYPICAL_SECONDS.values())


class Position(NamedTuple):
    """Where a story is."""

    stage: str | None
    fraction: float
    eta_seconds: float


def locate(lines: Iterable[Mapping[str, Any]], now: datetime) -> Position:
    """The stage at work, the fraction done (0..1) and the seconds left of a story in work.

    A line has `state`, `began_at`, perhaps `ended_at`, and perhaps the engine's own `fraction`.
    """
    by_state = {line["state"]: line for line in lines}
    done, stage = 0.0, None
    for state, typical in TYPICAL_SECONDS.items():
        line = by_state.get(state)
        if line is None:
            continue
        if line.get("ended_at"):
            done += typical
            continue
        stage = state
        reported = float(line.get("fraction", 0.0)) % 1.0
        elapsed = (now - datetime.fromisoformat(line["began_at"])).total_seconds()
        guessed = min(0.95, elapsed / typical)
        done += typical * (reported if reported > 0 else guessed)
    return Position(stage, min(1.0, done / _TOTAL), round(max(0.0, _TOTAL - done), 1))
