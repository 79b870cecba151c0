"""Watches a kernel's processes from outside and ends them all when they take too much.

A fallback for machines without cgroups: about twenty times a second the memory and number of all
processes are added up. Resource limits alone don't do: they count each process for itself.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.sandbox.limits import Limits, Status

PERIOD_SECONDS = 0.05
IPC_BYTES = 2**20
IPC_FILES = 64


@dataclass(frozen=True)
class Verdict:
    """Why the watcher ended the kernel."""

    status: Status
    message: str


class Watch(threading.Thread):
    """Samples the process tree below ``pid`` and the shared folder ``ipc`` until stopped.

    On the first limit crossed it calls ``kill`` and keeps the reason in ``verdict``.
    """

    def __init__(self, pid: int, ipc: Path, limits: Limits, kill: Callable[[], None]) -> None:
        super().__init__(name="sandbox-watch", daemon=True)
        self.verdict: Verdict | None = None
        self.peak_bytes = 0
        self._pid, self._ipc, self._limits, self._kill = pid, ipc, limits, kill
        self._stopped = threading.Event()

    def run(self) -> None:
        """Until ``stop`` is called, a limit is crossed or the process is gone."""
        while not self._stopped.wait(PERIOD_SECONDS):
            try:
                root = psutil.Process(self._pid)
                tree = [root, *root.children(recursive=True)]
            except psutil.Error:
                return
            self.verdict = self._judge(tree)
            if self.verdict is not None:
                self._kill()
                return

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._stopped.set()
        if self.is_alive():
            self.join()

    def _judge(self, tree: list[psutil.Process]) -> Verdict | None:
        limits = self._limits
        if len(tree) > limits.processes:
            return Verdict(
                Status.killed, f"Ended: it started more than {limits.processes} processes."
            )
        used = memory_in_use(tree, limits.memory_bytes)
        self.peak_bytes = max(self.peak_bytes, used)
        if used > limits.memory_bytes:
            allowed = f"{limits.memory_bytes / 2**30:.3g} GiB"
            return Verdict(Status.out_of_memory, f"Ended: it used more than {allowed} of memory.")
        if crowded(self._ipc):
            return Verdict(
                Status.killed, "Ended: it wrote into the folder of the kernel's sockets."
            )
        return None


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
    """Whether the shared folder holds more than sockets and a connection file."""
    total = 0
    try:
        with os.scandir(ipc) as entries:
            for count, entry in enumerate(entries, 1):
                info = entry.stat(follow_symlinks=False)
                total += info.st_size
                if count > IPC_FILES or total > IPC_BYTES or entry.is_dir(follow_symlinks=False):
                    return True
    except OSError:
        return False
    return False


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
