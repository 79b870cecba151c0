"""One running kernel: its start, one cell at a time, and its end."""

import asyncio
import contextlib
import errno
import logging
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from grader.messages.message import say, sentence
from grader.sandbox.client import (
    BoundedSession,
    KernelClient,
    QuietClient,
    bounded_context,
)
from grader.sandbox.connection import LOCAL_SOCKETS, Connection
from grader.sandbox.launch import Walls, scratch
from grader.sandbox.limits import InfraError, Limits, Status
from grader.sandbox.provisioner import kernel_specs
from grader.sandbox.text import one_line
from grader.sandbox.waiting import held_up, waited
from grader.sandbox.watch import Verdict, Watch
from grader.scratch import remove

SPEAK_SECONDS = 10
LATE_SECONDS = 15  # what a cell publishes may come so long after its end, on a busy machine
KEY_BYTES = 32
END_SECONDS = 2
ENDED = say("sandbox.ended")

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())
_log.propagate = False  # nbclient reports every student error as an error of its own


class KernelGoneError(Exception):
    """The kernel is no more; ``verdict`` says what happened."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(sentence(verdict.said))
        self.verdict = verdict


class CellRaisedError(Exception):
    """The cell raised: class name, text and IPython's traceback, as the kernel sent them."""

    def __init__(self, name: str, value: str, traceback: str) -> None:
        super().__init__(name)
        self.name, self.value, self.traceback = name, value, traceback


