"""Warm kernels started ahead of need, for runs of many submissions.

A kernel knows nothing of a submission before it is taken, and none is used twice. It equals a
kernel that starts when it is needed, without the wait.
"""

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.messages.message import say
from grader.sandbox.client import ANSWER
from grader.sandbox.kernel import CellRaisedError, Kernel, KernelGoneError
from grader.sandbox.launch import Launch, Sandbox
from grader.sandbox.limits import InfraError, Limits
from grader.sandbox.memory import keep_freed_memory
from grader.sandbox.seeds import derived
from grader.sandbox.sources import prelude_file, prelude_source
from grader.sandbox.text import one_line
from grader.sandbox.warm import WarmBubblewrap

PRELUDE_SECONDS = 120
RESERVE = 2  # a submission may want two kernels at once


class Ahead:
    """A sandbox with started kernels in reserve; a context manager, for any number of threads.

    Kernels that start cold are not kept ahead: bubblewrap ends them with the thread that started
    them.
    """

    def __init__(self, sandbox: Sandbox, limits: Limits, seed: int) -> None:
        self.sandbox, self.limits, self.seed = sandbox, limits, seed
        self._starter = ThreadPoolExecutor(1, "kernel-ahead")
        self._turn = threading.Lock()
        self._reserve: deque[Future[Kernel]] = deque()

    def __enter__(self) -> Self:
        keep_freed_memory()
        if isinstance(self.sandbox, WarmBubblewrap):
            for _ in range(RESERVE):
                self._start_one()
        return self

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

    def launch(self, command: list[str], folder: Path, limits: Limits) -> Launch:
        """As the sandbox within."""
        return self.sandbox.launch(command, folder, limits)

    def take(self, limits: Limits, seed: int) -> Kernel:
        """A started kernel, one of those in reserve if they have these limits and it came up.

        Raises ``InfraError`` if none can be had.
        """
        waiting = self._next() if (limits, seed) == (self.limits, self.seed) else None
        if waiting is not None and waiting.exception() is None:
            kernel = waiting.result()
            if kernel.alive:
                return kernel
            kernel.close()
        return start_kernel(self.sandbox, limits, seed)

    def end(self, kernel: Kernel) -> None:
        """Ends the kernel without waiting for it, if it is a warm one."""
        if isinstance(self.sandbox, WarmBubblewrap):
            self._starter.submit(kernel.close)
        else:
            kernel.close()

    def _next(self) -> Future[Kernel] | None:
        """The kernel that waits longest, if kernels are kept; another one begins to start."""
        with self._turn:
            if not self._reserve:
                return None
            self._start_one()
            return self._reserve.popleft()

    def _start_one(self) -> None:
        one = self._starter.submit(start_kernel, self.sandbox, self.limits, self.seed)
        self._reserve.append(one)


def end_kernel(sandbox: Sandbox, kernel: Kernel) -> None:
    """Ends a kernel; in runs of many, while the next submission begins."""
    if isinstance(sandbox, Ahead):
        sandbox.end(kernel)
    else:
        kernel.close()


def start_kernel(sandbox: Sandbox, limits: Limits, seed: int) -> Kernel:
    """A new kernel that has run the prelude. Raises ``InfraError`` with the reason when none comes
    up."""
    if isinstance(sandbox, Ahead):
        return sandbox.take(limits, seed)
    kernel = Kernel(sandbox, limits)
    kernel.start()
    try:
        known = {
            "key": kernel.key.hex(),
            "seed": derived(seed, "statements"),
            "output_bytes": limits.output_bytes,
            "hidden": list(limits.hidden),
            "answer_type": ANSWER,
            "given": kernel.given,
        }
        path = kernel.give(prelude_file(known), "prelude")
        kernel.run(prelude_source(path), PRELUDE_SECONDS, ours=True)
        kernel.take_back("prelude")
    except (CellRaisedError, KernelGoneError, OSError) as error:
        kernel.close()
        raise InfraError(say("sandbox.not_prepared", error=one_line(str(error)))) from error
    return kernel
