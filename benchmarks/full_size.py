"""A submission as large as students send: warm, cold, and the same work bare, its limit."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from rich.progress import track
from rich.table import Table

from benchmarks.material import kept_cells, pack, solved
from benchmarks.settings import N_FEAT, T, quickly_fitted_will_do, save
from benchmarks.show import Samples, ratio, spread
from benchmarks.speed import sandboxes, seconds
from grader.commands.options import DEFAULT_RUBRIC
from grader.pipeline import Options, grade
from grader.rubric import load_rubric
from grader.sandbox import Ahead, Sandbox
from grader.settings.checkpoint import CALLS, DIGITS
from grader.settings.folders import FILES, SETTINGS

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
BARE = """
import json, sys, tarfile, tempfile, time
path, cells, settings, n_feat, T, calls, digits = json.loads(sys.argv[1])
import torch, torchvision, matplotlib.pyplot
began = time.perf_counter()
namespace = {}
with tempfile.TemporaryDirectory() as folder, torch.no_grad():
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    unpacked = time.perf_counter()
    for source in cells:
        exec(source, namespace)
    ran = time.perf_counter()
    x, c = torch.rand(digits, 1, 28, 28), torch.arange(digits) % 10
    for number, (name, file) in enumerate(settings):
        kind = name.split("_")
        network = namespace["ContextUnet"](1, n_feat, 10)
        ddpm = namespace["DDPM"](network, (1e-4, 0.02), T, *kind, "cpu")
        ddpm.load_state_dict(torch.load(f"{folder}/{file}", weights_only=True, mmap=True))
        for _ in range(calls + (number == 0)):  # once more untrained
            ddpm.eval()(x, c)
print(json.dumps([unpacked - began, ran - unpacked, time.perf_counter() - ran]))
"""


def compared(rounds: int) -> Table:
    """Seconds of one submission, in a batch's worker that has graded before."""
    warm, cold = sandboxes()
    samples = Samples()
    limits = load_rubric(DEFAULT_RUBRIC).limits
    with (
        tempfile.TemporaryDirectory() as name,
        quickly_fitted_will_do(),
        Ahead(warm, limits, seed=0) as ahead,
    ):
        path = full_size(Path(name))
        graded(path, ahead)  # the parent's own imports are paid once a run
        for _ in track(range(rounds), description="full-size"):
            samples.add("warm", seconds(partial(graded, path, ahead)))
            samples.add("cold", seconds(partial(graded, path, cold)))
            parts = bare(path)
            samples.add("bare", sum(parts.values()))
            for part, value in parts.items():
                samples.add(f"  {part}", value)
        megabytes = path.stat().st_size / 1e6
    table = Table("", "seconds", "warm to it", title=f"a submission of {megabytes:.0f} MB")
    for what, values in samples.items():
        shown = "" if what in ("warm", *parts) else ratio(samples["warm"], values)
        table.add_row(what, spread(values), shown)
    return table


def full_size(folder: Path) -> Path:
    """Solved, with four checkpoints of n_feat = 128 that predict what they should."""
    files = {}
    for setting in SETTINGS:
        save(folder, setting)
        member = f"results_{setting}/{FILES['checkpoint']}"
        files[member] = (folder / member).read_bytes()
    return pack(folder / "2023-12345.tar.gz", solved(), files)


def graded(path: Path, sandbox: Sandbox) -> None:
    """Exits if the checkpoints are not all right: the time would mean nothing."""
    result = grade(path, Options(load_rubric(DEFAULT_RUBRIC), sandbox))
    states = {c.id: c.status for item in result.items for c in item.checks}
    wrong = [n for n, s in states.items() if n.endswith(".checkpoint") and s != "passed"]
    if wrong:
        raise SystemExit(f"not judged rightly: {', '.join(wrong)}")


def bare(path: Path) -> Mapping[str, float]:
    """Unpacking, the student's cells and the forward passes, in one plain process with one thread;
    its imports are left out, as a warm parent has them."""
    named = [(s, f"results_{s}/{FILES['checkpoint']}") for s in SETTINGS]
    asked = json.dumps([str(path), kept_cells(), named, N_FEAT, T, CALLS, DIGITS])
    done = subprocess.run(
        [sys.executable, "-c", BARE, asked],
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=True,
    )
    names = ("unpacking", "the student's cells", "forward passes")
    return dict(zip(names, json.loads(done.stdout.splitlines()[-1]), strict=True))
