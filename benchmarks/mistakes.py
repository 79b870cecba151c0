"""What writing the page of mistakes takes for a large class."""

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.table import Table

from benchmarks.batch import EXAMPLE
from benchmarks.review import Nobody
from benchmarks.show import Samples, spread
from grader.batch.evidence import Evidence, key_of
from grader.batch.gather import plain_file
from grader.batch.gradebook import read_gradebook
from grader.batch.journal import Journal
from grader.batch.run import Batch, Request, Watch
from grader.batch.work import Job, Task, grade_job
from grader.checks.verdict import Verdict
from grader.commands.options import DEFAULT_RUBRIC
from grader.messages.message import Message, gaps, templates
from grader.report.mistakes import mistakes_page
from grader.results import State, result_status
from grader.rubric import load_rubric

CLASS = 1000
LOST = 0.2  # of the checks


def mistakes(rounds: int) -> Table:
    """A thousand submissions, each with code and pictures; a fifth of the checks lost points, for
    any reason that the catalogue has."""
    samples = Samples()
    with tempfile.TemporaryDirectory() as name:
        grades = Path(name) / "grades"
        store(Path(name) / "in", grades, CLASS)
        with Journal(grades) as journal:
            for _ in range(rounds):
                began = time.perf_counter()
                gradebook = read_gradebook(journal)
                samples.add("reading the gradebook", time.perf_counter() - began)
                began = time.perf_counter()
                page = mistakes_page(journal, gradebook)
                samples.add("making the page", time.perf_counter() - began)
    kib = len(page.encode()) / 2**10
    table = Table("", "seconds", title=f"mistakes.html of {CLASS} students, {kib:.0f} KiB")
    for what, values in samples.items():
        table.add_row(what, spread(values, 3))
    return table


def store(folder: Path, grades: Path, count: int) -> None:
    """As if so many had handed in the example, and lost points here and there."""
    folder.mkdir()
    draw = random.Random(7)
    task, example = Task(load_rubric(DEFAULT_RUBRIC)), plain_file(EXAMPLE)
    graded = grade_job(Job("", example.file, example.place, task))
    assert isinstance(graded, Evidence)
    with Journal(grades, create=True) as journal:
        batch = Batch(Request([folder], task), journal)
        for number in range(count):
            path = folder / f"2023-{number:05}.tar.gz"
            path.write_text(str(number))
            skill = draw.random()
            verdicts = [_drawn(v, skill, draw) for v in graded.verdicts]
            items = task.rubric.score(verdicts)
            digest = journal.sha256(plain_file(path).place)
            result = replace(
                graded.result,
                student_id=path.name[:10],
                items=items,
                status=result_status(items),
                file=path.name,
                sha256=digest,
            )
            key = key_of(digest, path.name, batch.given)
            evidence = replace(graded, result=result, verdicts=verdicts, prints={})
            journal.store(key, batch.given, evidence)
        batch.run(Nobody(), Watch())


def _drawn(verdict: Verdict, skill: float, draw: random.Random) -> Verdict:
    """The same, or a failure; the weaker the student, the likelier."""
    if draw.random() > 2 * LOST * (1 - skill):
        return verdict
    said = draw.choice(_said_of(verdict.check.partition(".")[0]))
    return replace(verdict, state=State.FAILED, fraction=0.0, said=said)


def _said_of(item: str) -> Sequence[Message]:
    room = item if item in ("beta_schedule", "schedule_parameters", "loss", "sampling") else "run"
    return [
        Message(id, dict.fromkeys(gaps(text), 1))
        for id, text in templates("en").items()
        if id.startswith(f"{room}.") and ("{" in text.split(".")[0] or "right" not in id)
    ]
