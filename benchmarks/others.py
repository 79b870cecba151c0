"""The ways to grade that are compared: this project's, nbclient by hand, otter-grader, nbgrader.

The last two ask two questions about the schedule, written for them here, where this project asks
for all four definitions. Each has an environment of its own in ``.bench``; torch is too large for
three copies and comes from the project's.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from benchmarks.material import code_cell, kept_cells, pack, solved, write_notebook
from grader.batch.evidence import Evidence
from grader.batch.executors import Local
from grader.batch.gather import plain_file
from grader.batch.work import Job, Task, grade_job
from grader.paths import DEFAULT_RUBRIC
from grader.results import State
from grader.rubric import load_rubric
from grader.scratch import scratch

ENVIRONMENTS = Path(__file__).resolve().parents[1] / ".bench"
QUESTIONS = (
    "betas = beta_schedule(1e-4, 0.02, 300, 'linear')\n"
    "assert betas.shape == (300,)\n"
    "assert torch.allclose(betas, torch.linspace(1e-4, 0.02, 300), rtol=1e-4)",
    "betas = beta_schedule(1e-4, 0.02, 300, 'cosine')\n"
    "t = torch.arange(301, dtype=torch.float64) / 300\n"
    "f = torch.cos((t + 0.008) / 1.008 * torch.pi / 2) ** 2\n"
    "assert torch.allclose(betas.double(), (1 - f[1:] / f[:-1]).clamp(max=0.999), rtol=1e-3)",
)


@dataclass(frozen=True)
class Way:
    """``run(n, jobs)`` grades n submissions, ``jobs`` at a time; raises if one does not succeed."""

    name: str
    run: Callable[[int, int], None]


def within(program: Path) -> dict[str, str]:
    """The surroundings of an activated environment: a program finds those beside it."""
    return os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def each(commands: Sequence[Sequence[str | Path]], jobs: int, said: str, folder: Path) -> None:
    """Runs commands, ``jobs`` at a time; every one must print ``said``."""

    def one(command: Sequence[str | Path]) -> None:
        done = subprocess.run(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=within(Path(command[0])),
        )
        if done.returncode or said not in done.stdout:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-2000:]}")

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, commands))


def own_environment(name: str, *packages: str) -> Path:
    """The ``bin`` folder of an environment with these packages, made if there is none."""
    folder = ENVIRONMENTS / name
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages]
        subprocess.run(pip, check=True)
        for site in folder.glob("lib/python*/site-packages"):
            (site / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
        (folder / "ready").touch()
    return folder / "bin"


def this_project(folder: Path) -> Way:
    """As ``batch`` does it: in processes that have graded before, up to the evidence it stores."""
    attempt = plain_file(pack(folder / "2023-12345.tar.gz", solved()))
    task = Task(load_rubric(DEFAULT_RUBRIC), "bubblewrap")
    job = Job("", attempt.file, attempt.place, task)
    pools = {jobs: settled(jobs, job) for jobs in (1, 2)}

    def run(n: int, jobs: int) -> None:
        for evidence in pools[jobs].map(grade_job, [job] * n):
            assert isinstance(evidence, Evidence)
            states = {verdict.state for verdict in evidence.verdicts}
            if State.FAILED in states or State.INFRA_ERROR in states:
                raise RuntimeError("the solved notebook did not pass")

    return Way("ddpm-grader", run)


def settled(jobs: int, job: Job, work: Callable[[Job], object] = grade_job) -> Executor:
    """Processes of the batch's, each of which has graded one."""
    with patch.dict(os.environ):  # where they are told how many threads they may have
        pool = Local(jobs, scratch()).start()
        list(pool.map(work, [job] * 2 * jobs))
    return pool


def nbclient_by_hand(folder: Path, cells: Sequence[str] = ()) -> Way:
    sources = cells or kept_cells()
    notebook = write_notebook(folder / "hand" / "kept.ipynb", [code_cell(c) for c in sources])
    command = [Path(sys.executable).with_name("jupyter-execute"), notebook, "--output=done"]

    def run(n: int, jobs: int) -> None:
        each([command] * n, jobs, "Save executed results", notebook.parent)

    return Way("nbclient by hand", run)


def otter(folder: Path) -> Way:
    program = own_environment("otter", "otter-grader==7.0.0") / "otter"
    home = folder / "otter"
    write_notebook(home / "submission.ipynb", [code_cell(c) for c in kept_cells()])
    (home / "tests").mkdir()
    for number, question in enumerate(QUESTIONS, 1):
        code = "\n".join(f">>> {line}" for line in question.splitlines())
        case = {"code": code, "hidden": False, "locked": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": f"q{number}", "points": 1, "suites": [suite]}
        (home / "tests" / f"q{number}.py").write_text(f"OK_FORMAT = True\n\ntest = {test!r}\n")
    subprocess.run([program, "generate", "-t", "tests"], cwd=home, check=True, capture_output=True)
    autograder = home / "autograder.zip"
    command = [program, "run", "submission.ipynb", "-a", autograder, "--no-logo"]

    def run(n: int, jobs: int) -> None:
        outputs = [home / f"out{i}" for i in range(n)]
        for output in outputs:
            output.mkdir(exist_ok=True)
        each([[*command, "-o", output] for output in outputs], jobs, "2.000 / 2.000", home)

    return Way("otter-grader 7.0.0", run)


def nbgrader(folder: Path) -> Way:
    program = own_environment("nbgrader", "nbgrader==0.9.6") / "nbgrader"
    home = folder / "nbgrader"
    imports, answers, *others = kept_cells()
    cells = [code_cell(imports), code_cell(answers), *map(code_cell, others)]
    cells += [code_cell(question) for question in QUESTIONS]
    plain = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    cells[1].metadata["nbgrader"] = {**plain, "grade_id": "answers", "solution": True}
    for number, cell in enumerate(cells[-len(QUESTIONS) :]):
        own = {"grade": True, "locked": True, "points": 1, "grade_id": f"question{number}"}
        cell.metadata["nbgrader"] = {**plain, **own}
    write_notebook(home / "source" / "a2" / "notebook.ipynb", cells)
    (home / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "ddpm"\n'
    )
    make = [program, "generate_assignment", "a2", "--create", "--force"]
    subprocess.run(make, cwd=home, check=True, capture_output=True, env=within(program))

    def run(n: int, jobs: int) -> None:
        for i in range(n):
            path = home / "submitted" / f"student{i}" / "a2" / "notebook.ipynb"
            if not path.exists():
                write_notebook(path, cells)
        students = f"--student={'*' if n > 1 else 'student0'}"
        said = "Setting destination file permissions"
        each([[program, "autograde", "a2", "--force", students]], 1, said, home)

    return Way("nbgrader 0.9.6", run)


WAYS = (this_project, nbclient_by_hand, otter, nbgrader)
