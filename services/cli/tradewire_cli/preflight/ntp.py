"""Whether the kernel says that something keeps its clock: NTP, or the like."""

import ctypes
import sys
from typing import Final

_TIMEX_BYTES: Final = 256
"""More than `struct timex` has anywhere. All zero, its `modes` ask and change nothing."""
_TIME_ERROR: Final = 5


def synchronised() -> bool | None:
    """Asks adjtimex(2); None where it cannot be asked."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None) if sys.platform == "linux" else None
    if adjtimex is None:
        return None
    state = int(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return None if state < 0 else state != _TIME_ERROR
