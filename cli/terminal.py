"""Where commands print: at most 80 columns, so that output fits a README and a narrow window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.console import RenderableType

COLUMNS = 80


def open_console() -> Console:
    """Standard output."""
    console = Console(highlight=False)
    console.width = min(COLUMNS, console.width)
    return console


def show(console: Console, content: RenderableType) -> None:
    """Print; into a file or a pipe without the spaces that fill a terminal's lines."""
    if console.is_terminal:
        console.print(content)
        return
    with console.capture() as capture:
        console.print(content)
    print("\n".join(line.rstrip() for line in capture.get().splitlines()))
