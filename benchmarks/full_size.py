"""Submissions as large as students send, by the width of their networks: graded, and the same work
without the grader."""

import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.progress import track
from rich.table import Table

from benchmarks.intake import FULL, bare
from benchmarks.material import T, full_size, kept_cells
from benchmarks.memory import proportional_set_size
from benchmarks.others import nbclient_by_hand, settled
from benchmarks.passes import WIDTHS
from benchmarks.plot import draw
from benchmarks.show import Samples, ratio, spread
from benchmarks.speed import scratch, seconds
from grader.assignment import SETTINGS
from grader.batch.evidence import Evidence
from grader.batch.gather import plain_file
from grader.batch.work import Job, Task, grade_job
from grader.paths import DEFAULT_RUBRIC
from grader.results import State
from grader.rubric import load_rubric
from grader.settings.folders import FILES

AT_A_TIME = (1, 2)
EACH = 2  # submissions a worker and round
IMAGES = 2  # a digit and a gray, which each trained network answers
GRADED, HAND, PLAIN, UNPACKED = (
    "ddpm-grader",
    "nbclient by hand",
    "plain Python",
    "hashed and unpacked",
)
ALONE = """
import tarfile, tempfile
with tempfile.TemporaryDirectory() as folder, torch.no_grad():
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    x, c = torch.rand(images, 1, 28, 28), torch.arange(images) % 10
    for number, (name, file) in enumerate(checkpoints):
        ddpm = DDPM(ContextUnet(1, n_feat, 10), (1e-4, 0.02), T, *name.split("_"), "cpu")
        ddpm.load_state_dict(torch.load(f"{folder}/{file}", weights_only=True, mmap=True))
        for _ in range(1 + (number == 0)):  # once more untrained
            ddpm.eval()(x, c)
"""


def by_width(rounds: int) -> Table:
    """Seconds a submission, one and two at a time, and a plot of them. All is done in processes
    that have done so before, but nbclient starts a kernel for each."""
    samples = Samples()
    parts = {GRADED: graded, PLAIN: run_alone, UNPACKED: unpacked}
    with scratch() as folder, ExitStack() as stack:
        jobs = submissions(folder, WIDTHS)
        small = jobs[WIDTHS[0]]
        pools = {
            (name, n): stack.enter_context(settled(n, small, part))
            for name, part in parts.items()
            for n in AT_A_TIME
        }
        hands = {
            n_feat: nbclient_by_hand(folder / f"hand {n_feat}", cells(job))
            for n_feat, job in jobs.items()
        }
        for _ in track(range(rounds), description="width"):
            for n_feat, job in jobs.items():
                for n in AT_A_TIME:
                    many = [job] * EACH * n
                    for name, part in parts.items():
                        took = seconds(partial(all_of, pools[name, n], part, many))
                        samples.add((n_feat, name, n), took / len(many))
                    took = seconds(partial(hands[n_feat].run, n, n))
                    samples.add((n_feat, HAND, n), took / n)
        sizes = {n_feat: megabytes(job) for n_feat, job in jobs.items()}
    table = Table("n_feat", "MB", "", "one at a time", "", "two at a time", "")
    table.title = "seconds a submission with four checkpoints"
    for n_feat in WIDTHS:
        for name in (GRADED, HAND, PLAIN, UNPACKED):
            row = [str(n_feat), sizes[n_feat], name]
            for n in AT_A_TIME:
                base, values = samples[n_feat, GRADED, n], samples[n_feat, name, n]
                row += [spread(values), "" if name == GRADED else ratio(base, values)]
            table.add_row(*row, end_section=name == UNPACKED)
    table.caption = "beside each the grader's seconds as a multiple of it"
    draw(
        "cost-by-width",
        "Seconds a submission, by n_feat",
        {n_feat: f"{n_feat}\n{size} MB" for n_feat, size in sizes.items()},
        {
            name if n == 1 else f"{name}, two at a time": [samples[f, name, n] for f in WIDTHS]
            for name, n in ((GRADED, 1), (GRADED, 2), (PLAIN, 1), (UNPACKED, 1))
        },
    )
    return table


