"""Memory that is free goes back to the system.

The C library keeps what was freed for the next that asks, and what one thread freed is not given to
another. After a fit that is a fit's worth of memory; DuckDB's blocks are not made in it.
"""

import ctypes
import sys
from collections.abc import Callable


def trimming() -> Callable[[int], int] | None:
    """The C library's function for it; only that of Linux (glibc) has one."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


trim = trimming()


def give_back_memory() -> None:
    """Gives the system what is free, of all threads; takes milliseconds."""
    if trim is not None:
        trim(0)
