"""Work that is done beside the main thread, soon after something changed."""

import threading
from collections.abc import Callable
from typing import Self


class Beside:
    """A context in which a thread does ``work`` after each call of ``changed``, and never twice at
    once; calls that come meanwhile are one.

    ``wait`` is how many seconds after the call it begins. ``work`` returns how many seconds it then
    rests, or None to end the thread. When the context ends, nothing more is begun.
    """

    def __init__(self, work: Callable[[], float | None], *, wait: float = 0.0) -> None:
        self._work, self._wait = work, wait
        self._changed, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="beside", daemon=True)

    def changed(self) -> None:
        self._changed.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._over.set()
        self._changed.set()
        self._thread.join()

    def _run(self) -> None:
        rest: float | None = 0.0
        while rest is not None:
            self._over.wait(rest)
            self._changed.wait()
            if self._over.wait(self._wait):
                return
            self._changed.clear()
            rest = self._work()
