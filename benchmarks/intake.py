"""What intake costs beside bare hashing and unpacking of the same file, and when a class's first
result is there, and its last page."""

import hashlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from isal import igzip
from rich.progress import track
from rich.table import Table

from benchmarks.batch import CLASS, store_class
from benchmarks.full_size import full_size
from benchmarks.show import Samples, ratio, spread
from benchmarks.speed import scratch
from grader.batch.database import FILE
from grader.intake import ArchiveLimits
from grader.intake.archive import unpack

WIDTHS = (128, 256)
DOZEN, LEFT, JOBS = 12, 8, 2
BATCH = "from grader.cli import main; main()"


def one_pass(rounds: int) -> Table:
    """Seconds of the clock and of the processor for each way, in turns, in a process of its own."""
    samples = Samples()
    ways: dict[str, Callable[[Path, Path], object]] = {
        "bare": bare,
        "intake": partial(unpack, limits=ArchiveLimits()),
        "  with tensors hashed": partial(unpack, limits=ArchiveLimits(), compared=True),
    }
    table = Table(
        *("", "MB", "clock", "of bare", "processor", "of bare"),
        title="seconds to hash and unpack a submission",
    )
    with scratch() as folder:
        files = {}
        for n_feat in WIDTHS:
            (place := folder / str(n_feat)).mkdir()
            files[n_feat] = full_size(place, n_feat)
        for _ in track(range(rounds), description="intake"):
            for n_feat, path in files.items():
                for name, way in ways.items():
                    for what, value in measured(way, path).items():
                        samples.add((n_feat, name, what), value)
        sizes = {n_feat: f"{path.stat().st_size / 1e6:.0f}" for n_feat, path in files.items()}
    for n_feat in WIDTHS:
        for name in ways:
            row = [name, sizes[n_feat]]
            for what in ("clock", "processor"):
                values = samples[n_feat, name, what]
                row += [spread(values), ratio(values, samples[n_feat, "bare", what])]
            table.add_row(*row)
    return table


def bare(archive: Path, root: Path) -> None:
    """What anybody must do, by the same libraries and without any care."""
    with archive.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    with igzip.open(archive) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
        tar.extractall(root, filter="data")


def measured(way: Callable[[Path, Path], object], path: Path) -> dict[str, float]:
    """Of a fork, so that its threads are counted, too."""
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        if not (child := os.fork()):
            began = time.perf_counter()
            way(path, Path(folder))
            took, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
            found = {"clock": took, "processor": used.ru_utime + used.ru_stime}
            os.write(writing, json.dumps(found).encode())
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as answer:
            return dict(json.load(answer))


def waiting(rounds: int) -> Table:
    """From Enter to the first result of a class of full size, and from the last one to the end of
    the command, where the others were graded before. Hard links, through the page cache."""
    samples = Samples()
    with scratch() as folder:
        large = [full_size(made(folder / f"{n}")) for n in range(DOZEN)]
        for number in track(range(rounds), description="waiting"):
            fresh = made(folder / f"fresh {number}")
            for n in range(CLASS):
                os.link(large[n % DOZEN], fresh / f"2024-{n:05}.tar.gz")
            samples.add("Enter to the first result", first_result(fresh, folder / f"a {number}"))
            ending, grades = made(folder / f"ending {number}"), folder / f"b {number}"
            store_class(ending, grades)
            for n in range(LEFT):
                os.link(large[n], ending / f"2024-{n:05}.tar.gz")
            samples.add("last result to the end", to_the_end(ending, grades))
        megabytes = large[0].stat().st_size / 1e6
    table = Table("", "seconds", title=f"a class of {CLASS}, {megabytes:.0f} MB each, {JOBS} jobs")
    for what, values in samples.items():
        table.add_row(what, spread(values))
    return table


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def first_result(handed_in: Path, grades: Path) -> float:
    began = time.perf_counter()
    with started(handed_in, grades) as batch:
        wait_for(1, grades, batch)
        took = time.perf_counter() - began
        batch.send_signal(signal.SIGTERM)
    return took


def to_the_end(handed_in: Path, grades: Path) -> float:
    with started(handed_in, grades) as batch:
        wait_for(len(list(handed_in.iterdir())), grades, batch)
        began = time.perf_counter()
        batch.wait()
        return time.perf_counter() - began


def started(handed_in: Path, grades: Path) -> "subprocess.Popen[bytes]":
    words = ["batch", str(handed_in), "--out", str(grades), "--jobs", str(JOBS)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-c", BATCH, *words], stdout=quiet, stderr=quiet)


def wait_for(results: int, grades: Path, batch: "subprocess.Popen[bytes]") -> None:
    """Until so many are in the journal. Exits if the batch has ended without them."""
    while stored(grades) < results:
        if batch.poll() is not None:
            raise SystemExit(f"The batch ended with {stored(grades)} of {results} results.")
        time.sleep(0.02)


def stored(grades: Path) -> int:
    try:
        with sqlite3.connect(f"{(grades / FILE).as_uri()}?mode=ro", uri=True) as journal:
            return int(journal.execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0
