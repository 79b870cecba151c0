"""A submission as large as students send: warm, cold, and the same work bare, its limit."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.material import kept_cells, pack, solved
from benchmarks.others import settled
from benchmarks.settings import N_FEAT, T, save
from benchmarks.show import Samples, ratio, spread
from benchmarks.speed import sandboxes, scratch
from grader.assignment import SETTINGS
from grader.batch import work
from grader.batch.evidence import Evidence
from grader.batch.gather import plain_file
from grader.batch.work import Job, Task, grade_job
from grader.paths import DEFAULT_RUBRIC
from grader.results import State
from grader.rubric import load_rubric
from grader.settings.folders import FILES

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
AT_A_TIME = (1, 2)
IMAGES = 2  # a digit and a gray, which each trained network answers
EACH = 2  # submissions a worker and round
BARE = """
import json, sys, tarfile, tempfile, time
path, cells, settings, n_feat, T, digits = json.loads(sys.argv[1])
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
        for _ in range(1 + (number == 0)):  # once more untrained
            ddpm.eval()(x, c)
print(json.dumps([unpacked - began, ran - unpacked, time.perf_counter() - ran]))
"""


def compared(rounds: int) -> Table:
    """Seconds a submission, one and two at a time, in workers of the batch's that have graded."""
    samples = Samples()
    with scratch() as folder, ExitStack() as stack:
        attempt = plain_file(full_size(folder))
        task = Task(load_rubric(DEFAULT_RUBRIC), "bubblewrap")
        job = Job("", attempt.file, attempt.place, task)
        ways = {"warm": graded, "cold": graded_cold}
        pools = {
            (way, jobs): stack.enter_context(settled(jobs, job, ways[way]))
            for way in ways
            for jobs in AT_A_TIME
        }
        for _ in track(range(rounds), description="full-size"):
            for (way, jobs), pool in pools.items():
                many = [job] * EACH * jobs
                began = time.perf_counter()
                list(pool.map(ways[way], many))
                samples.add((way, jobs), (time.perf_counter() - began) / len(many))
            for jobs in AT_A_TIME:
                parts = bare(attempt.place.path, jobs)
                samples.add(("bare", jobs), sum(parts.values()))
                for part, value in parts.items():
                    samples.add((f"  {part}", jobs), value)
        megabytes = attempt.place.path.stat().st_size / 1e6
    title = f"seconds for a submission of {megabytes:.0f} MB"
    table = Table("", "one at a time", "", "two at a time", "", title=title)
    for what in dict.fromkeys(name for name, _ in samples):
        row = [what]
        for jobs in AT_A_TIME:
            values = samples[what, jobs]
            part = what not in ("cold", "bare")
            row += [spread(values), "" if part else ratio(samples["warm", jobs], values)]
        table.add_row(*row)
    table.caption = "beside each the warm one's share of it"
    return table


def full_size(folder: Path, n_feat: int = N_FEAT) -> Path:
    """Solved, with four checkpoints that predict what they should."""
    files = {}
    for setting in SETTINGS:
        save(folder, setting, n_feat)
        member = f"results_{setting}/{FILES['checkpoint']}"
        files[member] = (folder / member).read_bytes()
    return pack(folder / "2023-12345.tar.gz", solved(), files)


def graded(job: Job) -> None:
    """In a worker. Raises if the checkpoints are not all right: the time would mean nothing."""
    evidence = grade_job(job)
    assert isinstance(evidence, Evidence)
    states = {v.check: v.state for v in evidence.verdicts if v.check.endswith(".checkpoint")}
    wrong = [check for check, state in states.items() if state is not State.PASSED]
    if wrong or not states:
        raise RuntimeError(f"not judged rightly: {', '.join(wrong)}")


def graded_cold(job: Job) -> None:
    """The same in a worker whose kernels are not forked."""
    with mock.patch.object(work, "choose_sandbox", return_value=sandboxes()[1]):
        graded(job)


def bare(path: Path, jobs: int) -> Mapping[str, float]:
    """Unpacking, the student's cells and the forward passes, in one plain process with one thread,
    or in as many as there are jobs; its imports are left out, as a warm parent has them."""
    named = [(s, f"results_{s}/{FILES['checkpoint']}") for s in SETTINGS]
    asked = json.dumps([str(path), kept_cells(), named, N_FEAT, T, IMAGES])
    command, env = [sys.executable, "-c", BARE, asked], {**os.environ, **ONE_THREAD}
    processes = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE) for _ in range(jobs)]
    said = [process.communicate()[0].splitlines()[-1] for process in processes]
    names = ("unpacking", "the student's cells", "forward passes")
    means = np.mean([json.loads(line) for line in said], axis=0) / jobs
    return dict(zip(names, means.tolist(), strict=True))
