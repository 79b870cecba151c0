"""A stand-in for grading that needs no kernel: evidence follows from the submission's bytes alone."""

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.batch.evidence import Evidence
from grader.batch.gradebook import Gradebook
from grader.batch.journal import Journal
from grader.batch.remember import Asked
from grader.batch.run import Batch, Request
from grader.batch.work import Job, Task, Unreadable
from grader.checks.items import known_items
from grader.checks.verdict import Verdict
from grader.intake.identify import student_id_in
from grader.messages.message import say
from grader.paths import DEFAULT_RUBRIC
from grader.results import Flag, Result, State, environment, result_status
from grader.rubric import Rubric, load_rubric

RUBRIC = load_rubric(DEFAULT_RUBRIC)
TASK = Task(RUBRIC, sandbox="none")
ASKED = Asked(sandbox="none")
Grade = Callable[..., Gradebook]


def hand_in(folder: Path, name: str, content: bytes) -> Path:
    """A submission into ``folder``'s subfolder ``in``."""
    path = folder / "in" / name
    path.write_bytes(content)
    return path


def evidence(
    file: str = "2023-12345.tar.gz",
    sha256: str = "0" * 64,
    state: State = State.PASSED,
    fraction: float = 1.0,
    rubric: Rubric = RUBRIC,
    message: str = "All is right.",
    flags: tuple[Flag, ...] = (),
    prints: dict[str, Any] | None = None,
    overlay: bytes = b"",
    shown: dict[str, Any] | None = None,
) -> Evidence:
    """Every check in the same state, with the same part of its points."""
    checks = [check for item in known_items().values() for check in item.each()]
    verdicts = [Verdict(check, state, fraction, message, {"number": 0.1}) for check in checks]
    items = rubric.score(verdicts)
    result = Result(
        student_id=student_id_in(file),
        file=file,
        sha256=sha256,
        status=result_status(items),
        max_points=rubric.max_points,
        items=items,
        flags=flags,
        environment=environment(rubric.sha256, 0),
        seconds={"execution": time.perf_counter()},
    )
    return Evidence(result, verdicts, overlay, prints or {}, shown or {})


def rejected(*flags: Flag) -> Evidence:
    """Of what cannot be read, and why."""
    found = evidence(fraction=0.0, flags=flags)
    return replace(found, result=replace(found.result, status="rejected"))


def unreadable(file: str, sha256: str = "0" * 64, rubric: Rubric = RUBRIC) -> Evidence:
    """Of a submission that is rejected as a whole."""
    reason = say("archive.damaged")
    result = Result(
        student_id=student_id_in(file),
        file=file,
        sha256=sha256,
        status="rejected",
        max_points=rubric.max_points,
        items=rubric.skipped(reason),
        flags=[Flag("rejected", reason)],
        environment=environment(rubric.sha256, 0),
        seconds={},
    )
    return Evidence(result, [], b"")


def fake_grade(job: Job) -> Evidence | Unreadable:
    """What part of the points there is stands in the submission, such as ``b"0.5"``."""
    try:
        content = b"".join(job.place.chunks()) if job.content is None else job.content
    except OSError as error:
        return Unreadable(f"{job.place} cannot be read: {error}.")
    digest = hashlib.sha256(content).hexdigest()
    if content == b"infra":
        return evidence(job.file, digest, State.INFRA_ERROR, 0.0, job.task.rubric)
    part = float(content.split()[0])
    state = State.PASSED if part == 1 else State.PARTIAL
    return evidence(job.file, digest, state, part, job.task.rubric)


def slow_grade(job: Job) -> Evidence | Unreadable:
    """The same, in a tenth of a second; ``b"dies"`` ends its worker as a lack of memory does."""
    time.sleep(0.1)
    content = b"".join(job.place.chunks()) if job.content is None else job.content
    if content == b"dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return fake_grade(job)


class Threads:
    """A backend of threads; counts how often it was started."""

    lost: tuple[type[BaseException], ...] = ()
    hopeless: tuple[type[BaseException], ...] = ()
    width = 2

    def __init__(self) -> None:
        self.starts = 0

    def start(self) -> Executor:
        self.starts += 1
        self.pool = ThreadPoolExecutor(2)
        return self.pool

    def stop(self, *, now: bool) -> None:
        self.pool.shutdown(wait=True, cancel_futures=now)


def stored(journal: Journal) -> dict[str, str]:
    """Every result in the journal, byte for byte but for the seconds that it took."""
    query = "SELECT file, key, record, verdicts, overlay, prints, shown FROM results"
    found: dict[str, str] = {}
    for file, key, record, *rest in journal._db.execute(query):
        assert file not in found
        known = json.loads(record)
        del known["seconds"]
        found[file] = json.dumps([key, known, *map(str, rest)])
    return found


@contextmanager
def batch(grades: Path, *paths: Path, **request: Any) -> Iterator[Batch]:
    """A batch that is ready to run, with its journal open."""
    with Journal(grades, create=True) as journal:
        journal.lock()
        yield Batch(Request(paths, request.pop("task", TASK), **request), journal)
