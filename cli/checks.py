"""Asking a stack about a file, as anybody may: POST /verify, the upload, GET /verify/{id}."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx

from cli.client import Deadline, of_answer, patience, reaching, send_form
from cli.outcome import CommandFailed, Exit
from cli.profile import is_loopback
from story.checks import ANSWER_SECONDS, MAX_FILE_BYTES, Check, CheckCreated

if TYPE_CHECKING:
    from pathlib import Path

_POLL_SECONDS: Final = 0.5
#: For the upload of 100 MB over a slow line, beside what the stack takes.
PATIENCE_SECONDS: Final = 300.0 + ANSWER_SECONDS


class Told(NamedTuple):
    """A check that is done, and where it was asked for."""

    check: Check
    api_url: str


def ask(path: Path, api_url: str, *, seconds: float = PATIENCE_SECONDS) -> Told:
    """What a stack says of a file.

    Raises CommandFailed: Unanswered if the stack cannot be reached, with exit status 2 if the file
    cannot be looked at.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size > MAX_FILE_BYTES:
        raise CommandFailed(
            "file_too_large", f"{size:,} bytes; at most {MAX_FILE_BYTES:,}", Exit.USAGE
        )
    deadline = Deadline(seconds)
    with httpx.Client(trust_env=not is_loopback(api_url)) as http:
        with reaching(api_url):
            made = http.post(
                f"{api_url}/verify",
                headers={"Idempotency-Key": str(uuid.uuid4())},
                timeout=patience(deadline),
            )
        created = of_answer(CheckCreated, made)
        if created.upload is None:  # a key of its own has no form that was used before
            raise CommandFailed("answer_invalid", f"{api_url} gave no form for the file")
        send_form(http, created.upload, path, deadline, what="file")
        while True:
            deadline.check("still waiting for an answer")
            with reaching(api_url):
                answer = http.get(f"{api_url}/verify/{created.id}", timeout=patience(deadline))
            check = of_answer(Check, answer)
            if check.status == "failed":
                raise CommandFailed("file_unreadable", f"{path}: {check.detail}", Exit.USAGE)
            if check.status == "done":
                return Told(check, api_url)
            time.sleep(_POLL_SECONDS)
