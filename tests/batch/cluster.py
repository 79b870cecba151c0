"""A Dask scheduler and its workers, each a process of its own that a test may kill."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALLOWED_FAILURES = "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"


class Cluster:
    """``workers`` and ``scheduler`` are running; a killed worker's nanny starts another one."""

    def __init__(self, workers: int, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = str(probe.getsockname()[1])
        self._options = options
        self.address = f"tcp://127.0.0.1:{self._port}"
        self.scheduler = self._scheduler()
        self.workers = [self._worker() for _ in range(workers)]

    def kill_worker(self) -> None:
        """The first one; nobody replaces it."""
        kill(self.workers.pop(0))

    def restart_scheduler(self) -> None:
        """Its workers end with it, and come back as a cluster's manager would have them."""
        kill(self.scheduler)
        count = len(self.workers)
        self.scheduler = self._scheduler()
        self.workers += [self._worker() for _ in range(count)]

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            kill(process)

    def _scheduler(self) -> "subprocess.Popen[bytes]":
        return _start("scheduler", "--host", "127.0.0.1", "--port", self._port)

    def _worker(self) -> "subprocess.Popen[bytes]":
        options = ("--nthreads", "1", "--memory-limit", "0", *self._options)
        return _start("worker", self.address, *options)


def _start(module: str, *options: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{module}", *options, "--no-dashboard"],
        cwd=ROOT,
        env={**os.environ, ALLOWED_FAILURES: "2"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Outright, with its nanny's worker."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def cluster(workers: int, *options: str) -> Iterator[Cluster]:
    """Runs while the block does."""
    running = Cluster(workers, *options)
    try:
        yield running
    finally:
        running.close()
