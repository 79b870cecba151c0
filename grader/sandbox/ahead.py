"""Warm kernels started ahead of need, for runs of many submissions.

A kernel knows nothing of a submission before it is taken, and none is used twice. It equals a
kernel that starts when it is needed, without the wait.
"""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from grader.memory import keep_freed_memory
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits
from grader.sandbox.starting import Starter

RESERVE = 2  # a submission may want two kernels at once


class Ahead:
    """A sandbox with started kernels in reserve; a context manager, for any number of threads.

    Kernels that start cold inside bubblewrap are not kept ahead: it ends them with the thread that
    started them. Those without walls are, where ``imports`` says what they import meanwhile. To
    start them takes long, so that they are replaced by ``fill`` only, when the cores are idle.
    """

    def __init__(
        self, sandbox: Starter, limits: Limits, seed: int, imports: Sequence[str] = ()
    ) -> None:
        self.sandbox, self.limits, self.seed, self.imports = sandbox, limits, seed, imports
        self._starter = ThreadPoolExecutor(1, "kernel-ahead")
        self._turn = threading.Lock()
        self._reserve: deque[Future[Kernel]] = deque()

    def __enter__(self) -> Self:
        keep_freed_memory()
        self.fill()
        return self

    def fill(self) -> None:
        """Begins to start what the reserve lacks."""
        if self.sandbox.forks or self.imports:
            for _ in range(RESERVE - len(self._reserve)):
                self._start_one()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._starter.shutdown()
        for waiting in self._reserve:
            if waiting.exception() is None:
                waiting.result().close()

    @property
    def name(self) -> str:
        """That of the sandbox within."""
        return self.sandbox.name

    def start_kernel(self, limits: Limits, seed: int) -> Kernel:
        """A started kernel, one of those in reserve if they have these limits and it came up.

        Raises ``InfraError`` if none can be had.
        """
        waiting = self._next() if (limits, seed) == (self.limits, self.seed) else None
        if waiting is not None and waiting.exception() is None:
            kernel = waiting.result()
            if kernel.alive:
                return kernel
            kernel.close()
        return self.sandbox.start_kernel(limits, seed, self.imports)

    def end_kernel(self, kernel: Kernel) -> None:
        """Ends the kernel, without waiting for it if it may have been in reserve."""
        if self.sandbox.forks or self.imports:
            self._starter.submit(kernel.close)
        else:
            kernel.close()

    def _next(self) -> Future[Kernel] | None:
        """The kernel that waits longest, if there is one; a fork begins to take its place."""
        with self._turn:
            if not self._reserve:
                return None
            if self.sandbox.forks:
                self._start_one()
            return self._reserve.popleft()

    def _start_one(self) -> None:
        given = self.limits, self.seed, self.imports
        one = self._starter.submit(self.sandbox.start_kernel, *given)
        self._reserve.append(one)
