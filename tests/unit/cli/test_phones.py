"""What `enliven up --lan` says, and that its code can be scanned."""

import io
import re
import time

import cv2
import numpy as np
import pytest
from rich.console import Console

from cli import phones
from cli.main import main

URL = "http://192.168.178.123:42804"
_MODULES = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}
_MODULE_PX = 6


def said(*, color: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=color, color_system="truecolor" if color else None, width=80
    )
    phones.announce(console, URL, time.mktime((2026, 11, 26, 18, 2, 0, 0, 0, -1)))
    return out.getvalue()


def scanned(lines: list[str]) -> str:
    """What a scanner reads from half blocks that are black on white."""
    rows = [[_MODULES[c][half] for c in line] for line in lines for half in (0, 1)]
    picture = np.kron(np.array(rows, np.uint8) * 255, np.ones((_MODULE_PX, _MODULE_PX), np.uint8))
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(picture)
    return str(text)


@pytest.mark.parametrize("text", [f"{URL}/connect", "http://10.0.0.2:1024/connect"])
def test_the_code_is_read_as_the_address_it_stands_for(text: str) -> None:
    lines = list(phones.code(text))
    assert scanned(lines) == text
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) < 60, "it fits into a narrow window"


def test_a_terminal_shows_the_code_in_black_on_white_whatever_its_colours() -> None:
    printed = said(color=True)
    lines = re.findall(r"\x1b\[38;2;0;0;0;48;2;255;255;255m([ ▀▄█]+)\x1b\[0m", printed)
    assert scanned(lines) == f"{URL}/connect"


def test_a_file_gets_the_address_without_the_code() -> None:
    printed = said(color=False)
    assert not set("▀▄█") & set(printed)
    assert f"{URL}/connect" in printed


def test_it_says_for_whom_until_when_and_how_to_undo_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = said(color=False) + capsys.readouterr().out
    words = " ".join(printed.split())
    assert "until 18:02 on 26 November" in words
    assert "everybody who can reach this machine's address" in words
    assert "plain HTTP" in words
    assert "Anybody on it can sign up (no mail is sent, the code is 123456)" in words
    assert "`enliven up` shuts phones out" in words
    assert "holds no password" in words


@pytest.mark.parametrize("address", ["127.0.0.1", "8.8.8.8", "laptop", "203.0.113.77"])
def test_an_address_that_is_not_fit_starts_nothing(
    address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.up.bring_up", None)
    assert main(["up", "--lan", address]) == 2
    assert capsys.readouterr().err.startswith("✗ address_unfit: ")
