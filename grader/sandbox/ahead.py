"""Warm kernels started ahead of need, for runs of many submissions.

A kernel knows nothing of a submission before it is taken, and none is used twice. It equals a
kernel that starts when it is needed, without the wait.
"""

import threading
from collections import deque
from collections.abc import Sequence
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
IMPORTING = """
def _import():
    import contextlib, importlib
    for name in {}:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
_import()
del _import
"""
RESERVE = 2  # a submission may want two kernels at once


class Ahead:
    """A sandbox with started kernels in reserve; a context manager, for any number of threads.

    Kernels that start cold inside bubblewrap are not kept ahead: it ends them with the thread that
    started them. Those without walls are, where ``imports`` says what they import meanwhile. To
    start them takes long, so that they are replaced by ``fill`` only, when the cores are idle.
    """

    def __init__(
        self, sandbox: Sandbox, limits: Limits, seed: int, imports: Sequence[str] = ()
    ) -> None:
        self.sandbox, self.limits, self.seed, self.imports = sandbox, limits, seed, imports
        self._forks = isinstance(sandbox, WarmBubblewrap)
        self._starter = ThreadPoolExecutor(1, "kernel-ahead")
        self._turn = threading.Lock()
        self._reserve: deque[Future[Kernel]] = deque()

    def __enter__(self) -> Self:
        keep_freed_memory()
        self.fill()
        return self

    def fill(self) -> None:
        """Begins to start what the reserve lacks."""
        if self._forks or self.imports:
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
        return start_kernel(self.sandbox, limits, seed, self.imports)

    def end(self, kernel: Kernel) -> None:
        """Ends the kernel, without waiting for it if it may have been in reserve."""
        if self._forks or self.imports:
            self._starter.submit(kernel.close)
        else:
            kernel.close()

    def _next(self) -> Future[Kernel] | None:
        """The kernel that waits longest, if there is one; a fork begins to take its place."""
        with self._turn:
            if not self._reserve:
                return None
            if self._forks:
                self._start_one()
            return self._reserve.popleft()

    def _start_one(self) -> None:
        given = self.sandbox, self.limits, self.seed, self.imports
        one = self._starter.submit(start_kernel, *given)
        self._reserve.append(one)


def end_kernel(sandbox: Sandbox, kernel: Kernel) -> None:
    """Ends a kernel; in runs of many, while the next submission begins."""
    if isinstance(sandbox, Ahead):
        sandbox.end(kernel)
    else:
        kernel.close()


def start_kernel(
    sandbox: Sandbox, limits: Limits, seed: int, imports: Sequence[str] = ()
) -> Kernel:
    """A new kernel that has imported these modules, if they are there, and run the prelude. Raises
    ``InfraError`` with the reason when none comes up."""
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
        if imports:
            kernel.run(IMPORTING.format(list(imports)), PRELUDE_SECONDS, ours=True)
        kernel.run(prelude_source(path), PRELUDE_SECONDS, ours=True)
        kernel.take_back("prelude")
    except (CellRaisedError, KernelGoneError, OSError) as error:
        kernel.close()
        raise InfraError(say("sandbox.not_prepared", error=one_line(str(error)))) from error
    return kernel
