"""How a command ends: its exit status, and the one exception that carries a message to the user."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from story.states import Status


class Exit(IntEnum):
    """The exit statuses, the same for every command; scripts rely on them."""

    OK = 0
    USAGE = 2
    REJECTED = 3
    FAILED = 4
    INTERRUPTED = 130


class CommandFailed(Exception):
    """A command cannot go on: a stable code, a sentence for people, and the exit status.

    `log` is what a process of ours wrote before it failed: lines to show below the sentence.
    `document` is what --json prints beside the error.
    """

    def __init__(
        self, code: str, detail: str, status: Exit = Exit.FAILED, *, log: str = ""
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status
        self.log = log
        self.document: dict[str, Any] = {}


def exit_of_code(code: str) -> Exit:
    """The exit status for an error code of the API: a photo's fault is the user's to mend."""
    return Exit.USAGE if code.startswith("photo_") else Exit.FAILED


def exit_of_story(status: Status, codes: tuple[str, ...]) -> Exit:
    """The exit status for a story that has ended; `codes` are its reasons."""
    if status in {Status.READY, Status.POSTED}:
        return Exit.OK
    if status in {Status.REJECTED, Status.UNDER_REVIEW}:
        return Exit.REJECTED
    return max((exit_of_code(code) for code in codes[:1]), default=Exit.FAILED)
