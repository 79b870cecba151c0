"""What a worker does: one submission, from its bytes to its evidence. Runs in any process."""

import atexit
import io
import logging
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader.batch.evidence import Evidence
from grader.batch.gather import Place
from grader.checks.verdict import Verdict
from grader.errors import SandboxUnavailable
from grader.intake.archive import printable
from grader.intake.identify import student_id_in
from grader.results import Result, State, environment, result_status, to_json
from grader.rubric import CHECKS, Rubric
from grader.sandbox import Ahead, Limits, Sandbox, choose_sandbox

if TYPE_CHECKING:
    from grader.batch.prints import Prints

logger = logging.getLogger(__name__)

SandboxName = Literal["auto", "bubblewrap", "none"]


@dataclass(frozen=True)
class Task:
    """How to grade; the same for all submissions of a batch."""

    rubric: Rubric
    sandbox: SandboxName = "auto"
    run: Literal["definitions", "everything"] = "definitions"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Job:
    """One submission to grade. ``content`` travels to workers that cannot see ``place``."""

    key: str
    label: str
    file: str
    sha256: str
    place: Place
    task: Task
    content: bytes | None = None


@dataclass(frozen=True)
class Unreadable:
    """The submission was not there, or changed, when its turn came; nothing is stored of it."""

    reason: str


def grade_job(job: Job) -> Evidence | Unreadable:
    """Grades it. Raises ``SandboxUnavailable``; every other fault is in the evidence."""
    task = job.task
    sandbox = ready_sandbox(task.sandbox, task.rubric.limits)
    from grader.batch.prints import Prints
    from grader.pipeline import Options, grade

    options, prints = Options(task.rubric, sandbox, task.run, task.seed), Prints()
    try:
        with tempfile.TemporaryDirectory(prefix="handed-in-") as folder:
            try:
                path = fetch(job, Path(folder))
            except OSError as error:
                return Unreadable(f"{job.place} cannot be read: {error.strerror or error}.")
            result = grade(path, options, look=prints.look)
            if result.sha256 != job.sha256:
                return Unreadable(f"{job.place} changed while the batch ran.")
        return evidence_of(result, job.file, prints)
    except SandboxUnavailable:
        raise
    except Exception as error:
        logger.exception("grading failed")
        return fault(job, f"the grader failed with {type(error).__name__}.")


def evidence_of(result: Result, file: str, prints: "Prints") -> Evidence:
    overlay = io.BytesIO()
    if result.clarity is not None:
        from grader.digits.overlay import draw_overlay

        draw_overlay(result.clarity).save(overlay, "PNG", optimize=True)
    record = to_json(replace(result, file=printable(file)))
    return Evidence(record, result.verdicts, overlay.getvalue(), prints.found)


def fault(job: Job, reason: str) -> Evidence:
    """The evidence of a submission that could not be graded by no fault of the student's."""
    rubric, text = job.task.rubric, f"The grader could not judge the submission: {reason}"
    checks = [f"{item}.{name}" for item, names in CHECKS.items() for name in names]
    verdicts = [Verdict(check, State.INFRA_ERROR, 0.0, text) for check in checks]
    items = rubric.score(verdicts)
    result = Result(
        student_id=student_id_in(job.file),
        file=printable(job.file),
        sha256=job.sha256,
        status=result_status(items),
        max_points=rubric.max_points,
        items=items,
        flags=[],
        environment=environment(rubric.sha256, job.task.seed),
        seconds={},
        verdicts=verdicts,
    )
    return Evidence(to_json(result), verdicts)


def fetch(job: Job, folder: Path) -> Path:
    """The submission as a file: where it lies, or put into ``folder``. Raises ``OSError``."""
    target = folder / Path(job.file).name
    if job.content is not None:
        target.write_bytes(job.content)
    elif job.place.member is None:
        job.place.path.open("rb").close()
        return job.place.path
    else:
        most = job.task.rubric.archive_limits.unpacked_bytes
        with target.open("wb") as file:
            for chunk in job.place.chunks():
                if file.write(chunk) and file.tell() > most:
                    raise OSError(f"it is larger than {most} bytes")
    return target


@cache
def ready_sandbox(name: SandboxName, limits: Limits) -> Sandbox:
    """This process's sandbox, with a kernel kept ahead where kernels are forked."""
    ahead = Ahead(choose_sandbox(name), limits)
    ahead.__enter__()
    atexit.register(ahead.__exit__, None, None, None)
    return ahead
