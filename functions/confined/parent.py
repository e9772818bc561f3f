"""Starting a confined child, and what it means if it gives no answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from confined.child import OUT_OF_MEMORY

if TYPE_CHECKING:
    from collections.abc import Sequence

#: All that an interpreter needs of our environment. Credentials stay outside.
_INHERITED: Final = ("LD_LIBRARY_PATH", "LANG", "PATH", "SYSTEMROOT", "TMPDIR")
#: One arena, since each reserves 64 MB; one thread in libraries that would start one a core.
_SPARING: Final = {"MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_TOLD_BYTES: Final = 2_000
_MEGA: Final = 1_000_000
#: What Rust and C++ say before they abort for want of memory.
_WANT_OF_MEMORY: Final = (b"memory allocation of", b"bad_alloc", b"Cannot allocate memory")


@dataclass(frozen=True)
class Limits:
    """What one file may cost: seconds by the clock, bytes of memory, bytes of answer.

    cpu_seconds: of processor time, which a busy machine gives later than an idle one.
    """

    seconds: float
    memory_bytes: int
    answer_bytes: int
    cpu_seconds: int = 5


class Unanswered(Exception):
    """The child gave no answer. The message says why, for people; `told` is its last words."""

    def __init__(self, why: str, told: str = "") -> None:
        super().__init__(why)
        self.told = told


def run(
    module: str, function: str, arguments: Sequence[str], limits: Limits, *, given: bytes = b""
) -> bytes:
    """What a function writes to standard output in a child of limited means.

    given: what it finds on standard input. Raises Unanswered.
    """
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= _SPARING | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    bounds = [
        limits.cpu_seconds,
        limits.memory_bytes,
        # One more than is taken, so that what is cut off is seen to be.
        limits.answer_bytes + 1,
    ]
    command = [sys.executable, "-P", "-s", "-B", "-m", "confined.child", *map(str, bounds)]
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as told:
        try:
            ended = subprocess.run(
                [*command, module, function, *arguments],
                input=given,
                stdout=answer,
                stderr=told,
                env=environment,
                timeout=limits.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unanswered(f"reading it took longer than {limits.seconds:g} s") from error
        answer.seek(0)
        written = answer.read(limits.answer_bytes + 1)
        told.seek(max(0, told.seek(0, os.SEEK_END) - _TOLD_BYTES))
        words = told.read()
    if len(written) > limits.answer_bytes:
        raise Unanswered(f"what it holds is more than {limits.answer_bytes} bytes when told")
    if ended.returncode:
        raise Unanswered(
            _why(ended.returncode, words, limits), words.decode(errors="replace").strip()
        )
    return written


def _why(status: int, told: bytes, limits: Limits) -> str:
    if status == OUT_OF_MEMORY or any(words in told for words in _WANT_OF_MEMORY):
        return f"reading it takes more than {limits.memory_bytes / _MEGA:.0f} MB of memory"
    if -status == signal.SIGXCPU:
        return f"reading it took longer than {limits.cpu_seconds} s of processor time"
    how = signal.Signals(-status).name if status < 0 else f"status {status}"
    return f"it made the reader fail ({how})"
