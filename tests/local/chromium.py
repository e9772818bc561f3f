"""Chromium without a window, told what to do by its DevTools protocol over a pair of pipes.

Nothing listens on a port, and no driver is needed: the browser reads commands from descriptor 3
and writes answers to 4, JSON with a zero byte behind each message.
https://chromedevtools.github.io/devtools-protocol/
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 60.0
BINARY = shutil.which("chromium") or shutil.which("chromium-browser")
_READ_BYTES = 1 << 16
_CODES = {"Enter": ("Enter", 13, "\r"), "Tab": ("Tab", 9, ""), "Escape": ("Escape", 27, "")}
_CONTROL = 2
#: Chromium takes 3 and 4: what stands there is moved out of the way, and ours to them.
_MOVES = """
import fcntl, os, sys
high = [fcntl.fcntl(int(given), fcntl.F_DUPFD, 10) for given in sys.argv[1:3]]
for place, mine in enumerate(high, start=3):
    os.dup2(mine, place)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Page:
    """One page of a browser."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._waiting = b""
        self._number = 0
        self._session: str | None = None
        #: What went wrong in the page: scripts that broke, requests that a policy has blocked.
        self.complaints: list[str] = []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        attached = self.tell("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.tell(f"{domain}.enable")

    def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for what it answers."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = self._next(until)
            if found.get("id") == self._number:
                assert "error" not in found, f"{method}: {found['error']}"
                result: dict[str, Any] = found["result"]
                return result
            self._hear(found)

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            ready, _, _ = select.select([self._from], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"Chromium said nothing for {PATIENCE_SECONDS:g} s"
            read = os.read(self._from, _READ_BYTES)
            assert read, "Chromium has ended"
            self._waiting += read
        message, _, self._waiting = self._waiting.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(event["params"]["exceptionDetails"]))
        if event.get("method") == "Log.entryAdded":
            entry = event["params"]["entry"]
            if entry["level"] == "error":
                self.complaints.append(f"{entry['source']}: {entry['text']}")

    def open(self, url: str) -> None:
        """Go to an address."""
        self.tell("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def ask(self, expression: str) -> Any:
        """What an expression is worth in the page."""
        found = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, expression: str) -> Any:
        """Wait until an expression is true in the page, and return it."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if found := self.ask(expression):
                return found
            time.sleep(0.1)
        raise AssertionError(f"{expression} is still not so; {self.ask('document.body.innerText')}")

    def press(self, key: str, *, control: bool = False) -> None:
        """Press and release one key."""
        code, number, text = _CODES.get(key, ("", ord(key.upper()) if len(key) == 1 else 0, key))
        told = {
            "key": key,
            "code": code,
            "windowsVirtualKeyCode": number,
            "modifiers": _CONTROL if control else 0,
        }
        down = {"type": "keyDown", "text": text} if text and not control else {"type": "rawKeyDown"}
        self.tell("Input.dispatchKeyEvent", **told, **down)
        self.tell("Input.dispatchKeyEvent", **told, type="keyUp")

    def write(self, text: str) -> None:
        """Write into whatever has the focus."""
        self.tell("Input.insertText", text=text)


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """A page of a browser of its own, which ends with it."""
    assert BINARY, "there is no Chromium on this machine"
    commands, to_browser = os.pipe()
    from_browser, replies = os.pipe()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _MOVES,
            str(commands),
            str(replies),
            BINARY,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            f"--user-data-dir={folder}",
        ],
        pass_fds=(commands, replies),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(replies)
    try:
        yield Page(to_browser, from_browser)
    finally:
        os.close(to_browser)
        os.close(from_browser)
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)
