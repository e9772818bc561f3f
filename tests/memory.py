"""The greatest memory that this process has had resident."""

import re
import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Since the program began: Linux's getrusage counts the process it was forked from, too."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        if found is None:
            raise OSError(f"{status} tells no VmHWM")
        return int(found[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
