"""Warm kernels: forks of a parent that has imported torch, each behind walls of its own.

The parent lives inside bubblewrap (``nursery.py``), one for each process of the grader's. A
fork may see and do no more than a cold kernel: the walls of bubblewrap surround both.
"""

import array
import asyncio
import atexit
import contextlib
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Any as AnyTrait

from grader.errors import SandboxUnavailable
from grader.messages.message import say
from grader.paths import PACKAGE
from grader.sandbox import syscalls
from grader.sandbox.bubblewrap import (
    HOST_ENVIRONMENT,
    Bubblewrap,
    closed,
    inner_request,
    kernels_own,
    text_of,
)
from grader.sandbox.launch import Launch
from grader.sandbox.limits import InfraError, Limits
from grader.sandbox.starting import Starter
from grader.scratch import remove, scratch_for_sockets

logger = logging.getLogger(__name__)

NURSERY, MEMORY = Path(__file__).with_name("nursery.py"), PACKAGE / "memory.py"
TRIAL_SECONDS = 30
IMPORT_SECONDS = 120
FORK_SECONDS = 30
PARENT_SECONDS = 0.2
MESSAGE_BYTES = 4096
COVER_BYTES = 2**16  # for the folders to mount on


class Nursery:
    """One warm parent, for all threads. Raises ``SandboxUnavailable`` if there can be none here."""

    def __init__(self, wrap: Bubblewrap) -> None:
        self._filter = syscalls.program()
        self.base = Path(tempfile.mkdtemp(prefix="w", dir=scratch_for_sockets()))
        self.wrap, self._warm = wrap, False
        self._control, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for name in ("ipc", "given"):
            (self.base / name).mkdir()
        trial = self._request(self.base, [], Limits())
        walls = [str(wrap.program), *replace(wrap, no_nesting=False).walls(Limits())]
        walls += ["--bind", str(self.base), str(self.base)]
        walls += [*closed(), "--chdir", "/"]
        text = text_of(MEMORY, NURSERY)
        number = inside.fileno()
        command = [sys.executable, "-c", text, str(number), json.dumps(trial)]
        self._process = in_lasting_thread(
            lambda: subprocess.Popen(
                [*walls, "--", *command],
                env=HOST_ENVIRONMENT,
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        inside.close()
        self._turn = threading.Lock()
        try:
            self._expect("nested", TRIAL_SECONDS)
        except InfraError as error:
            self.close()
            raise SandboxUnavailable(str(error)) from None

    def fork(self, folder: Path, argv: list[str], limits: Limits) -> "Forked":
        """A new kernel whose first process is alive. Raises ``InfraError`` with the reason."""
        with self._turn:
            if not self._warm:
                self._expect("warm", IMPORT_SECONDS)
                self._warm = True
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        ours.settimeout(FORK_SECONDS)
        message = json.dumps(self._request(folder, argv, limits)).encode()
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))
        try:
            self._control.sendmsg([message], [rights])
            theirs.close()
            said, extra, _, _ = ours.recvmsg(MESSAGE_BYTES, socket.CMSG_SPACE(12))
        except OSError as error:
            ours.close()
            raise InfraError(say("sandbox.parent_silent", error=str(error))) from error
        if said != b"started":
            ours.close()
            why = said.decode("utf-8", "replace")[:300]
            raise InfraError(say("sandbox.fork_refused", reason=why))
        (pid,) = [
            struct.unpack("iII", data)[0] for _, kind, data in extra if kind == SCM_CREDENTIALS
        ]
        return Forked(pid, ours, self)

    def _request(self, folder: Path, argv: list[str], limits: Limits) -> dict[str, Any]:
        request = inner_request(folder, limits, self._filter)
        request["tmpfs"] |= {str(self.base): COVER_BYTES}  # which may not lie below /tmp
        return {"argv": argv, **request}

    def _expect(self, word: str, seconds: float) -> None:
        self._control.settimeout(seconds)
        try:
            said = self._control.recv(MESSAGE_BYTES).decode("utf-8", "replace")
        except OSError as error:
            raise InfraError(say("sandbox.parent_silent", error=str(error))) from error
        if said != word:
            raise InfraError(say("sandbox.no_parent", reason=said or say("sandbox.it_ended")))

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self, seconds: float) -> None:
        """Until it has ended. Raises ``subprocess.TimeoutExpired``."""
        self._process.wait(seconds)

    def close(self) -> None:
        """Ends the parent and all of its forks."""
        self._control.close()
        self._process.kill()
        self._process.wait()
        remove(self.base)


SCM_CREDENTIALS = 2

T = TypeVar("T")


