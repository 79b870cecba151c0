"""Proves a template by grading it: it starts at zero, can be solved, and runs to its end."""

import importlib.util
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import nbformat
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from grader.checks.items import code_items
from grader.errors import GraderError
from grader.kit import run_pictures
from grader.kit.fill import DIFFUSION, REGIONS, TEXT_TO_IMAGE, read_template, solve
from grader.kit.given import Finding
from grader.paths import COLLECT_SCRIPT
from grader.pipeline import Options, grade
from grader.results import Result
from grader.sandbox.text import one_line
from grader.states import State

STUDENT = "2000-00000"
PACKING_SECONDS = 60
RESULT = "results_epsilon_linear/image_final.png"

Notebooks = Mapping[str, NotebookNode]
Progress = Callable[[str], None]


def prove(folder: Path, options: Options, progress: Progress) -> Iterator[Finding]:
    """All checks that run the notebooks in ``folder``; a long one is announced to ``progress``."""
    given = {name: read_template(name, folder) for name in (DIFFUSION, TEXT_TO_IMAGE)}

    def solved(*regions: str) -> Notebooks:
        return {**given, DIFFUSION: solve(given[DIFFUSION], regions)}

    def check(name: str, fine: str, problem: Callable[[], str]) -> Finding:
        progress(name)
        return finding(name, fine, problem)

    def alone(region: str, item: str) -> Callable[[], str]:
        return lambda: points_problem(solved(region), options, {item})

    yield check("unsolved", "It earns nothing.", lambda: points_problem(given, options, set()))
    for item in code_items():
        yield check(
            f"only {item.code}",
            f"Solved alone, it earns all of {item.id} and nothing else.",
            alone(item.code, item.id),
        )
    code = {item.id for item in code_items()}
    yield check(
        "solved",
        "By the reference, it earns all that code can earn.",
        lambda: points_problem(solved(*REGIONS), options, code),
    )
    yield check(
        "2-1 to its end",
        "Solved, every cell runs on a CPU.",
        lambda: points_problem(solved(*REGIONS), replace(options, run="everything"), code),
    )
    yield check(
        "2-2 to its end",
        "Answered, every cell runs on a CPU, and its pictures earn their points.",
        lambda: pictures_problem(given[TEXT_TO_IMAGE], options),
    )
    yield check(
        "packing",
        f"What {COLLECT_SCRIPT.name} packs is accepted.",
        lambda: packing_problem(folder, options),
    )


def finding(name: str, fine: str, problem: Callable[[], str]) -> Finding:
    """A template that cannot be filled is one with a problem."""
    try:
        return Finding(name, problem(), fine)
    except GraderError as error:
        return Finding(name, str(error), fine)


def grade_notebooks(notebooks: Notebooks, options: Options) -> Result:
    """What a submission of these notebooks gets."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / STUDENT
        folder.mkdir()
        for name, notebook in notebooks.items():
            nbformat.write(notebook, folder / name)
        return grade(folder, options).result


def points_problem(notebooks: Notebooks, options: Options, items: set[str]) -> str:
    """A sentence unless these items earn all of their points beyond doubt, no other earns any, and
    no cell that runs fails. Where the grader itself failed nothing was proved."""
    result = grade_notebooks(notebooks, options)
    for check in (check for item in result.items for check in item.checks):
        if check.status is State.INFRA_ERROR:
            return f"{check.id} could not be judged. {check.message}"
    failed = [flag.message for flag in result.flags if flag.id in ("cell_failed", "rejected")]
    if failed:
        return failed[0]
    for item in result.items:
        wanted = item.max_points if item.id in items else 0
        said = next((c.message for c in item.checks if c.points != c.max_points), "")
        if item.points != wanted:
            return f"{item.id} earns {item.points:g} points, not {wanted:g}. {said}".strip()
        if item.id in items and item.status is not State.PASSED:
            return f"{item.id} is {item.status}, not passed. {said}".strip()
    return ""


def pictures_problem(notebook: NotebookNode, options: Options) -> str:
    """A sentence unless notebook 2-2 runs on a CPU beside a tiny pipeline and earns its points."""
    lacking = [n for n in ("diffusers", "transformers") if importlib.util.find_spec(n) is None]
    if lacking:
        return f"It was not run: pip install {' '.join(lacking)}."
    try:
        ran = run_pictures.run_quickly(notebook)
    except CellExecutionError as error:
        return one_line(f"A cell failed: {error.ename}: {error.evalue}")
    except (CellControlSignal, DeadKernelError) as error:
        return one_line(f"It did not run to its end: {error}")
    return points_problem({TEXT_TO_IMAGE: ran}, options, {"text_to_image"})


def packing_problem(folder: Path, options: Options) -> str:
    """A sentence unless ``CollectSubmission.sh``, the folder's or else the project's, makes a
    tarball that can be graded and holds a result."""
    script = folder / COLLECT_SCRIPT.name
    with tempfile.TemporaryDirectory() as temporary:
        clean = Path(temporary)
        shutil.copy(script if script.is_file() else COLLECT_SCRIPT, clean / COLLECT_SCRIPT.name)
        for name in (DIFFUSION, TEXT_TO_IMAGE):
            shutil.copy(folder / name, clean)
        (clean / RESULT).parent.mkdir()
        (clean / RESULT).write_bytes(b"a picture")
        if problem := run_script(clean):
            return problem
        archive = clean / f"{STUDENT}.tar.gz"
        result = grade(archive, options).result
        if result.status == "rejected" or result.student_id != STUDENT:
            return "The grader does not accept what it packs."
        with tarfile.open(archive) as packed:
            names = {str(PurePosixPath(name)) for name in packed.getnames()}
    missing = [flag.message for flag in result.flags if flag.id == "notebook_missing"]
    if missing:
        return missing[0]
    return "" if RESULT in names else f"It does not pack {RESULT}."


def run_script(folder: Path) -> str:
    """A sentence unless the script in this folder ends well and leaves an archive."""
    try:
        done = subprocess.run(
            ["sh", COLLECT_SCRIPT.name, STUDENT],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=PACKING_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"It does not end within {PACKING_SECONDS} seconds."
    if done.returncode != 0 or not (folder / f"{STUDENT}.tar.gz").is_file():
        return one_line(f"It packs nothing: {done.stderr.strip() or 'no archive was made'}")
    return ""
