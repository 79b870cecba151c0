"""What intake costs beside bare hashing and unpacking of the same file."""

import hashlib
import json
import os
import resource
import tarfile
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from isal import igzip
from rich.progress import track
from rich.table import Table

from benchmarks.material import full_size
from benchmarks.show import Samples, ratio, spread
from benchmarks.speed import scratch
from grader.intake import ArchiveLimits
from grader.intake.archive import unpack

FULL = (128, 256)  # of students, and of the template


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
        files = {n_feat: full_size(folder / str(n_feat), n_feat) for n_feat in FULL}
        for _ in track(range(rounds), description="intake"):
            for n_feat, path in files.items():
                for name, way in ways.items():
                    for what, value in measured(way, path).items():
                        samples.add((n_feat, name, what), value)
        sizes = {n_feat: f"{path.stat().st_size / 1e6:.0f}" for n_feat, path in files.items()}
    for n_feat in FULL:
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
