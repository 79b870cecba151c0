"""Whole classes: a long one of small submissions, and one whose rubric changes."""

import hashlib
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
from nbformat import NotebookNode
from rich.table import Table

from benchmarks.material import pack
from benchmarks.show import Samples, ratio, spread
from grader.batch.evidence import Evidence, key_of
from grader.batch.executors import Local
from grader.batch.gather import plain_file
from grader.batch.gradebook import read_gradebook
from grader.batch.journal import Journal
from grader.batch.prints import student_lines
from grader.batch.run import Batch, Request, Watch
from grader.batch.work import MOST_WORKS, Job, Task, grade_job
from grader.intake import read_notebook
from grader.kit.fill import DIFFUSION
from grader.paths import DEFAULT_RUBRIC
from grader.rubric import load_rubric
from grader.scratch import scratch

CLASS = 250
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "2023-12345.tar.gz"
CHANGE = (
    'points = 10\nvisibility = "visible"\nchecks = { linear = 5, cosine = 5 }',
    'points = 8\nvisibility = "visible"\nchecks = { linear = 4, cosine = 4 }',
)
COMMAND = """
import sys
from grader.cli import main
try:
    main()
except SystemExit as ended:
    print("torch" in sys.modules, ended.code)
"""
A_ROUND = 40  # submissions; --rounds 25 grades a thousand
JOBS = 2
FAIRNESS = Path(__file__).resolve().parents[1] / "tests" / "fairness"


def submissions() -> Iterator[NotebookNode | bytes]:
    """Without end: correct variants and, in turns, mistakes and archives that are none."""
    from tests.fairness.grading import variant_notebook

    correct = itertools.cycle(sorted((FAIRNESS / "correct").glob("*.py")))
    bugs = itertools.cycle(sorted((FAIRNESS / "bugs").glob("*/*.py"), key=lambda path: path.name))
    damaged = itertools.cycle([b"", b"PK\x03\x04", b"\x1f\x8b cut off", b"no archive"])
    for number in itertools.count():
        yield variant_notebook(next(correct))
        yield next(damaged) if number % 8 == 7 else variant_notebook(next(bugs))


def handed_in(count: int, part: int) -> list[NotebookNode | bytes]:
    """So many submissions, the last ``part`` of which are early ones once more: some kinds take
    twice as long as others, so that only the same ones can be compared."""
    fresh = list(itertools.islice(submissions(), count - part))
    return [*fresh, *fresh[part // 2 : part // 2 + part]]


def whole_class(rounds: int) -> Table:
    """Half correct, half broken: is every result there, do memory and time stay as they are?"""
    count = A_ROUND * rounds
    part = min(100, count // 4)
    ended, sizes = [time.monotonic()], []
    with tempfile.TemporaryDirectory() as name:
        folder, grades = Path(name) / "in", Path(name) / "grades"
        folder.mkdir()
        for number, made in enumerate(handed_in(count, part)):
            path = folder / f"2023-{number:05}.tar.gz"
            if isinstance(made, bytes):
                path.write_bytes(made)
            else:
                pack(path, made)
        process = psutil.Process()

        def note(label: str, answer: object, name: str) -> None:
            ended.append(time.monotonic())
            sizes.append(process.memory_info().rss / 2**20)

        request = Request([folder], Task(load_rubric(DEFAULT_RUBRIC)))
        with Journal(grades, create=True) as journal:
            Batch(request, journal).run(Local(JOBS, scratch()), Watch(ended=note))
            stored = journal.count()
    took = np.diff(ended).tolist()
    first, last = slice(part // 2, part // 2 + part), slice(-part, None)  # past the start
    table = Table("", f"{part} early ones", f"{part} last ones", "ratio")
    table.title = f"{count} submissions, {stored} results, {JOBS} at a time"
    for what, values in (("seconds each", took), ("MiB of the parent", sizes)):
        early, late = [statistics.mean(values[cut]) for cut in (first, last)]
        table.add_row(what, f"{early:.2f}", f"{late:.2f}", ratio([late], [early]))
    return table


def rubric_change(rounds: int) -> Table:
    """How long it takes until a class has the points of another rubric; nothing is run."""
    samples, points = Samples(), []
    with tempfile.TemporaryDirectory() as name:
        folder, grades, other = (Path(name) / part for part in ("in", "grades", "other.toml"))
        folder.mkdir()
        other.write_text(DEFAULT_RUBRIC.read_text("utf-8").replace(*CHANGE), "utf-8")
        store_class(folder, grades)
        for number in range(rounds + 1):
            rubric = (DEFAULT_RUBRIC, other)[number % 2]
            command = [sys.executable, "-c", COMMAND, "batch", str(folder), "--out", str(grades)]
            began = time.perf_counter()
            done = subprocess.run([*command, "--rubric", str(rubric)], capture_output=True)
            took = time.perf_counter() - began
            assert done.stdout.split() == [b"False", b"0"], "something was run"
            with Journal(grades) as journal:
                points.append({e.before_lateness for e in read_gradebook(journal).entries})
            if number:  # not the one that writes all pages for the first time
                samples.add("until all pages show the new points", took)
    assert points[0] != points[1]
    table = Table("", "seconds", title=f"another rubric for a class of {CLASS}")
    for what, values in samples.items():
        table.add_row(what, spread(values))
    return table


def store_class(folder: Path, grades: Path, count: int = CLASS) -> None:
    """As if so many had handed in the example's pictures with code of their own, and been graded.
    Where the corpus ends its code is handed in once more."""
    from tests.fairness.grading import variant_notebook

    example, task = plain_file(EXAMPLE), Task(load_rubric(DEFAULT_RUBRIC))
    graded = grade_job(Job("", example.file, example.place, task))
    assert isinstance(graded, Evidence)
    variants = sorted([*(FAIRNESS / "correct").glob("*.py"), *(FAIRNESS / "bugs").glob("*/*.py")])
    with Journal(grades, create=True) as journal, tempfile.TemporaryDirectory() as name:
        given = Batch(Request([], task), journal).given
        for number, variant in enumerate(itertools.islice(itertools.cycle(variants), count)):
            notebook = variant_notebook(variant)
            path = pack(folder / f"2023-{number:05}.tar.gz", notebook)
            written = Path(name) / DIFFUSION
            written.write_text(json.dumps(notebook), "utf-8")
            hashes = [hashlib.sha256(f"{number} {n}".encode()).hexdigest() for n in range(100)]
            prints = {
                "lines": student_lines(read_notebook(written)),
                "tensors": hashes,
                "samples": hashes[0],
                "works": hashes[:MOST_WORKS],
                "settings": hashes[:4],
            }
            result = replace(graded.result, student_id=path.name[:10])
            key = key_of(journal.sha256(plain_file(path).place), path.name, given)
            journal.store(key, given, replace(graded, result=result, prints=prints))
