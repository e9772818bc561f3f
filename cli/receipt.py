"""The receipt of a story: what happened, who checked it, what it cost, which files there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cli.words import dollars, number, printable, seconds, size
from story.contracts import Gate
from story.states import Status

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from story.view import Cost, StoryView

STATUS_STYLE = {
    Status.READY: "bold green",
    Status.POSTED: "bold green",
    Status.UNDER_REVIEW: "bold yellow",
}
#: In the order of the workflow.
GATES = get_args(Gate)
VERDICT_STYLE = {"allow": "green", "review": "yellow", "reject": "red"}
LABEL_COLUMNS = 14
#: A story costs cents: a thousandth of a cent tells its parts apart.
COST_DIGITS = 5
TIMES = "\N{MULTIPLICATION SIGN}"


class Checked(NamedTuple):
    """What this machine itself found in the file that it downloaded."""

    good: bool
    words: str


def receipt(
    view: StoryView, total_seconds: float, checked: Checked | None, files: tuple[Path, ...]
) -> RenderableType:
    """Everything worth knowing about a story that has ended, at most 80 columns wide."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=LABEL_COLUMNS, no_wrap=True)
    table.add_column()

    def row(label: str, *content: RenderableType) -> None:
        if content:
            table.add_row(Text(f"  {label}", "dim"), Group(*content))

    row("reasons", *(Text(f"{printable(r.message)} ({printable(r.code)})") for r in view.reasons))
    row("gates", *_gates(view))
    if view.engine is not None:
        engine = f"{view.engine.name} {view.engine.version} ({view.engine.family})"
        if view.engine.instead_of is not None:
            engine += f", instead of {view.engine.instead_of}"
        row("engine", Text(printable(engine)))
    if view.seed is not None:
        row("seed", Text(str(view.seed)))
    row("understood", *_joined(view.understood))
    row("unmet", *(Text(printable(text), "yellow") for text in view.unmet))
    row("alt text", *_joined((view.alt_text,) if view.alt_text else ()))
    if view.credential is not None:
        credential = view.credential
        row(
            "signed by",
            Text(printable(f"{credential.issuer}, {credential.signed_at}")),
        )
        row(
            "verified by",
            Text(printable(f"{credential.verified_by}: {credential.validation_state}")),
        )
    if checked is not None:
        row("checked here", Text(printable(checked.words), "green" if checked.good else "red"))
    row("AWS cost", *_cost(view.cost))
    if files:
        row("files", _files(files))
    headline = Text("\n").append(view.status, STATUS_STYLE.get(view.status, "bold red"))
    headline.append(f" in {seconds(total_seconds)}", "bold").append(f"  story {view.id}", "dim")
    return Group(headline, table)


def _joined(words: tuple[str, ...]) -> tuple[Text, ...]:
    return (Text(", ".join(printable(word) for word in words)),) if words else ()


def _gates(view: StoryView) -> tuple[RenderableType, ...]:
    """Each gate's verdict with the models that gave it, and reasons that are not the story's."""
    if not view.verdicts:
        return ()
    table = Table.grid(padding=(0, 2))
    for verdict in sorted(view.verdicts, key=lambda verdict: GATES.index(verdict.gate)):
        table.add_row(
            Text(verdict.gate),
            Text(verdict.verdict, VERDICT_STYLE[verdict.verdict]),
            Text(printable(", ".join(verdict.models)), "dim"),
        )
        for reason in (reason for reason in verdict.reasons if reason not in view.reasons):
            table.add_row("", "", Text(printable(f"{reason.message} ({reason.code})")))
    return (table,)


def _cost(cost: Cost | None) -> tuple[RenderableType, ...]:
    if cost is None:
        return ()
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    for item in cost.items:
        each = f": {number(item.quantity)} {item.unit} {TIMES} {dollars(item.unit_price)}"
        table.add_row(
            dollars(item.cost, COST_DIGITS),
            Text(printable(item.what)).append(printable(each), "dim"),
        )
    table.add_row(Text(dollars(cost.total, COST_DIGITS), "bold"), Text("in all", "bold"))
    return (table, Text(f"by {printable(cost.price_list)}", "dim"))


def _files(files: tuple[Path, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for file in files:
        table.add_row(printable(str(file)), size(file.stat().st_size))
    return table
