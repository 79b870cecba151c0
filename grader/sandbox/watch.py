"""Watches a kernel's processes from outside and ends them all when they take too much.

A fallback for machines without cgroups: about twenty times a second the memory and number of all
processes are added up. Resource limits alone don't do: they count each process for itself.
"""

import contextlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.sandbox.family import Family
from grader.sandbox.limits import Limits, Status

PERIOD_SECONDS = 0.05
IPC_BYTES = 2**20
IPC_FILES = 64


@dataclass(frozen=True)
class Verdict:
    """Why the watcher ended the kernel."""

    status: Status
    message: str


class Watch:
    """Samples the process tree below ``pid`` and the shared folder ``ipc`` until stopped.

    On the first limit crossed it calls ``kill`` and keeps the reason in ``verdict``. Numbers and
    memory are watched by a thread each: reading the memory of processes that fork all the time can
    take seconds, and a fork bomb must not be able to hide behind that.
    """

    def __init__(self, pid: int, ipc: Path, limits: Limits, kill: Callable[[], None]) -> None:
        self.verdict: Verdict | None = None
        self._pid, self._ipc, self._limits, self._kill = pid, ipc, limits, kill
        self._family: Family | None = None
        self._tree: list[psutil.Process] = []
        self._started = False
        self._stopped = threading.Event()
        self._deciding = threading.Lock()
        self._threads = [
            threading.Thread(target=self._loop, args=(judge,), name="sandbox-watch", daemon=True)
            for judge in (self._judge_numbers, self._judge_memory)
        ]

    def start(self) -> None:
        """Starts the threads, if they are not; they run until stopped, or the process is gone."""
        if not self._started:
            self._started = True
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """Ends the threads and waits for them."""
        self._stopped.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _loop(self, judge: Callable[[], Verdict | None]) -> None:
        while not self._stopped.wait(PERIOD_SECONDS):
            try:
                verdict = judge()
            except psutil.NoSuchProcess:
                return
            if verdict is not None:
                self._decide(verdict)
                return

    def _decide(self, verdict: Verdict) -> None:
        with self._deciding:
            self._stopped.set()
            if self.verdict is None:
                self.verdict = verdict
                self._kill()

    def _judge_numbers(self) -> Verdict | None:
        if self._family is None:
            self._family = Family(self._pid)
        self._tree = self._family.look()
        if len(self._tree) > self._limits.processes:
            allowed = self._limits.processes
            return Verdict(Status.killed, f"Ended: it started more than {allowed} processes.")
        if crowded(self._ipc):
            return Verdict(
                Status.killed, "Ended: it wrote into the folder of the kernel's sockets."
            )
        if unnamed_bytes(self._tree, self._ipc) > self._limits.file_bytes:
            return Verdict(Status.killed, "Ended: it keeps too much in files without a name.")
        return None

    def _judge_memory(self) -> Verdict | None:
        if memory_in_use(self._tree, self._limits.memory_bytes) <= self._limits.memory_bytes:
            return None
        allowed = f"{self._limits.memory_bytes / 2**30:.3g} GiB"
        return Verdict(Status.out_of_memory, f"Ended: it used more than {allowed} of memory.")


def memory_in_use(tree: list[psutil.Process], enough: int) -> int:
    """Resident bytes of all processes together.

    Pages that forked workers share are counted once, but finding that out is slow, so only where
    the plain sum is above ``enough``.
    """
    plain = sum(_resident(process) for process in tree)
    if plain <= enough or len(tree) == 1:
        return plain
    return sum(_proportional(process) for process in tree)


def crowded(ipc: Path) -> bool:
    """Whether the shared folder holds more than sockets and a connection file, or hides it."""
    total = 0
    try:
        with os.scandir(ipc) as entries:
            for count, entry in enumerate(entries, 1):
                info = entry.stat(follow_symlinks=False)
                total += info.st_size
                if count > IPC_FILES or total > IPC_BYTES or entry.is_dir(follow_symlinks=False):
                    return True
    except PermissionError:  # it is the student's own to lock
        return True
    except OSError:
        return False
    return False


def unnamed_bytes(tree: list[psutil.Process], ipc: Path) -> int:
    """Of files on the disk of ``ipc`` that were deleted and are still open: no folder shows them,
    and they would fill the disk for everybody."""
    found: dict[int, int] = {}
    with contextlib.suppress(OSError):
        disk = ipc.stat().st_dev
        for process in tree:
            for info in _open_files(process.pid):
                if info.st_dev == disk and not info.st_nlink and stat.S_ISREG(info.st_mode):
                    found[info.st_ino] = 512 * info.st_blocks
    return sum(found.values())


def _open_files(pid: int) -> Iterator[os.stat_result]:
    with contextlib.suppress(OSError):  # it is gone, or may not be looked into
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                yield os.stat(f"/proc/{pid}/fd/{number}")


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _proportional(process: psutil.Process) -> int:
    """Resident bytes, a page of n processes counted 1/n; plain where that cannot be read."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return _resident(process)
