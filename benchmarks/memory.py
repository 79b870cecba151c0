"""How much memory a further submission takes, and whether anything grows or stays behind."""

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
from rich.progress import track
from rich.table import Table

from benchmarks.material import solved, submission
from benchmarks.show import Samples, ratio, spread
from benchmarks.speed import sandboxes, scratch, seconds
from grader.checks.examination import examine
from grader.intake import plan_definitions
from grader.paths import DEFAULT_RUBRIC
from grader.pipeline import Options, grade
from grader.rubric import load_rubric
from grader.sandbox import KernelSession, Limits

AT_ONCE = 4
GROWTH = (10, 100, 300)
MEBIBYTE = 2**20


def proportional_set_size() -> float:
    """Mebibytes of this process and all below it, shared pages divided among their users."""
    total = 0
    for process in family():
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / MEBIBYTE


def family() -> list[psutil.Process]:
    me = psutil.Process()
    return [me, *me.children(recursive=True)]


def concurrent(rounds: int) -> Table:
    """Proportional set size with 0, 1, .. submissions examined and held at the same time."""
    samples = Samples()
    for _ in track(range(rounds), description="memory"):
        before, steps = proportional_set_size(), hold(AT_ONCE)
        for number, size in enumerate(steps, 1):
            samples.add(number, size - before)
            before = size
    table = Table("submission", "further MiB", title="memory of submissions held at the same time")
    for number, values in samples.items():
        table.add_row(str(number), spread(values, 0))
    return table


def hold(n: int) -> list[float]:
    """The size after each of n submissions that were examined and are not yet closed."""
    warm, statements = sandboxes()[0], plan_definitions(solved()).statements
    leave, sizes = threading.Event(), []

    def one(examined: Callable[[], None]) -> None:
        with KernelSession(statements, sandbox=warm, limits=Limits(), seed=0) as session:
            examine(session, 0)
            examined()
            leave.wait()

    threads = []
    for _ in range(n):
        done = threading.Event()
        thread = threading.Thread(target=one, args=(done.set,))
        thread.start()
        threads.append(thread)
        if not done.wait(120):
            raise RuntimeError("a submission was not examined within two minutes")
        sizes.append(proportional_set_size())
    leave.set()
    for thread in threads:
        thread.join()
    return sizes


def growth(rounds: int) -> Table:
    """Time, memory and what is left behind after 10, 100 and 300 submissions in one process."""
    options = Options(load_rubric(DEFAULT_RUBRIC), sandboxes()[0])
    took: list[float] = []
    table = Table(
        "after",
        "seconds of the last ten",
        "of the first",
        "MiB",
        "processes",
        "descriptors",
        "files",
        title="one submission after the other in one process",
    )
    with scratch() as folder:
        source = submission(folder / "2023-12345")
        grade(source, options)  # starts the warm parent
        for number in track(range(1, max(GROWTH) + 1), description="growth"):
            took.append(seconds(lambda: grade(source, options)))
            if number in GROWTH:
                last, first = took[-10:], took[:10]
                counts = (len(family()), open_descriptors(), left_files())
                table.add_row(
                    str(number),
                    spread(last),
                    ratio(last, first),
                    f"{proportional_set_size():.0f}",
                    *map(str, counts),
                )
    return table


def open_descriptors() -> int:
    return psutil.Process().num_fds()


def left_files() -> int:
    """Files and sockets of this process's in the temporary folder."""
    mine = Path(tempfile.gettempdir()).glob(f"ddpm-{os.getpid()}-*")
    return sum(1 for folder in mine for path in folder.rglob("*") if not path.is_dir())
