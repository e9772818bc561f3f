"""When each state of a story ran, as bars on one axis of time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from cli.words import milliseconds, seconds

if TYPE_CHECKING:
    from cli.dossier import Dossier

#: Steps that an axis may have, in seconds; the first that needs at most MAX_TICKS is taken.
STEPS_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 3_600)
MAX_TICKS = 8
#: A bar that lasted next to nothing is still seen.
LEAST_PERCENT = 0.35
#: What kind of work a state does: decides a bar's colour, and is said in the legend.
KINDS = {
    "InspectPhoto": "media",
    "ReadPhotoCredential": "signature",
    "RestorePhoto": "media",
    "ModeratePhoto": "gate",
    "AwaitPrompt": "direction",
    "ModerateWords": "gate",
    "DirectScene": "direction",
    "GenerateVideo": "engine",
    "InspectVideo": "media",
    "ModerateVideo": "gate",
    "LabelVideo": "media",
    "SignVideo": "signature",
}


class Part(NamedTuple):
    """A stage of the engine inside its bar."""

    name: str
    percent: float
    took: str


class Bar(NamedTuple):
    """One run of one state. left, width: percent of the axis."""

    state: str
    note: str
    kind: str
    left: float
    width: float
    took: str
    outcome: str
    parts: tuple[Part, ...]

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""
        return self.outcome not in {"done", "running"}


class Tick(NamedTuple):
    """A line of the axis."""

    left: float
    label: str


class Chart(NamedTuple):
    """The whole way of a story."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    total: str


class _Span(NamedTuple):
    state: str
    began: datetime
    ended: datetime | None
    outcome: str
    take: int | None


def chart(dossier: Dossier) -> Chart | None:
    """The bars of a story; None if no state has begun."""
    spans = _spans(dossier)
    if not spans:
        return None
    history = dossier.history
    began = min(history.began if history else spans[0].began, spans[0].began)
    ends = [span.ended or dossier.made_at for span in spans]
    over = max([*ends, history.ended] if history and history.ended else ends)
    whole = max((over - began).total_seconds(), 0.001)
    repeated = {
        span.state for span in spans if [each.state for each in spans].count(span.state) > 1
    }

    def bar(span: _Span) -> Bar:
        lasted = ((span.ended or dossier.made_at) - span.began).total_seconds()
        left = 100 * (span.began - began).total_seconds() / whole
        take = (
            f"take {span.take}" if span.take and (span.take > 1 or span.state in repeated) else ""
        )
        outcome = "" if span.outcome == "done" else span.outcome
        return Bar(
            state=span.state,
            note=" · ".join(filter(None, (take, outcome))),
            kind=KINDS.get(span.state, "media"),
            left=round(left, 3),
            width=round(max(LEAST_PERCENT, min(100 * lasted / whole, 100 - left)), 3),
            took=milliseconds(round(lasted * 1000)) if span.ended else "running",
            outcome=span.outcome,
            parts=_stages(dossier, lasted) if _is_last_generation(span, spans) else (),
        )

    step = next((s for s in STEPS_SECONDS if whole / s <= MAX_TICKS), STEPS_SECONDS[-1])
    ticks = [
        Tick(round(100 * index * step / whole, 3), f"{index * step:g} s")
        for index in range(int(whole / step) + 1)
    ]
    return Chart(tuple(map(bar, spans)), tuple(ticks), seconds(whole))


def _spans(dossier: Dossier) -> list[_Span]:
    """What ran when: by the history, or by the timeline where that is gone."""
    if dossier.history is not None:
        return [
            _Span(
                run.state,
                run.began,
                run.ended,
                "running" if run.ended is None else run.error or "done",
                run.take,
            )
            for run in dossier.history.runs
        ]
    return [
        _Span(
            entry.state,
            datetime.fromisoformat(entry.began_at),
            datetime.fromisoformat(entry.ended_at) if entry.ended_at else None,
            entry.outcome,
            None,
        )
        for entry in dossier.view.timeline
    ]


def _is_last_generation(span: _Span, spans: list[_Span]) -> bool:
    return span is [each for each in spans if each.state == span.state][-1] and (
        span.state == "GenerateVideo" and span.outcome == "done"
    )


def _stages(dossier: Dossier, lasted: float) -> tuple[Part, ...]:
    """The engine's own stages, as parts of the time that the state took; the rest is the way."""
    report = dossier.report
    if report is None or lasted <= 0:
        return ()
    return tuple(
        Part(name, round(min(100.0, 100 * took / lasted), 2), seconds(took))
        for name, took in report.timings.items()
    )
