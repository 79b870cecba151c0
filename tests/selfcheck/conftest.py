"""The file that students get, built once, and folders to run it in."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE, read_template, solve
from grader.kit.selfcheck import build_selfcheck

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("handed out") / "selfcheck.pyz"
    build_selfcheck(path)
    return path


@pytest.fixture
def run(pyz: Path, tmp_path: Path) -> Run:
    """Runs it in a folder, as a student does: with no project beside it."""

    def runs(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COVERAGE_PROCESS_START")
        }
        return subprocess.run(
            [sys.executable, str(pyz), *words],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={
                **clean,
                "LC_ALL": "C.UTF-8",
                "PYTHONIOENCODING": "utf-8",
                "COLUMNS": "200",
                **environment,
            },
            timeout=180,
        )

    return runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An assignment folder, as it is given out, with a space and Korean in its name."""
    made = tmp_path / "딥러닝 과제 2"
    made.mkdir()
    for name in (DIFFUSION, TEXT_TO_IMAGE):
        write(made / name, read_template(name))
    return made


def write(path: Path, notebook: Any) -> None:
    path.write_text(json.dumps(notebook, ensure_ascii=False), "utf-8")


def solve_in(folder: Path, *regions: str) -> None:
    write(folder / DIFFUSION, solve(read_template(DIFFUSION), regions or None))


def marks(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The mark of every check that was shown."""
    lines = [line.split() for line in done.stdout.splitlines() if line[:2] in (":)", ":(", ":|")]
    return {words[1]: words[0] for words in lines}