def stages(rounds: int) -> Table:
    """Where the time of a submission goes, one at a time in a process that has graded."""
    samples = Samples()
    with scratch() as folder:
        jobs = submissions(folder, FULL)
        for number in track(range(rounds + 1), description="full-size"):
            for n_feat, job in jobs.items():
                took = graded(job)
                for stage, value in {**took, "all": sum(took.values())}.items():
                    if number:  # the first waits for the warm parent
                        samples.add((n_feat, stage), value)
        heads = [f"{megabytes(job)} MB" for job in jobs.values()]
    table = Table("stage", *heads, title="seconds of one submission by stage, warm")
    for stage in dict.fromkeys(key[1] for key in samples):
        table.add_row(stage, *(spread(samples[n_feat, stage]) for n_feat in FULL))
    return table


def memory(rounds: int) -> Table:
    """The most that submissions take at any moment, beyond what idle workers have: proportional set
    sizes, the pages of mapped checkpoints among them."""
    samples = Samples()
    with scratch() as folder:
        jobs = submissions(folder, FULL)
        for n in AT_A_TIME:
            with settled(n, jobs[FULL[0]], graded) as pool:
                for _ in track(range(rounds), description="memory"):
                    for n_feat, job in jobs.items():
                        most = peak(partial(all_of, pool, graded, [job] * n))
                        samples.add((n_feat, n), most / n)
        sizes = {n_feat: megabytes(job) for n_feat, job in jobs.items()}
    table = Table("n_feat", "MB", "one at a time", "two at a time")
    table.title = "most MiB a submission"
    for n_feat, size in sizes.items():
        table.add_row(str(n_feat), size, *(spread(samples[n_feat, n], 0) for n in AT_A_TIME))
    return table


def submissions(folder: Path, widths: tuple[int, ...]) -> dict[int, Job]:
    """By width, which is the label of each, too."""
    task, jobs = Task(load_rubric(DEFAULT_RUBRIC), "bubblewrap"), {}
    for n_feat in widths:
        attempt = plain_file(full_size(folder / str(n_feat), n_feat))
        jobs[n_feat] = Job(str(n_feat), attempt.file, attempt.place, task)
    return jobs


def megabytes(job: Job) -> str:
    return f"{job.place.path.stat().st_size / 1e6:.0f}"


def all_of(pool: Executor, part: Callable[[Job], object], jobs: list[Job]) -> None:
    list(pool.map(part, jobs))


def graded(job: Job) -> Mapping[str, float]:
    """Seconds by stage. Raises if the checkpoints are not all right: they would mean nothing."""
    evidence = grade_job(job)
    assert isinstance(evidence, Evidence)
    states = {v.check: v.state for v in evidence.verdicts if v.check.endswith(".checkpoint")}
    wrong = [check for check, state in states.items() if state is not State.PASSED]
    if wrong or not states:
        raise RuntimeError(f"not judged rightly: {', '.join(wrong)}")
    return evidence.result.seconds


def cells(job: Job) -> list[str]:
    """What a TA would run by hand: unpacking, the student's cells and a few forward passes."""
    known = {
        "archive": str(job.place.path),
        "checkpoints": [(s, f"results_{s}/{FILES['checkpoint']}") for s in SETTINGS],
        "n_feat": int(job.label),
        "T": T,
        "images": IMAGES,
    }
    return ["\n".join(f"{name} = {value!r}" for name, value in known.items()), *kept_cells(), ALONE]


def run_alone(job: Job) -> None:
    """In this process, with one thread as in the sandbox; imports are done but for the first."""
    torch.set_num_threads(1)
    namespace: dict[str, Any] = {}
    for source in cells(job):
        exec(source, namespace)


def unpacked(job: Job) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bare(job.place.path, Path(folder))


def peak(work: Callable[[], object]) -> float:
    """The most MiB that this process and all below it had during ``work``, beyond those before."""
    before = most = proportional_set_size()
    with ThreadPoolExecutor(1) as beside:
        working = beside.submit(work)
        while not working.done():
            most = max(most, proportional_set_size())
        working.result()
    return most - before
