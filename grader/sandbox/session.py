"""``KernelSession``: one submission's kernel, replaced when the student's code brings it down."""

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from grader.messages.message import Message, Said, say
from grader.probes.seal import NONCE_BYTES, sealed
from grader.sandbox.kernel import CellRaisedError, Kernel, KernelGoneError
from grader.sandbox.limits import JSON, InfraError, Limits, Outcome, Status
from grader.sandbox.seeds import derived
from grader.sandbox.sources import placed, placed_together, probe_cell, probe_code
from grader.sandbox.starting import Sandbox
from grader.sandbox.text import TRACEBACK_CHARACTERS, clean, one_line
from grader.sandbox.transport import (
    BadAnswerError,
    ForgedAnswerError,
    proven,
    read_arrays,
    read_json,
)
from grader.sandbox.watch import Verdict

USED_UP = say("sandbox.used_up")
FORGED = say("sandbox.forged")
CLAIMS = {Status.ok, Status.error, Status.out_of_memory, Status.doubtful}
"""What a kernel may say of itself. That something is our fault only we may say."""

_NO_MEMORY = re.compile(r"can't allocate memory|DefaultCPUAllocator|Cannot allocate memory")
_CELL = re.compile(r"Cell In\[(\d+)\](, line \d+)?|<ipython-input-(\d+)-[0-9a-f]+>")


