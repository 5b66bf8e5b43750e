"""What memory this process holds."""

from __future__ import annotations

import os
import resource
import sys

_STATUS = "/proc/self/statm"
_UNIT_OF_PEAK = 1 if sys.platform == "darwin" else 1024


def resident_bytes() -> int:
    """Bytes of memory in use; where the system tells only the most that ever were, these."""
    try:
        with open(_STATUS, "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT_OF_PEAK
