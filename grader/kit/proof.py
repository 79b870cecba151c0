"""Proves a template by grading it: it starts at zero, can be solved, and runs to its end."""

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from grader.errors import GraderError
from grader.kit import run_pictures
from grader.kit.fill import DIFFUSION, PICTURE, REGIONS, TEXT_TO_IMAGE, answer, solve
from grader.kit.given import Finding
from grader.paths import COLLECT_SCRIPT
from grader.pipeline import Options, grade
from grader.results import Result
from grader.sandbox.text import one_line

ITEM_OF = {
    "beta_schedule": "beta_schedule",
    "ddpm_schedules": "schedule_parameters",
    "DDPM.forward": "loss",
    "DDPM.sample": "sampling",
}
"""Which item a region earns."""

STUDENT = "2000-00000"
PACKING_SECONDS = 60
FEW = {"IMAGE_SIZE": "128", "NUM_DENOISING_STEPS": "2"}

Progress = Callable[[str], None]


def prove(folder: Path, options: Options, progress: Progress) -> Iterator[Finding]:
    """All checks that run the notebooks in ``folder``."""
    template: NotebookNode = nbformat.read(folder / DIFFUSION, as_version=4)
    words: NotebookNode = nbformat.read(folder / TEXT_TO_IMAGE, as_version=4)

    def earns(name: str, notebook: Callable[[], NotebookNode], items: set[str]) -> Finding:
        progress(name)
        return finding(name, lambda: points_problem(notebook(), options, items))

    code = set(ITEM_OF.values())
    yield earns("unsolved", lambda: template, set())
    for region in REGIONS:
        alone = {ITEM_OF[region]}
        yield earns(f"only {region}", lambda r=region: solve(template, [r]), alone)  # type: ignore[misc]
    yield earns("solved", lambda: solve(template), code)
    progress("2-1 to its end")
    everything = replace(options, run="everything")
    yield finding("2-1 to its end", lambda: to_its_end(solve(template), everything))
    progress("2-2 to its end")
    yield finding("2-2 to its end", lambda: pictures_problem(words))
    progress("packing")
    yield finding("packing", lambda: packing_problem(folder, options))


def finding(name: str, problem: Callable[[], str]) -> Finding:
    """A template that cannot be filled is one with a problem."""
    try:
        return Finding(name, problem())
    except GraderError as error:
        return Finding(name, str(error))


def graded(notebook: NotebookNode, options: Options) -> Result:
    """What a submission of this notebook alone gets."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / STUDENT
        folder.mkdir()
        (folder / DIFFUSION).write_text(json.dumps(notebook), "utf-8")
        return grade(folder, options)


def points_problem(notebook: NotebookNode, options: Options, items: set[str]) -> str:
    """A sentence unless these items earn all of their points, and no other earns any."""
    for item in graded(notebook, options).items:
        wanted = item.max_points if item.id in items else 0
        if item.points != wanted:
            said = next((c.message for c in item.checks if c.points != c.max_points), "")
            return f"{item.id} earns {item.points:g} points, not {wanted:g}. {said}".strip()
    return ""


def to_its_end(notebook: NotebookNode, options: Options) -> str:
    """A sentence if a cell fails when the whole notebook runs."""
    result = graded(notebook, options)
    failed = [flag.message for flag in result.flags if flag.id in ("cell_failed", "rejected")]
    return failed[0] if failed else ""


def pictures_problem(notebook: NotebookNode) -> str:
    """A sentence if notebook 2-2 does not run on a CPU beside a tiny pipeline."""
    lacking = [n for n in ("diffusers", "transformers") if importlib.util.find_spec(n) is None]
    if lacking:
        return f"It was not run: pip install {' '.join(lacking)}"
    own = answer(notebook, {**PICTURE, "NUM_DENOISING_STEPS": "3"})
    try:
        ran = run_pictures.run(run_pictures.adapted(own, {**run_pictures.ON_THE_CPU, **FEW}))
    except CellExecutionError as error:
        return one_line(f"A cell failed: {error.ename}: {error.evalue}")
    shown = [o for c in ran.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    return "" if shown else "No cell shows a picture."


def packing_problem(folder: Path, options: Options) -> str:
    """A sentence unless ``CollectSubmission.sh`` makes a tarball that can be graded."""
    script = folder / COLLECT_SCRIPT.name
    with tempfile.TemporaryDirectory() as temporary:
        clean = Path(temporary)
        shutil.copy(script if script.is_file() else COLLECT_SCRIPT, clean / COLLECT_SCRIPT.name)
        for name in (DIFFUSION, TEXT_TO_IMAGE):
            shutil.copy(folder / name, clean)
        done = subprocess.run(
            ["sh", COLLECT_SCRIPT.name, STUDENT],
            cwd=clean,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=PACKING_SECONDS,
        )
        archive = clean / f"{STUDENT}.tar.gz"
        if done.returncode != 0 or not archive.is_file():
            return one_line(f"It packs nothing: {done.stderr.strip() or 'no archive was made'}")
        result = grade(archive, options)
    if result.status == "rejected" or result.student_id != STUDENT:
        return "The grader does not accept what it packs."
    missing = [flag.message for flag in result.flags if flag.id == "notebook_missing"]
    return missing[0] if missing else ""
