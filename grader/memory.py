"""What the C library and the system do with a process's memory."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT_BYTES, WHOLE_BYTES = 256 * 2**20, 32 * 2**20
MADV_COLLAPSE, HUGE_PAGE = 25, 2**21  # madvise(2); bytes


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


def collapse_pages() -> None:
    """Puts what a process has in memory into huge pages. A fork copies an entry for each page, of
    which a process that has imported torch has a hundred thousand otherwise.

    Does nothing where the system cannot do that; Linux can from 6.1 on.
    """
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None).madvise
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        regions = [line.split() for line in maps]
    for span, access, _, _, _, *name in regions:
        start, end = (int(address, 16) for address in span.split("-"))
        start, end = -(-start // HUGE_PAGE) * HUGE_PAGE, end // HUGE_PAGE * HUGE_PAGE
        if access == "rw-p" and name in ([], ["[heap]"]) and start < end:
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_COLLAPSE)
