"""The memory of C's allocator, set up for a server: what an answer took is there for the next one.

By default glibc gives memory of more than 128 kB back to the system as soon as it is free, and what the system gives
anew it has to clear first. An answer of 600 kB is several such pieces, one after the other: that was a third of what
the server did for it. Source: mallopt(3).
"""

import ctypes
from typing import Final

LARGEST_KEPT: Final = 4 * 1024 * 1024
"""Bytes of the largest piece that is kept; what is larger goes back to the system at once."""

MOST_KEPT: Final = 16 * 1024 * 1024
"""Most free bytes that are kept at the end of the heap."""

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3


def keep_heap() -> bool:
    """Keep what is freed, for the whole process.

    Returns:
        False where the C library is another than glibc: nothing is changed then.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, LARGEST_KEPT)) and bool(mallopt(_TRIM_THRESHOLD, MOST_KEPT))
