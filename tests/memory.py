"""The memory that this process has resident, and the greatest it has had."""

import re
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def resident_bytes() -> int:
    """What this process has resident now; Linux only."""
    return _told("VmRSS")


def _told(name: str) -> int:
    found = re.search(rf"{name}:\s*(\d+) kB", STATUS.read_text())
    if found is None:
        raise OSError(f"{STATUS} tells no {name}")
    return int(found[1]) * 1024


def peak_bytes() -> int:
    """Since the program began: Linux's getrusage counts the process it was forked from, too."""
    if STATUS.exists():
        return _told("VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
