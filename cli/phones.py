"""What `enliven up --lan` says: who may reach what, until when, how to undo it; and a QR code."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import segno
from rich.table import Table
from rich.text import Text

from cli.terminal import show
from local.lan.page import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

#: Light modules around a code, which scanners need (ISO/IEC 18004, 6.3.8).
_QUIET_MODULES = 4
#: Black on white whatever the terminal's colours are: not every scanner reads an inverted code.
_INK = "#000000 on #ffffff"
#: Upper module dark, lower module dark -> two modules in one character.
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}

SAID = {
    "who": "everybody who can reach this machine's address, not only your phone",
    "may reach": "the API, sign-in and sign-up; uploads and videos by links that the API signed",
    "may not": "the local AWS: its buckets, tables, keys and logs stay on this machine",
    "beware": "It is plain HTTP: others on this network can read passwords, photos and videos. "
    "Anybody on it can sign up (no mail is sent, the code is 123456) and make stories, which "
    "keeps this machine busy. Use it only where you trust everybody.",
    "undo": "`enliven up` shuts phones out and keeps the stack; `enliven down` stops all",
    "sign in as": "ana or bo, with the password in .enliven/users.json, or sign up; the code "
    "below holds no password",
}


def announce(console: Console, url: str, closes_at: float) -> None:
    """Warn in plain words, then show where a phone begins."""
    until = time.strftime("%H:%M on %d %B", time.localtime(closes_at))
    console.print()
    console.print(Text("Open to your network", "bold yellow").append(f" until {until}", "bold"))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for what, said in SAID.items():
        table.add_row(what, said)
    show(console, table)
    console.print()
    if console.color_system is not None:
        for line in code(url + PATH):
            console.print(Text("  ").append(line, _INK))
    console.print(Text(f"  {url}{PATH}", "bold").append("  for a phone's camera or an app", "dim"))


def code(text: str) -> Iterator[str]:
    """A QR code as lines of half blocks: dark modules are what is drawn."""
    rows = [list(row) for row in segno.make_qr(text).matrix_iter(border=_QUIET_MODULES)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        yield "".join(
            _HALVES[bool(above), bool(below)] for above, below in zip(upper, lower, strict=True)
        )
