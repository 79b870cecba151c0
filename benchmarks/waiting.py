"""How long a person waits for a class: for the first result, for each further one, and for the end
of the command after the last one."""

import itertools
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track
from rich.table import Table

from benchmarks.batch import store_class
from benchmarks.intake import FULL
from benchmarks.material import code_cell, full_size, pack, solved
from benchmarks.plot import draw
from benchmarks.show import Samples, spread
from benchmarks.speed import scratch
from grader.batch.database import FILE
from grader.batch.gradebook import read_gradebook
from grader.batch.journal import Journal

JOBS, DOZEN = 2, 12
CLASS = 300  # to which the large ones are extrapolated
NUMBERS = (10, 30, 100, 300, 1000)
FRESH = 10  # of each of these, which are graded
BATCH = "from grader.cli import main; main()"
LOOK_SECONDS = 0.02
FIRST, EACH, END, WHOLE, AGAIN = (
    "Enter to the first result",
    "each further result",
    "last result to the end",
    "whole class, graded",
    "whole class, nothing new",
)


@dataclass(frozen=True)
class Course:
    """Seconds from Enter to each result, and to the end of the command."""

    results: list[float]
    ended: float

    @property
    def each(self) -> float:
        return (self.results[-1] - self.results[0]) / (len(self.results) - 1)

    @property
    def end(self) -> float:
        return self.ended - self.results[-1]

    def whole(self, count: int) -> float:
        """Seconds for a class of so many at this pace, where the end is as long as here."""
        return self.results[0] + (count - 1) * self.each + self.end


def large(rounds: int) -> Table:
    """Classes of full size, once each: a dozen submissions for each round."""
    count = DOZEN * rounds
    table = Table("", title=f"seconds for a class of {count}, {JOBS} at a time")
    columns = []
    for n_feat in FULL:
        with scratch() as folder:
            different = [full_size(folder / f"{n}", n_feat, seed=n) for n in range(DOZEN)]
            (handed_in := folder / "in").mkdir()
            for n in range(count):
                os.link(different[n % DOZEN], handed_in / f"2024-{n:05}.tar.gz")
            course = run(handed_in, folder / "grades")
            check(folder / "grades")
            table.add_column(f"{different[0].stat().st_size / 1e6:.0f} MB")
        ends = course.results[DOZEN - 1 :: DOZEN]
        dozens = [(b - a) / DOZEN for a, b in itertools.pairwise(ends)]
        # the end grows with the number, about
        longer = course.whole(CLASS) + course.end * (CLASS / count - 1)
        columns.append(
            {
                FIRST: f"{course.results[0]:.1f}",
                EACH: spread(dozens),
                END: f"{course.end:.1f}",
                "the whole command": f"{course.ended:.0f}",
                f"extrapolated to {CLASS}": f"{longer:.0f}, or {longer / 60:.1f} minutes",
            }
        )
    for what in columns[0]:
        table.add_row(what, *(column[what] for column in columns))
    table.caption = f"hard links of {DOZEN} different submissions, read through the page cache"
    return table


def by_number(rounds: int) -> Table:
    """Small classes of which all but a few were graded before, and a plot of them. Each round those
    few hand in once more."""
    samples = Samples()
    for count in track(NUMBERS, description="number"):
        with scratch() as folder:
            handed_in, grades = folder / "in", folder / "grades"
            handed_in.mkdir()
            store_class(handed_in, grades, count)
            run(handed_in, grades)  # writes all pages
            for number in range(rounds):
                samples.add((count, AGAIN), run(handed_in, grades).ended)
                for n in range(FRESH):
                    notebook = solved()
                    notebook.cells.append(code_cell(f"# {number} {n}"))
                    pack(handed_in / f"2023-{n:05}.tar.gz", notebook)
                course = run(handed_in, grades, FRESH)
                samples.add((count, FIRST), course.results[0])
                samples.add((count, EACH), course.each)
                samples.add((count, END), course.end)
                samples.add((count, WHOLE), course.whole(count))
    names = (FIRST, EACH, END, AGAIN, WHOLE)
    table = Table("", *names, title=f"seconds by number of submissions, {JOBS} at a time")
    for count in NUMBERS:
        measured = [spread(samples[count, name], 1) for name in names[:-1]]
        whole = f"{statistics.median(samples[count, WHOLE]):.0f}"
        table.add_row(str(count), *measured, whole)
    table.caption = f"{FRESH} are graded, the others were before; the whole is extrapolated"
    draw(
        "cost-by-number",
        "Seconds by number of submissions",
        {count: str(count) for count in NUMBERS},
        {name: [samples[count, name] for count in NUMBERS] for name in names},
        scale="log",
    )
    return table


def run(handed_in: Path, grades: Path, fresh: int | None = None) -> Course:
    """The whole command. It must store so many new results, or as many as files have none yet."""
    known, results = stored(grades), []
    last = known + (len(list(handed_in.iterdir())) - known if fresh is None else fresh)
    words = ["batch", str(handed_in), "--out", str(grades), "--jobs", str(JOBS)]
    began = time.perf_counter()
    command = [sys.executable, "-c", BATCH, *words]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as batch:
        while len(results) < last - known and batch.poll() is None:
            new = stored(grades) - known - len(results)
            results += [time.perf_counter() - began] * new
            time.sleep(LOOK_SECONDS)
    took = time.perf_counter() - began
    if batch.returncode or len(results) != last - known:
        raise SystemExit(f"The batch ended with {stored(grades)} of {last} results.")
    return Course(results, took)


def stored(grades: Path) -> int:
    if not (grades / FILE).exists():
        return 0
    try:
        where = f"{(grades / FILE).as_uri()}?mode=ro"
        with closing(sqlite3.connect(where, uri=True)) as journal:
            return int(journal.execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0


def check(grades: Path) -> None:
    """Exits if not all checkpoints were read rightly: the time would mean nothing."""
    with Journal(grades) as journal:
        entries = read_gradebook(journal).entries
    checks = [
        (entry.label, check.id, check.status)
        for entry in entries
        if entry.result
        for item in entry.result.items
        for check in item.checks
        if check.id.endswith(".checkpoint")
    ]
    wrong = [found for found in checks if found[2] != "passed"]
    if wrong or len(checks) != 4 * len(entries):
        raise SystemExit(f"not judged rightly: {wrong[:3]}")
