"""What the C library does with memory that is freed."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT_BYTES, WHOLE_BYTES = 256 * 2**20, 32 * 2**20


def keep_freed_memory() -> None:
    """Keeps some freed memory for what comes next, instead of handing it back to the system, which
    has to clear every page once more. Answers and their judging need megabytes, for milliseconds.

    Does nothing where the C library is not glibc.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, WHOLE_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