def in_lasting_thread(make: Callable[[], T]) -> T:
    """``make()``, called by a thread that lasts: bubblewrap ends with the thread that starts it."""
    made: Future[T] = Future()

    def run() -> None:
        try:
            made.set_result(make())
        except BaseException as error:
            made.set_exception(error)
        threading.Event().wait()

    threading.Thread(target=run, daemon=True, name="warm parent").start()
    return made.result()


class Forked:
    """The first process of a submission, seen from outside; all others end with it."""

    def __init__(self, pid: int, lifeline: socket.socket, nursery: Nursery) -> None:
        self.pid, self._lifeline, self._nursery = pid, lifeline, nursery
        self._lifeline.setblocking(False)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """None while it lives. The lifeline, not the number, tells: numbers are used again."""
        if self.returncode is None:
            try:
                ended = self._lifeline.recv(1) == b""
            except BlockingIOError:
                ended = False
            except OSError:
                ended = True
            if ended:
                self.returncode = 0
                self._lifeline.close()
        return self.returncode

    def blame(self) -> None:
        """Raises ``InfraError`` if it is the warm parent that ended: its forks end a moment before
        that is known."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._nursery.wait(PARENT_SECONDS)
            raise InfraError(say("sandbox.parent_ended"))

    def kill(self) -> None:
        """Ends the namespace and waits until it is gone."""
        deadline = time.monotonic() + FORK_SECONDS
        while self.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.002)


@dataclass(frozen=True)
class WarmBubblewrap(Starter):
    """Bubblewrap with a warm parent; ``cold`` are the walls round that parent."""

    cold: Bubblewrap
    name: str = "bubblewrap"
    forks = True

    def launch(self, command: list[str], folder: Path, limits: Limits) -> Launch:
        """A cold start of ``command``; kernels are forked by the provisioner instead."""
        return self.cold.launch(command, folder, limits)

    @property
    def base(self) -> Path:
        """What the warm parent can hand on lies there."""
        return self.nursery.base

    @property
    def provisioner(self) -> type:
        """Has the warm parent fork."""
        return WarmProvisioner

    @property
    def nursery(self) -> Nursery:
        """This process's warm parent, started where there is none."""
        with _TURN:
            nursery = _NURSERIES.get(os.getpid())
            if nursery is None or not nursery.alive:
                nursery = _NURSERIES[os.getpid()] = Nursery(self.cold)
                atexit.register(nursery.close)
            return nursery


_NURSERIES: dict[int, Nursery] = {}
_TURN = threading.Lock()


@cache
def find(cold: Bubblewrap) -> WarmBubblewrap | None:
    """Warm kernels behind the walls of ``cold``; None, and a warning, where they cannot be had."""
    warm = WarmBubblewrap(cold)
    try:
        warm.nursery  # noqa: B018 - starts to import while the submission is unpacked
    except SandboxUnavailable as error:
        logger.warning("Kernels start cold, which takes longer: %s", error)
        return None
    return warm


class WarmProvisioner(KernelProvisionerBase):
    """Has a warm parent fork the kernel; ``folder`` is this kernel's, below the parent's base."""

    walls: Any = AnyTrait()
    limits: Any = AnyTrait()
    folder: Any = AnyTrait()
    process: Forked | None = None
    contained = True

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Has jupyter_client write the connection file."""
        manager: Any = self.parent
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        command = manager.format_kernel_cmd(extra_arguments=kwargs.pop("extra_arguments", []))
        return await super().pre_launch(cmd=command, **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Forks; of the command the kernel's own arguments are what follows the boot code's."""
        self.process = self.walls.nursery.fork(Path(self.folder), kernels_own(cmd), self.limits)
        return self.connection_info

    def stderr_text(self) -> str:
        """Nothing is kept of a fork's standard error."""
        return ""

    @property
    def has_process(self) -> bool:
        return self.process is not None

    async def poll(self) -> int | None:
        return 0 if self.process is None else self.process.poll()

    async def wait(self) -> int | None:
        while self.process is not None and self.process.poll() is None:
            await asyncio.sleep(0.01)
        self.process = None
        return 0

    async def send_signal(self, signum: int) -> None:
        """Only the end can be signalled."""
        if signum == signal.SIGKILL:
            self.kill_tree()

    async def kill(self, restart: bool = False) -> None:
        self.kill_tree()

    async def terminate(self, restart: bool = False) -> None:
        self.kill_tree()

    async def cleanup(self, restart: bool = False) -> None:
        """There is nothing left to clean up: with the namespace, all is gone."""

    def kill_tree(self) -> None:
        """Ends all processes; callable from any thread, and more than once."""
        if self.process is not None:
            self.process.kill()
