"""Ends a kernel when all of its processes together take too much.

On Linux a process of its own watches (``warden.py``), one for each of the grader's: what a kernel
sends can keep the grader's own busy. Elsewhere, where only students check their own work, a thread
does so with psutil.
"""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from grader.messages.message import Message, say
from grader.sandbox.limits import Limits, Status

WARDEN = Path(__file__).with_name("warden.py")
PERIOD_SECONDS = 0.05
FORGET_SECONDS = 10


@dataclass(frozen=True)
class Verdict:
    """Why the kernel was ended."""

    status: Status
    said: Message


def verdict_of(crossed: str, limits: Limits) -> Verdict:
    """What is said of a limit that was crossed."""
    if crossed == "memory":
        said = say("sandbox.memory", gigabytes=limits.memory_bytes / 2**30)
        return Verdict(Status.out_of_memory, said)
    said = {
        "processes": say("sandbox.processes", most=limits.processes),
        "threads": say("sandbox.threads"),
        "sessions": say("sandbox.sessions"),
        "busy": say("sandbox.busy"),
    }[crossed]
    return Verdict(Status.killed, said)


class Watch:
    """Watches the processes below ``pid``, from ``start`` to ``stop``.

    On the first limit crossed they are ended, ``kill`` is called, and the reason is in ``verdict``.
    ``alone``: the others end with the first one. ``places`` are the kernel's scratch folders, as it
    sees them itself; what lies there takes memory.
    """

    def __init__(
        self,
        pid: int,
        limits: Limits,
        kill: Callable[[], None],
        *,
        alone: bool = False,
        places: Sequence[str] = (),
    ) -> None:
        self.verdict: Verdict | None = None
        self.pid, self.limits, self._kill = pid, limits, kill
        self.order = {
            "pid": pid,
            "alone": alone,
            "places": list(places),
            "memory": limits.memory_bytes,
            "processes": limits.processes,
        }
        self.forgotten = threading.Event()
        self._started = False
        self._ending: threading.Thread | None = None
        self._turn = threading.Lock()
        warden()  # it takes a moment to be there

    def start(self) -> None:
        """Begins to watch, if it does not do so already."""
        with self._turn:
            if not self._started:
                self._started = True
                warden().watch(self)

    def stop(self) -> None:
        """Ends it; the verdict, if there is one, is known then. May be called again."""
        with self._turn:
            if self._started and not self.forgotten.is_set():
                warden().forget(self)
        if self._ending is not None:
            self._ending.join()

    def decide(self, crossed: str) -> None:
        """A limit was crossed."""
        if self.verdict is None:
            self.verdict = verdict_of(crossed, self.limits)
            self._ending = threading.Thread(target=self._kill, name="sandbox-end")
            self._ending.start()


class Warden:
    """The process that watches, seen from the grader's. Should it end, another one goes on."""

    def __init__(self) -> None:
        self._watches: dict[int, Watch] = {}
        self._turn = threading.RLock()
        self._closed = False
        self._last = 0
        self._begin()

    def _begin(self) -> None:
        command = [sys.executable, "-I", "-S", "-c", WARDEN.read_text("utf-8")]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # which no Ctrl-C reaches, and has a share of the cores
        )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def watch(self, watch: Watch) -> None:
        with self._turn:
            self._last += 1
            self._watches[self._last] = watch
            self._tell(watch=self._last, **watch.order)

    def forget(self, watch: Watch) -> None:
        """Waits until all that it has found is known."""
        with self._turn:
            number = next((n for n, known in self._watches.items() if known is watch), None)
            if number is None:
                return
            self._tell(forget=number)
        watch.forgotten.wait(FORGET_SECONDS)
        with self._turn:
            self._watches.pop(number, None)

    def _tell(self, **order: Any) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it ended: the one who listens begins another one
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                said = json.loads(line)
                with self._turn:
                    watch = self._watches.get(said["id"])
                if watch is not None and "crossed" in said:
                    watch.decide(said["crossed"])
                elif watch is not None:
                    watch.forgotten.set()
        process.wait()
        with self._turn:
            if not self._closed:
                self._begin()
                for number, watch in self._watches.items():
                    self._tell(watch=number, **watch.order)

    def close(self) -> None:
        """Ends it."""
        with self._turn:
            self._closed = True
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()


class Thread:
    """The same where there is no /proc: numbers and memory alone, by psutil."""

    def watch(self, watch: Watch) -> None:
        threading.Thread(target=self._look, args=(watch,), daemon=True).start()

    def forget(self, watch: Watch) -> None:
        watch.forgotten.set()

    def _look(self, watch: Watch) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(watch.pid)
            while watch.verdict is None and not watch.forgotten.wait(PERIOD_SECONDS):
                family = [root, *root.children(recursive=True)]
                if len(family) > watch.limits.processes:
                    watch.decide("processes")
                elif sum(map(resident, family)) > watch.limits.memory_bytes:
                    watch.decide("memory")


def resident(process: psutil.Process) -> int:
    """Its resident bytes; 0 if it is gone."""
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


_WARDENS: dict[int, Warden | Thread] = {}
_TURN = threading.Lock()


def warden() -> Warden | Thread:
    """This process's, started where there is none."""
    with _TURN:
        known = _WARDENS.get(os.getpid())
        if known is None:
            known = Warden() if sys.platform == "linux" else Thread()
            _WARDENS[os.getpid()] = known
            if isinstance(known, Warden):
                atexit.register(known.close)
        return known
