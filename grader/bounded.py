"""Reads a student's bytes outside the sandbox, in a child process with limits.

``bounded(work, ...)`` has a helper fork a child for the call: the helper has the modules imported
and does nothing else, so that a fork of it is as good as a new process. Nothing of the student's
runs in the child, which only reads. If that takes too long, needs too much memory or ends the
child, the caller gets ``TooMuch``. Nothing else is affected. ``one_child`` has the same child do
all that is read of a submission, until something goes wrong.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import math
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ParamSpec, TypeVar

from grader.errors import GraderError
from grader.memory import collapse_pages
from grader.messages.message import say

try:
    import resource
except ImportError:  # Windows, where only students check their own work
    resource = None  # type: ignore[assignment]  # mypy takes the name for a module only

SECONDS = 10  # of the processor's time, for one call
SLOWEST = 8  # seconds of the clock for each of these, before a machine is not busy but stuck
BYTES_A_SECOND = 16 * 2**20  # that are read at least; honest archives are read ten times as fast
MEMORY = 768 * 2**20  # bytes beyond what the helper has
ANSWER = 192 * 2**20  # bytes of an answer

NESTED, LARGE = say("read.too_deep"), say("read.no_memory")

PRELOADED = (
    *("grader.intake", "grader.digits.pictures", "grader.text_to_image.sources"),
    *("grader.batch.code", "grader.batch.prints"),
)
LOOKED_UP = (  # once for all children: what does not depend on the submission
    ("grader.text_to_image.works", "example_prompts"),
    ("grader.text_to_image.works", "given_texts"),
)
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
_START += "from grader.bounded import serve; serve(int(sys.argv[1]))"
_SIZE = struct.Struct("<Q")
_PR_SET_PDEATHSIG = 1

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class TooMuch(GraderError):
    """The text says of the student's work why it was not read, as a part of a sentence."""


def seconds_for(size: int) -> int:
    """What reading so many bytes may take."""
    return SECONDS + size // BYTES_A_SECOND


def bounded(work: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs) -> Answer:
    """What ``work`` gives, which is done in a child; see ``bounded_for``."""
    return bounded_for(SECONDS, work, *given, **named)


def bounded_for(
    seconds: int, work: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs
) -> Answer:
    """The same with so many seconds of the processor's time.

    ``work`` is a function of a module; what it is given and gives is pickled. Raises what ``work``
    raises, ``TooMuch``, and ``GraderError`` where no child can be had.
    """
    if _in_this_process or sys.platform != "linux":
        return directly(work, *given, **named)
    request = pickle.dumps((seconds, work, given, named))
    for last in (False, True):
        began = time.monotonic()
        child = _kept.child or _helper().fork()
        _kept.child = None
        answer = child.asked(request)
        if answer is not None:
            break
        if time.monotonic() - began >= seconds:
            raise TooMuch(say("read.too_slow", seconds=seconds))
        if last:  # it was not for want of time, and not by chance
            raise TooMuch(say("read.ended"))
    assert answer is not None
    value, error = pickle.loads(answer)  # our own child's, in which no student's code runs
    if error is not None:
        child.end()
        raise error
    if _kept.wanted:
        _kept.child = child
    else:
        child.end()
    result: Answer = value
    return result


@contextlib.contextmanager
def one_child() -> Iterator[None]:
    """Meanwhile this thread's calls, which are about one submission, are done by one child."""
    before, _kept.wanted = _kept.wanted, True
    try:
        yield
    finally:
        _kept.wanted = before
        if not before and _kept.child is not None:
            _kept.child.end()
            _kept.child = None


def directly(work: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs) -> Answer:
    """The same without a child and its limits."""
    try:
        return work(*given, **named)
    except RecursionError:
        raise TooMuch(NESTED) from None
    except MemoryError:
        raise TooMuch(LARGE) from None


_in_this_process = False


@contextlib.contextmanager
def in_this_process() -> Iterator[None]:
    """Meanwhile no child is made: for students who check their own work."""
    global _in_this_process  # noqa: PLW0603  # it holds for the process, whichever thread reads
    before, _in_this_process = _in_this_process, True
    try:
        yield
    finally:
        _in_this_process = before


# --- the helper, as this process sees it ----------------------------------------------------------

_helpers: dict[int, "_Helper"] = {}  # by process, as a fork inherits what is not its own
_starting = threading.Lock()


