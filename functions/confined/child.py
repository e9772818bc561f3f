"""The program of the child: binds itself by limits, then imports one function and calls it.

    python -m confined.child CPU_SECONDS MEMORY_BYTES ANSWER_BYTES MODULE FUNCTION [ARGUMENT ...]

The function gets the arguments as text and writes its answer to standard output. Exit status 0:
answered; OUT_OF_MEMORY: it needed more memory than it may have. Anything else: it failed.
"""

from __future__ import annotations

import importlib
import resource
import sys
from typing import Final

OUT_OF_MEMORY: Final = 3
#: Libraries are mapped, and threads' stacks and arenas reserved, beside what is really used.
_MAPPED_BYTES: Final = 2 * 1024**3


def bind(cpu_seconds: int, memory_bytes: int, answer_bytes: int) -> None:
    """Give up the right to more than this, for good.

    memory_bytes: of private writable memory, touched or not (Linux counts it as RLIMIT_DATA;
    systems that do not are left with the deadline).
    """
    limits = {
        resource.RLIMIT_DATA: memory_bytes,
        resource.RLIMIT_FSIZE: answer_bytes,
        resource.RLIMIT_CORE: 0,
    }
    if sys.platform == "linux":
        limits[resource.RLIMIT_AS] = memory_bytes + _MAPPED_BYTES
    for kind, limit in limits.items():
        _, most = resource.getrlimit(kind)
        within = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(kind, (within, within))
    # At the lower of the two it is ended by a signal that says why.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


def main(arguments: list[str]) -> int:
    """Bind, import, call; the exit status."""
    bind(*(int(limit) for limit in arguments[:3]))
    module, function, *rest = arguments[3:]
    try:
        getattr(importlib.import_module(module), function)(*rest)
        sys.stdout.flush()
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