class StatementLike(Protocol):
    """What the session needs of ``grader.intake.Statement``."""

    @property
    def cell(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def repeatable(self) -> bool: ...


class KernelSession:
    """Runs a notebook's statements in a sandboxed kernel, then probes what they defined.

    A context manager; use it in one thread. A kernel that died or was ended is replaced at the next
    probe and the statements are run again, without those that brought it down. All that runs in
    here, replays included, may take ``seconds``, by default ``limits.submission_seconds``.
    """

    def __init__(
        self,
        statements: Sequence[StatementLike],
        *,
        sandbox: Sandbox,
        limits: Limits,
        seed: int,
        seconds: float | None = None,
    ) -> None:
        self._statements = tuple(statements)
        self._seconds = limits.submission_seconds if seconds is None else seconds
        self._sandbox, self._limits, self._seed = sandbox, limits, seed
        self._kernel: Kernel | None = None
        self._cells: dict[int, int] = {}  # IPython's number of a cell -> the student's
        self._sent: set[str] = set()  # probes whose source this kernel has
        self._failed: dict[int, Outcome] = {}
        self._lethal: set[int] = set()
        self._ran: set[int] = set()
        self._together = True  # neighbouring statements run as one cell where that is the same
        self._spent = 0.0
        self._held_up = False  # whether the machine kept the last kernel from answering
        self.starts = 0
        """How many kernels were started."""
        self.imported: set[str] = set()
        """Installed packages that were imported, by whatever means."""
        self.noticed: set[str] = set()
        """What the notebook's code does that honest code never does: each follows "the code"."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the kernel."""
        if self._kernel is not None:
            self._sandbox.end_kernel(self._kernel)
            self._kernel = None

    @property
    def seconds_left(self) -> float:
        """What remains of the session's time."""
        return self._seconds - self._spent

    def prepare(self) -> Mapping[int, Outcome]:
        """Runs the statements; returns, by their index, the outcome of each that did not end ok.

        Raises ``InfraError`` if no kernel can be had.
        """
        self._ready()
        return dict(self._failed)

    def probe(
        self,
        name: str,
        inputs: Mapping[str, JSON],
        seconds: float | None = None,
        files: Mapping[str, tuple[Path | bytes, str]] | None = None,
    ) -> Outcome:
        """Runs ``run(namespace, inputs)`` of ``grader/probes/<name>.py`` inside the kernel.

        ``seconds`` defaults to the limits' ``probe_seconds``. ``files``: what the kernel may read,
        and the name that it has there; its path is added to the inputs under the key. An answer
        that is lost is asked for once more. Never raises for what happens inside; ``infra_error``
        means that no kernel could be had, or that the machine was too busy for the second answer,
        too.
        """
        for _ in range(2):
            outcome = self._asked(name, inputs, seconds, files or {})
            if outcome is not None:
                return outcome
        status = Status.infra_error if self._held_up else Status.doubtful
        return Outcome(status, say("sandbox.lost"))

    def _asked(
        self,
        name: str,
        inputs: Mapping[str, JSON],
        seconds: float | None,
        files: Mapping[str, tuple[Path | bytes, str]],
    ) -> Outcome | None:
        """The same, once; None if the answer was lost."""
        began = time.monotonic()
        try:
            self._ready()
        except InfraError as error:
            return Outcome(Status.infra_error, error.said)
        kernel = self._kernel
        if kernel is None or self.seconds_left <= 0:
            return Outcome(Status.timeout, USED_UP, seconds=time.monotonic() - began)
        allowed = self._limits.probe_seconds if seconds is None else seconds
        nonce = secrets.token_bytes(NONCE_BYTES)
        began = time.monotonic()
        try:
            paths = {key: kernel.give(content, known) for key, (content, known) in files.items()}
            request = sealed(kernel.key, nonce, self._request(kernel, name, inputs, paths))
            self._run(probe_cell(kernel.give(request, "request")), allowed, None)
            return self._answer(nonce, time.monotonic() - began)
        except CellRaisedError as error:  # ours raises nothing: what it calls was changed
            return self._not_asked(error, time.monotonic() - began)
        except InfraError as error:
            return Outcome(Status.infra_error, error.said, seconds=time.monotonic() - began)
        except KernelGoneError as gone:
            took = time.monotonic() - began
            return Outcome(gone.verdict.status, gone.verdict.said, seconds=took)
        except OSError as error:
            return Outcome(Status.infra_error, say("sandbox.not_handed_on", error=str(error)))

    def _ready(self) -> None:
        """A kernel with the statements run, or no kernel if the time is used up."""
        while self._kernel is None and self.seconds_left > 0:
            self._start()
            try:
                self._run_statements()
            except KernelGoneError:
                continue
        for index in set(range(len(self._statements))) - self._ran:
            self._failed.setdefault(index, Outcome(Status.timeout, USED_UP))

    def _start(self) -> None:
        began = time.monotonic()
        kernel = self._sandbox.start_kernel(self._limits, self._seed)
        self.starts += 1
        self._kernel, self._cells, self._sent = kernel, {}, set()
        if self.starts > 1:  # the first start is ours; those after it, the student's doing
            self._spent += time.monotonic() - began

    def _run_statements(self) -> None:
        """Runs all but those that were lethal; raises ``KernelGoneError`` if one of them is."""
        for (repeatable, _), run in groupby(
            (i for i in range(len(self._statements)) if i not in self._lethal),
            key=lambda i: (self._statements[i].repeatable, self._statements[i].cell),
        ):
            indices = list(run)
            if not (repeatable and len(indices) > 1 and self._ran_together(indices)):
                for index in indices:
                    self._run_statement(index)

    def _ran_together(self, indices: Sequence[int]) -> bool:
        """Runs statements of a cell as one, as each costs a message there and back; false if one
        of them failed: one by one, they will show which."""
        first = self._statements[indices[0]]
        source = placed_together([self._statements[i] for i in indices])
        if not self._together or source is None:
            return False
        try:
            where = {"student_cell": first.cell, "student_line": first.line}
            self._run(source, self._limits.cell_seconds, where)
        except CellRaisedError:
            return False
        except KernelGoneError:
            self._together = False
            raise
        self._ran.update(indices)
        return True

    def _run_statement(self, index: int) -> None:
        """Runs one statement, notes how it failed; raises ``KernelGoneError`` if it was lethal."""
        statement = self._statements[index]
        self._ran.add(index)
        if not statement.source.strip():
            return
        source = placed(statement.source, statement.line)
        where = {"student_cell": statement.cell, "student_line": statement.line}
        began = time.monotonic()
        try:
            self._run(source, self._limits.cell_seconds, where)
        except CellRaisedError as error:
            self._failed.setdefault(index, self._raised(error, time.monotonic() - began))
        except KernelGoneError as gone:
            self._lethal.add(index)
            took = time.monotonic() - began
            outcome = Outcome(gone.verdict.status, gone.verdict.said, seconds=took)
            self._failed.setdefault(index, outcome)
            raise

    def _run(self, source: str, seconds: float, where: dict[str, Any] | None) -> None:
        """Runs a cell within its own and the submission's time; drops a kernel that is gone."""
        kernel = self._kernel
        assert kernel is not None
        left = self.seconds_left
        if left <= 0:
            self.close()
            raise KernelGoneError(Verdict(Status.timeout, USED_UP))
        began = time.monotonic()
        if where is not None:
            self._cells[len(self._cells) + 1] = where["student_cell"]
        try:
            kernel.run(source, min(seconds, left), where)
        except KernelGoneError as gone:
            self._kernel = None
            if gone.verdict.status is Status.timeout and left < seconds:
                said = say("sandbox.used_up_meanwhile")
                raise KernelGoneError(Verdict(Status.timeout, said)) from gone
            raise
        except InfraError:
            self._kernel = None
            raise
        finally:
            self._spent += time.monotonic() - began

    def _request(
        self,
        kernel: Kernel,
        name: str,
        inputs: Mapping[str, JSON],
        paths: Mapping[str, str],
    ) -> bytes:
        """What the prelude is to answer; a probe's code goes to each kernel once. What is drawn
        does not depend on ``paths``, which are others in each kernel."""
        sent = name in self._sent
        request = {
            "name": name,
            "code": None if sent else kernel.give(probe_code(name), f"{name}.code"),
            "inputs": {**inputs, **paths},
            "seed": derived(self._seed, name, dict(inputs)),
        }
        self._sent.add(name)
        return json.dumps(request).encode()

    def _answer(self, nonce: bytes, seconds: float) -> Outcome | None:
        """The outcome that the kernel's answer describes, read without trust; None if it was
        lost on its way."""
        kernel = self._kernel
        assert kernel is not None
        answers = list(kernel.answers)
        if not answers and kernel.all_heard:
            return self._forged(say("sandbox.silent"), seconds)
        if not answers:
            theirs = kernel.flooded or (not kernel.speaks() and not kernel.held_up)
            self._held_up = kernel.held_up
            self.close()
            said = say("sandbox.no_answer")
            return Outcome(Status.killed, said, seconds=seconds) if theirs else None
        if len(answers) > 1:
            return self._forged(say("sandbox.several_answers", count=len(answers)), seconds)
        try:
            told, attached = proven(kernel.key, nonce, *answers[0])
            report = read_json(told)
            status = report.get("status")
            if status not in CLAIMS:
                return self._forged(FORGED, seconds)
            status, facts = Status(status), report.get("facts")
            if not isinstance(facts, dict):
                raise BadAnswerError("its facts are not an object")
            arrays = read_arrays(report.get("arrays"), attached) if status is Status.ok else {}
            self.imported |= {clean(str(n), 100) for n in report.get("imported", ())}
            self.noticed |= {clean(str(n), 100) for n in report.get("noticed", ())}
        except ForgedAnswerError:
            return self._forged(FORGED, seconds)
        except (BadAnswerError, ValueError, TypeError) as error:
            said = say("sandbox.unusable_answer", error=one_line(str(error)))
            return Outcome(Status.error, said, seconds=seconds)
        message: Said = one_line(str(report.get("message", "")))
        traceback = self._with_cells(str(report.get("traceback", "")))
        if self.noticed:  # it may tell what the code should not have seen
            message, traceback = say("sandbox.withheld") if message else "", ""
        return Outcome(status, message, traceback, seconds, arrays, facts)

    def _forged(self, said: Message, seconds: float) -> Outcome:
        """What is left to say where the answer is not the one that the prelude gives."""
        self.noticed.add("keeps questions or answers from arriving as they are")
        return Outcome(Status.doubtful, said, seconds=seconds)

    def _not_asked(self, error: CellRaisedError, seconds: float) -> Outcome:
        raised = self._raised(error, seconds)
        if raised.status is Status.out_of_memory:
            return raised
        return self._forged(say("sandbox.not_asked", error=raised.said), seconds)

    def _raised(self, error: CellRaisedError, seconds: float) -> Outcome:
        message = one_line(f"{error.name}: {error.value}")
        no_memory = error.name == "MemoryError" or _NO_MEMORY.search(error.value)
        status = Status.out_of_memory if no_memory else Status.error
        return Outcome(status, message, self._with_cells(error.traceback), seconds)

    def _with_cells(self, text: str) -> str:
        """A traceback with the student's numbers of cells in place of IPython's."""

        def named(match: re.Match[str]) -> str:
            number = int(match[1] or match[3])
            return f"cell {self._cells.get(number, '?')}{match[2] or ''}"

        return _CELL.sub(named, clean(text, TRACEBACK_CHARACTERS))
