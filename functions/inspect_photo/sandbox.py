"""Running the decoder where its death costs one photo, not the function.

The child gets the upload on standard input and an environment without credentials; it limits its
own processor time, memory and output (see `decode`). A bomb, a crash or a hang ends as
PhotoUnreadable.
"""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from inspect_photo import header
from inspect_photo.decode import MAX_ANSWER_BYTES, REFUSED_STATUS
from inspect_photo.facts import Facts
from story import errors

DECODE_SECONDS: Final = 15.0
_FACTS: Final = TypeAdapter(Facts)
#: All that a decoder needs of our environment; credentials stay outside.
_INHERITED: Final = ("LD_LIBRARY_PATH", "LANG", "PATH")


@dataclass(frozen=True)
class CleanPhoto:
    """The rewritten photo and what is known about it."""

    jpeg: bytes
    facts: Facts


class _Refusal(BaseModel):
    """The child's answer when it will not rewrite a photo."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: str
    message: str


def rewrite(data: bytes, kind: header.Format, *, seconds: float = DECODE_SECONDS) -> CleanPhoto:
    """Decode and rewrite an upload in a child process of limited means.

    Raises PhotoUnreadable, PhotoTooManyPixels, PhotoTooSmall.
    """
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    # A thread's memory arena reserves 64 MB of address space, which is what is limited.
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "MALLOC_ARENA_MAX": "1"}
    with tempfile.TemporaryFile() as answer_file:
        try:
            ended = subprocess.run(
                [sys.executable, "-P", "-s", "-B", "-m", "inspect_photo.decode", kind],
                input=data,
                stdout=answer_file,
                stderr=subprocess.PIPE,
                env=environment,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise errors.PhotoUnreadable(
                f"The {kind} photo was not decoded within {seconds:g} s; photos take less than one"
            ) from error
        answer_file.seek(0)
        answer = answer_file.read(MAX_ANSWER_BYTES + 1)
    if ended.returncode not in {0, REFUSED_STATUS}:
        raise errors.PhotoUnreadable(
            f"The {kind} photo made its decoder fail ({_how_it_ended(ended.returncode)})"
        ) from ChildProcessError(ended.stderr.decode(errors="replace")[-2_000:])
    line, _, jpeg = answer.partition(b"\n")
    try:
        if ended.returncode == REFUSED_STATUS:
            raise _named(_Refusal.model_validate_json(line))
        facts = _FACTS.validate_json(line)
    except ValidationError as error:
        raise _not_believed(kind) from error
    written = header.read(jpeg)
    if (written.format, written.width, written.height) != ("JPEG", facts.width, facts.height):
        raise _not_believed(kind)
    return CleanPhoto(jpeg=jpeg, facts=facts)


def _not_believed(kind: header.Format) -> errors.PhotoUnreadable:
    return errors.PhotoUnreadable(
        f"The {kind} photo made its decoder write something that is not the JPEG it should be"
    )


def _named(refusal: _Refusal) -> errors.Permanent:
    """The error that the child named: only what it may rightly say about a photo."""
    allowed = (errors.PhotoUnreadable, errors.PhotoTooManyPixels, errors.PhotoTooSmall)
    for kind in allowed:
        if kind.__name__ == refusal.error:
            return kind(refusal.message)
    return errors.PhotoUnreadable(refusal.message)


def _how_it_ended(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"