class Kernel:
    """A kernel behind walls with nbclient at its side.

    Start, use and close it in one thread: bubblewrap ends when the thread that started it does.
    """

    def __init__(self, walls: Walls, limits: Limits) -> None:
        self._walls, self._limits = walls, limits
        # ZeroMQ cannot use the loop that Windows has by default
        self._loop = asyncio.SelectorEventLoop()
        self._folder = Path(tempfile.mkdtemp(prefix="k", dir=walls.base))  # for this user alone
        self._context = bounded_context()
        self._watch: Watch | None = None
        self._process: Any = None
        self.key = secrets.token_bytes(KEY_BYTES)
        """What questions and answers are sealed with."""
        self._shown: dict[str, Path] = {}  # which files were given under which name
        ipc, self._given = self._folder / "ipc", self._folder / "given"
        ipc.mkdir()
        self._given.mkdir()
        self._manager = AsyncKernelManager(
            context=self._context,
            kernel_spec_manager=kernel_specs(walls, limits, self._folder),
            kernel_name="sandbox",
            transport="ipc" if LOCAL_SOCKETS else "tcp",
            ip=str(ipc / "k") if LOCAL_SOCKETS else "127.0.0.1",
            connection_file=str(ipc / "kernel.json"),
            client_factory=KernelClient,
            session=BoundedSession(),
            log=_log,
        )
        self._connection = Connection(self._manager, self._context)
        self._client: QuietClient | None = None
        self.held_up = False

    def start(self) -> None:
        """Raises ``InfraError`` with the reason when no kernel comes up."""
        try:
            self._loop.run_until_complete(self._start())
        except Exception as error:
            said = self._provisioner.stderr_text() if self._provisioner else ""
            self.close()
            reason = one_line(f"{type(error).__name__}: {error} {said}")
            raise InfraError(say("sandbox.not_started", reason=reason)) from error

    async def _start(self) -> None:
        await self._manager.start_kernel()
        provisioner = self._provisioner
        self._process = provisioner.process
        self._watch = Watch(
            provisioner.process.pid,
            self._limits,
            provisioner.kill_tree,
            alone=self._walls.forks,
            places=list(scratch(self._limits)) if provisioner.contained else [],
        )
        await self._connection.open()
        self._client = QuietClient(
            notebook([]), km=self._manager, log=_log, iopub_timeout=LATE_SECONDS
        )
        self._client.kc = self._connection.client

    def run(
        self,
        source: str,
        seconds: float,
        metadata: dict[str, Any] | None = None,
        *,
        ours: bool = False,
    ) -> int:
        """Runs one cell and returns its number. From the first on that is not ours, or may call
        what is not, the kernel is watched.

        Raises ``CellRaisedError``, or ``KernelGoneError`` when it took longer than ``seconds`` or
        the kernel died of it, or ``InfraError`` when its warm parent died; it is closed then.
        """
        client = self._client
        if client is None:
            raise KernelGoneError(Verdict(Status.killed, say("sandbox.not_running")))
        if not self.alive:
            raise self._gone(Verdict(Status.killed, ENDED))
        if self._connection.hung_up:
            said = say("sandbox.hung_up") if self._lives_on() else ENDED
            raise self._gone(Verdict(Status.killed, said))
        if not ours and self._watch is not None:
            self._watch.start()
        client.answers.clear()
        client.ended = False
        self._connection.count_anew()
        # a traitlet, which takes any function where mypy sees only the trait's own class
        client.timeout_func = lambda cell: max(seconds, 0.001)  # type: ignore[assignment]
        keep = metadata is not None  # cells of the student's are numbered, ours are not
        cell = code_cell(source, metadata or {})
        client.nb = notebook([cell])
        try:
            self._loop.run_until_complete(client.async_execute_cell(cell, 0, store_history=keep))
        except CellExecutionError as error:
            raise CellRaisedError(error.ename, error.evalue, client.raised) from None
        except CellTimeoutError:
            said = say("sandbox.too_long", seconds=seconds)
            raise self._gone(Verdict(Status.timeout, said)) from None
        except DeadKernelError:
            said = say("sandbox.overfull") if client.overfull else ENDED
            raise self._gone(Verdict(Status.killed, said)) from None
        except Exception as error:
            if is_ours(error):
                self.close()
                raise InfraError(say("sandbox.not_exchanged", error=str(error))) from error
            said = say("sandbox.unreadable_messages", error=type(error).__name__)
            raise self._gone(Verdict(Status.killed, said if self.alive else ENDED)) from error
        finally:
            client.nb = notebook([])
        number = cell.get("execution_count")
        return number if isinstance(number, int) else 0

    def give(self, content: Path | bytes, name: str) -> str:
        """Lets the kernel read a file, in place of one that had this name; its path in there.

        Of a file on the same disk no copy is made, and of another one only when it is not the one
        that is there. Raises ``OSError`` if it cannot be read, or the disk is full.
        """
        shown = self._given / name
        if isinstance(content, Path):
            if self._shown.get(name) == content:
                return str(shown)
            self._shown[name] = content
        shown.unlink(missing_ok=True)
        if isinstance(content, bytes):
            shown.write_bytes(content)
            return str(shown)
        try:
            os.link(content, shown)
        except OSError:  # on another disk
            shutil.copyfile(content, shown)
        return str(shown)

    def take_back(self, name: str) -> None:
        """Removes what was given under this name."""
        self._shown.pop(name, None)
        (self._given / name).unlink(missing_ok=True)

    @property
    def given(self) -> str:
        """The folder of what the kernel is given to read."""
        return str(self._given)

    @property
    def answers(self) -> list[tuple[object, object]]:
        """The probe answers that the last cell sent."""
        return self._client.answers if self._client else []

    @property
    def flooded(self) -> bool:
        """Whether the last cell sent more messages than are kept: then some of them are lost."""
        return self._client is not None and self._connection.flooded

    @property
    def all_heard(self) -> bool:
        """Whether everything that the last cell published has arrived."""
        return self._client is not None and self._client.ended and not self.flooded

    def speaks(self) -> bool:
        """Whether what it publishes still arrives: its own code may have closed its sockets. Where
        nothing does, ``held_up`` is whether others had the cores that it wanted."""
        began, before = time.monotonic(), waited(self._provisioner.process.pid)[0]
        try:
            self._loop.run_until_complete(self._connection.hear(began + SPEAK_SECONDS))
        except Exception:  # whatever a broken connection makes zmq and jupyter_client raise
            took = time.monotonic() - began
            self.held_up = self.alive and held_up(self._provisioner.process.pid, before, took)
            return False
        return True

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended since."""
        return self._client is not None and self._provisioner.process.poll() is None

    def _lives_on(self) -> bool:
        """Whether it is alive a moment after a connection ended: those of a kernel that ends do so
        a little before it."""
        until = time.monotonic() + END_SECONDS
        while self.alive and time.monotonic() < until:
            time.sleep(0.01)
        return self.alive

    def close(self) -> None:
        """Ends all processes and removes the kernel's files; may be called again."""
        if self._loop.is_closed():
            return
        try:
            self._loop.run_until_complete(self._end())
        finally:
            if self._watch is not None:
                self._watch.stop()
            self._context.destroy(linger=0)
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            remove(self._folder)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:  # nbclient's, of a cell that was interrupted
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._connection.close()
        self._client = None
        if self._manager.has_kernel:
            self._provisioner.kill_tree()
            with contextlib.suppress(RuntimeError):
                await self._manager.shutdown_kernel(now=True)
        await self._manager.cleanup_resources()

    def _gone(self, verdict: Verdict) -> KernelGoneError:
        """Closes the kernel; the watcher's reason, if it has one, is the better one.

        Raises ``InfraError`` if it ended with its warm parent, which is no fault of the student's.
        """
        if self._watch is not None:
            self._watch.stop()
        self.close()
        watched = self._watch.verdict if self._watch is not None else None
        if watched is None and verdict.said == ENDED and self._walls.forks:
            self._process.blame()
        return KernelGoneError(watched or verdict)

    @property
    def _provisioner(self) -> Any:
        return self._manager.provisioner


def is_ours(error: Exception) -> bool:
    """Whether it says that this process, or the machine, has no more of something."""
    return getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def code_cell(source: str, metadata: dict[str, Any]) -> NotebookNode:
    """A code cell that has not run."""
    return node(
        cell_type="code",
        source=source,
        metadata=node(**metadata),
        outputs=[],
        execution_count=None,
    )


def notebook(cells: list[NotebookNode]) -> NotebookNode:
    """The notebook that nbclient is told it works on."""
    return node(nbformat=4, nbformat_minor=5, metadata=node(), cells=cells)


def node(**fields: Any) -> NotebookNode:
    """nbformat's dictionary with attributes."""
    return NotebookNode(**fields)
