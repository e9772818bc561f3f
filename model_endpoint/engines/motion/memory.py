"""Memory that is free again, used by whoever needs some next, or given back to the system.

glibc keeps what was freed below something that is still in use, and keeps it for each thread apart.
Analysis, drawing and encoding run in different threads, so that what one leaves serves no other one
and the process grows by all of them: by a hundred megabytes for a clip of 1080×1920. Here all
threads share one arena: what they ask for is large and seldom, so that they do not wait for it.
"""

import ctypes
from collections.abc import Callable

#: glibc's malloc.h: mallopt's parameter for the most arenas that threads may have.
M_ARENA_MAX = -8


def give_back() -> None:
    """Give the system all pages that hold nothing: 3 to 7 ms for 60 to 280 MB of them."""
    _trim(0)


def share_one_arena() -> None:
    """Let threads that begin from now on take their memory where all others do."""
    _set_option(M_ARENA_MAX, 1)


def _no_option(_parameter: int, _value: int) -> int:
    """For C libraries other than glibc, which have no arenas to choose from."""
    return 0


def _nothing_kept(_pad: int) -> int:
    """For C libraries other than glibc, which have no such call: they give back on their own."""
    return 0


_trim: Callable[[int], int] = getattr(ctypes.CDLL(None), "malloc_trim", _nothing_kept)
_set_option: Callable[[int, int], int] = getattr(ctypes.CDLL(None), "mallopt", _no_option)
