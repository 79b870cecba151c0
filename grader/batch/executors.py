"""Where jobs run: processes of this machine, or another source of executors.

A backend hands out ``concurrent.futures`` executors; ``dispatch`` asks nothing else of it.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from multiprocessing import connection
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from grader.errors import GraderError

TRIES = 3
LEAVE_SECONDS = 5.0

Job = TypeVar("Job", bound=Hashable)
Answer = TypeVar("Answer")


class Backend(Protocol):
    """A source of executors. ``lost`` are the errors of a job whose worker or connection ended,
    ``hopeless`` those of one that the executor has tried often enough, in company, by itself."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]: ...
    @property
    def hopeless(self) -> tuple[type[BaseException], ...]: ...
    @property
    def width(self) -> int:
        """How many jobs may be under way."""
        ...

    def start(self) -> Executor:
        """A new executor. Raises ``GraderError`` if none can be had."""
        ...

    def stop(self, *, now: bool) -> None:
        """Ends the executor; ``now`` ends what is under way, too."""
        ...


def dispatch(
    jobs: Iterable[Job], work: Callable[[Job], Answer], backend: Backend
) -> Iterator[tuple[Job, Answer | None]]:
    """Every job with its answer, as they end; None for a job that ended its worker every time.

    When a worker dies nobody knows whose fault it was: all that were under way are tried again, one
    at a time, so that a job that ends its worker harms no other. A job is given up after
    ``TRIES`` tries alone. Raises ``GraderError`` where a job or the backend does.
    """
    return _Dispatch(jobs, work, backend).run()


class _Dispatch(Generic[Job, Answer]):
    def __init__(
        self, jobs: Iterable[Job], work: Callable[[Job], Answer], backend: Backend
    ) -> None:
        self.fresh, self.work, self.backend = iter(jobs), work, backend
        self.suspects: deque[Job] = deque()
        self.tries: Counter[Job] = Counter()
        self.running: dict[Future[Answer], Job] = {}
        self.alone = False

    def run(self) -> Iterator[tuple[Job, Answer | None]]:
        finished = False
        try:
            executor = self.backend.start()
            while self.fill(executor):
                lost: list[Job] = []
                for future in wait(self.running, return_when=FIRST_COMPLETED).done:
                    job = self.running.pop(future)
                    try:
                        answer = future.result()
                    except self.backend.hopeless:
                        if self.alone:
                            yield job, None
                        else:  # it may only have waited at the worker that another job ended
                            self.suspects.append(job)
                    except self.backend.lost:
                        lost.append(job)
                    except GraderError:
                        raise
                    except Exception as error:  # such as a worker without this grader installed
                        what = f"{type(error).__name__}: {error}"
                        raise GraderError(f"A worker cannot do its work ({what}).") from error
                    else:
                        yield job, answer
                if lost:
                    for job in self.give_up([*lost, *self.running.values()]):
                        yield job, None
                    self.backend.stop(now=True)
                    executor = self.backend.start()
            finished = True
        finally:
            self.backend.stop(now=not finished)

    def fill(self, executor: Executor) -> bool:
        """Starts what there is room for, a suspect only alone; whether anything is under way."""
        if not self.running:
            self.alone = bool(self.suspects)
        width = 1 if self.alone else self.backend.width
        while len(self.running) < width:
            job = self.suspects.popleft() if self.alone else next(self.fresh, None)
            if job is None:
                break
            try:
                future = executor.submit(self.work, job)
            except self.backend.lost as error:  # it broke since the last answer
                future = Future()
                future.set_exception(error)
            self.running[future] = job
        return bool(self.running)

    def give_up(self, lost: list[Job]) -> list[Job]:
        """What of the lost has had its tries; all else is suspect from now on."""
        self.running.clear()
        if self.alone:
            self.tries[lost[0]] += 1
            if self.tries[lost[0]] >= TRIES:
                return lost
        self.suspects.extendleft(reversed(lost))
        return []


class Local:
    """Processes of this machine. They start afresh, so that this one need not have torch; what they
    put aside goes below ``scratch``."""

    lost: tuple[type[BaseException], ...] = (BrokenExecutor,)
    hopeless: tuple[type[BaseException], ...] = ()

    def __init__(self, jobs: int, scratch: Path) -> None:
        self._jobs, self._scratch = jobs, scratch
        self._pool: ProcessPoolExecutor | None = None

    @property
    def width(self) -> int:
        return self._jobs

    def start(self) -> ProcessPoolExecutor:
        threads = max(1, (os.cpu_count() or 1) // self._jobs)
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, str(threads))
        context = multiprocessing.get_context("spawn")
        self._others = set(multiprocessing.active_children())
        self._pool = ProcessPoolExecutor(self._jobs, context, settle_in, (str(self._scratch),))
        return self._pool

    def stop(self, *, now: bool) -> None:
        if self._pool is None:
            return
        if now:
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None


def settle_in(scratch: str) -> None:
    """In a worker: Ctrl-C is the parent's affair, and the parent's end is the worker's."""
    tempfile.tempdir = scratch
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, leave)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            connection.wait([sentinel])
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=watch, daemon=True, name="parent watch").start()


def leave(number: int, frame: object) -> None:
    """Ends this worker once what is under way has cleaned up; the pool would keep it otherwise."""
    timer = threading.Timer(LEAVE_SECONDS, os._exit, (1,))
    timer.daemon = True
    timer.start()
    sys.exit(1)
