"""Whether the machine keeps a kernel waiting, or the kernel us."""

import contextlib
import os
from collections.abc import Iterator

import psutil

CROWD = 4  # more of its own that want a core at once than this keep a kernel waiting by themselves


def waited(pid: int) -> tuple[float, int]:
    """How many seconds the processes below ``pid``, and itself, have waited for a core so far, and
    how many of their threads want one now. Zeros where the system does not tell."""
    seconds, wanting = 0.0, 0
    for place in _threads(pid):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"{place}/schedstat", "rb") as file:
                seconds += int(file.read().split()[1]) / 1e9
            with open(f"{place}/stat", "rb") as file:
                wanting += file.read().rpartition(b")")[2].split()[0] == b"R"
    return seconds, wanting


def held_up(pid: int, before: float, seconds: float) -> bool:
    """Whether for a good part of the last ``seconds`` others had the cores that it wanted;
    ``before`` is what it had waited when they began."""
    now, wanting = waited(pid)
    return wanting <= CROWD and now - before > seconds / 4


def _threads(pid: int) -> Iterator[str]:
    with contextlib.suppress(psutil.Error, OSError):
        first = psutil.Process(pid)
        for process in [first, *first.children(recursive=True)]:
            with contextlib.suppress(OSError):
                for name in os.listdir(f"/proc/{process.pid}/task"):
                    yield f"/proc/{process.pid}/task/{name}"