def prepare() -> None:
    """Starts this process's helper, if it is not: it takes a second to be ready."""
    if sys.platform == "linux" and not _in_this_process:
        _helper()


def _helper() -> "_Helper":
    with _starting:
        found = _helpers.get(os.getpid())
        if found is None or not found.alive:
            found = _helpers[os.getpid()] = _Helper()
        return found


class _Helper:
    """The process that forks."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        with theirs:
            command = [sys.executable, "-c", _START, str(theirs.fileno()), json.dumps(sys.path)]
            self._process = subprocess.Popen(
                command,
                env=os.environ | one_thread,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is this process's affair
            )
        atexit.register(self._close, os.getpid())

    def _close(self, owner: int) -> None:
        if os.getpid() == owner:
            self._control.close()  # which ends it
            self._process.wait()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def fork(self) -> "_Child":
        """A new child. Raises ``GraderError``."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            except OSError as error:
                ours.close()
                text = f"The process that reads submissions cannot be had ({error.strerror})."
                raise GraderError(text) from None
        return _Child(ours)


class _Child:
    """The process that reads."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def asked(self, request: bytes) -> bytes | None:
        """Its answer; None if it ended without one."""
        answer = None
        with contextlib.suppress(OSError):
            self._link.sendall(_SIZE.pack(len(request)) + request)
            answer = _received(self._link)
        if answer is None:
            self.end()
        return answer

    def end(self) -> None:
        self._link.close()  # which ends it


class _Kept(threading.local):
    """A thread's child, between two of its calls."""

    wanted = False
    child: _Child | None = None


_kept = _Kept()


def _received(link: socket.socket) -> bytes | None:
    """One message; None if the other side has ended."""
    head = _exactly(link, _SIZE.size)
    return _exactly(link, *_SIZE.unpack(head)) if head is not None else None


def _exactly(link: socket.socket, size: int) -> bytes | None:
    found = bytearray(size)
    view = memoryview(found)
    while view:
        count = link.recv_into(view)
        if not count:
            return None
        view = view[count:]
    return bytes(found)


# --- the helper, and its children -----------------------------------------------------------------


def serve(control: int) -> None:
    """Forks a child for every socket that comes, until its parent is gone."""
    for name in PRELOADED:
        importlib.import_module(name)
    for name, cached in LOOKED_UP:
        getattr(importlib.import_module(name), cached)()
    gc.freeze()  # a child's collections leave alone, and so share, what was there before it
    collapse_pages()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    with socket.socket(fileno=control) as requests:
        while True:
            message, numbers, _, _ = socket.recv_fds(requests, 16, 1)
            if not message:
                return
            with socket.socket(fileno=numbers[0]) as link:
                if not os.fork():
                    _be_child(link)


def _be_child(link: socket.socket) -> None:
    """Answers requests until there are no more."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # with the helper, at once
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        while (request := _received(link)) is not None:
            seconds, work, given, named = pickle.loads(request)
            del request
            _limit(seconds)
            answer = _answer(partial(work, *given, **named))
            signal.setitimer(signal.ITIMER_REAL, 0)
            link.sendall(_SIZE.pack(len(answer)) + answer)
            del work, given, named, answer
    finally:
        os._exit(0)


def _limit(seconds: int) -> None:
    """Ends this process, from outside of Python, when the time of a request is up; memory is
    refused."""
    signal.setitimer(signal.ITIMER_REAL, SLOWEST * seconds)
    _set_soft(resource.RLIMIT_CPU, math.ceil(time.process_time()) + seconds)
    _set_soft(resource.RLIMIT_DATA, _data_bytes() + MEMORY)


def _set_soft(limit: int, value: int) -> None:
    """Nothing runs here that could raise it again, and the next request must."""
    hard = resource.getrlimit(limit)[1]
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (most, hard))


def _data_bytes() -> int:
    """What counts as this process's data now."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmData:"))


def _answer(work: Callable[[], Any]) -> bytes:
    """Value and error, pickled; one of them is None."""
    error: Exception
    try:
        answer = pickle.dumps((directly(work), None), pickle.HIGHEST_PROTOCOL)
        if len(answer) <= ANSWER:
            return answer
        error = TooMuch(LARGE)
    except MemoryError:  # of pickling it, as below
        error = TooMuch(LARGE)
    except RecursionError:
        error = TooMuch(NESTED)
    except Exception as raised:
        error = raised
    try:
        return pickle.dumps((None, error))
    except Exception:  # an error that holds what cannot be sent
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
