"""The workflow on the screen: its states light up as the story's timeline grows.

Two screens show the same facts: one redraws itself on a terminal, one prints a line a change for
logs and pipes. A third, for --json, shows nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.words import milliseconds, printable, seconds, size
from story.contracts import BESIDE, STATES
from story.states import ENDED

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from story.view import StoryView, TimelineEntry

UPLOAD = "UploadPhoto"
#: Which gate a state of the workflow is, for showing the verdict beside it.
GATE_OF = {"ModeratePhoto": "photo", "ModerateWords": "words", "ModerateVideo": "video"}
BAR_COLUMNS = 28
#: A plain screen says how far the work is at each of these steps.
PLAIN_STEP_PERCENT = 20

Phase = Literal["waiting", "running", "done", "failed", "skipped"]
MARK: dict[Phase, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("◐", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("·", "dim"),
}
NOTE_STYLE = {"allow": "green", "review": "yellow", "reject": "red"}


#: The way of a story that has its words and is not tried again.
USUAL = tuple(state for state in STATES if state not in BESIDE)


class Step(NamedTuple):
    """One line of the workflow: `ms` is None until the state has ended."""

    name: str
    phase: Phase
    ms: int | None = None
    note: str = ""


def steps(view: StoryView) -> tuple[Step, ...]:
    """The workflow of a story: what has begun, in its order, then the states still to come."""
    begun = sorted(view.timeline, key=lambda entry: entry.began_at)
    names = {entry.state for entry in begun}
    rest: Phase = "skipped" if view.status in ENDED else "waiting"
    return (
        *(_step(entry, view) for entry in begun),
        *(Step(name, rest) for name in USUAL if name not in names),
    )


def _step(entry: TimelineEntry, view: StoryView) -> Step:
    name = printable(entry.state)
    # A state that a second take runs again still has the end of its first run.
    if entry.ended_at is None or entry.outcome == "running":
        return Step(name, "running")
    if entry.outcome != "done":
        return Step(name, "failed", entry.ms, printable(entry.outcome))
    verdicts = [v.verdict for v in view.verdicts if v.gate == GATE_OF.get(entry.state)]
    return Step(name, "done", entry.ms, verdicts[-1] if verdicts else "")


class Screen:
    """What a command shows while it works; this one shows nothing, for --json."""

    def begin(self, photo: str, prompt: str) -> None:
        """Begin: this photo, this prompt."""

    def uploading(self) -> None:
        """The upload begins."""

    def uploaded(self, photo_bytes: int, ms: int) -> None:
        """The photo is in the bucket."""

    def update(self, view: StoryView) -> None:
        """The story as it is now."""

    def close(self) -> None:
        """Leave the terminal as other programs expect it."""


class PlainScreen(Screen):
    """One line a change, with the seconds since the beginning in front."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._shown: dict[str, Phase] = {}
        self._percent = 0

    def begin(self, photo: str, prompt: str) -> None:
        """Say what is asked for."""
        self._console.print(_title(photo, prompt))

    def uploaded(self, photo_bytes: int, ms: int) -> None:
        """Say how large the photo was and how long it took."""
        self._line(Step(UPLOAD, "done", ms, size(photo_bytes)))

    def update(self, view: StoryView) -> None:
        """Say which states began and ended since the last time, and how far the work is."""
        for step in steps(view):
            if step.phase in {"waiting", "skipped"} or self._shown.get(step.name) == step.phase:
                continue
            self._shown[step.name] = step.phase
            if step.phase != "running":
                self._line(step)
        percent = int(view.progress * 100)
        if view.status not in ENDED and percent >= self._percent + PLAIN_STEP_PERCENT:
            self._percent = percent - percent % PLAIN_STEP_PERCENT
            self._console.print(f"{self._clock()}  {percent:3d} %  {_ahead(view)}")

    def _line(self, step: Step) -> None:
        mark = MARK[step.phase][0]
        took = milliseconds(step.ms)
        self._console.print(f"{self._clock()}  {mark} {step.name:<19} {step.note:<24} {took:>10}")

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:7.2f} s"


class LiveScreen(Screen):
    """The whole workflow, redrawn in place; what is left on the terminal is the final state."""

    def __init__(self, console: Console) -> None:
        self._title = Text()
        self._upload = Step(UPLOAD, "waiting")
        self._view: StoryView | None = None
        self._since: dict[str, float] = {}
        # Live draws at once, hence last.
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=10)

    def begin(self, photo: str, prompt: str) -> None:
        """Show the whole workflow, all of it still dark."""
        self._title = _title(photo, prompt)
        self._live.start()

    def uploading(self) -> None:
        """Light up the upload."""
        self._upload = Step(UPLOAD, "running")

    def uploaded(self, photo_bytes: int, ms: int) -> None:
        """Show how large the photo was and how long it took."""
        self._upload = Step(UPLOAD, "done", ms, size(photo_bytes))

    def update(self, view: StoryView) -> None:
        """Take the story as it is now; the next redraw shows it."""
        self._view = view

    def close(self) -> None:
        """Draw the final state and leave it on the terminal."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        view = self._view
        after = steps(view) if view else tuple(Step(name, "waiting") for name in USUAL)
        table = Table.grid(padding=(0, 1))
        table.add_column(width=3, justify="right")
        table.add_column(width=16)
        table.add_column(width=24)
        table.add_column(width=10, justify="right")
        for step in (self._upload, *after):
            mark, style = MARK[step.phase]
            dark = "dim" if step.phase in {"waiting", "skipped"} else ""
            table.add_row(
                Text(mark, style),
                Text(step.name, dark),
                Text(step.note, NOTE_STYLE.get(step.note, "red" if step.phase == "failed" else "")),
                Text(self._took(step), "dim" if step.phase == "running" else ""),
            )
        if view is None or view.status in ENDED:
            return Group(self._title, table)
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            Text("  "),
            ProgressBar(
                total=1.0, completed=view.progress, width=BAR_COLUMNS, complete_style="green"
            ),
            Text(f"{view.progress * 100:3.0f} %"),
            Text(_ahead(view), "dim"),
        )
        return Group(self._title, table, bar)

    def _took(self, step: Step) -> str:
        """How long a step took, or has been taking: by this machine's clock, not the server's."""
        if step.phase == "running":
            began = self._since.setdefault(step.name, time.monotonic())
            return seconds(time.monotonic() - began)
        return milliseconds(step.ms)


def _title(photo: str, prompt: str) -> Text:
    return Text.assemble(
        ("enliven ", "bold"), printable(photo), (f"  “{printable(prompt)}”", "italic dim")
    )


def _ahead(view: StoryView) -> str:
    """The stage at work and the time it still takes, as far as the API knows them."""
    parts = [printable(view.stage)] if view.stage else []
    if view.eta_seconds is not None:
        parts.append(f"about {seconds(round(view.eta_seconds))} left")
    return " · ".join(parts)
