"""The kit as a new student meets it: the built tarball, in a fresh folder with a fresh Python."""

import json
import os
import subprocess
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import cli
from grader.kit.fill import DIFFUSION, read_template, solve


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with what notebooks need, but without this project."""
    folder = tmp_path_factory.mktemp("student") / "venv"
    venv.create(folder, with_pip=False)
    found = next(folder.glob("lib/python*/site-packages"))
    (found / "notebook_packages.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    executable = folder / "bin" / "python"
    tried = run(executable, folder, [str(executable), "-c", "import torch, grader.pipeline"])
    assert "ModuleNotFoundError" in tried.stderr
    return executable


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """What was built, unpacked into a folder of the student's."""
    built = CliRunner().invoke(cli, ["template", "build", "--output", str(tmp_path)])
    assert built.exit_code == 0, built.output
    folder = tmp_path / "과제 2"
    with tarfile.open(tmp_path / "Assignment2.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def run(python: Path, folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env={**inherited, "PATH": path, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_a_new_student_checks_solves_and_packs(python: Path, kit: Path, tmp_path: Path) -> None:
    first = run(python, kit, ["python", "selfcheck.pyz"])
    assert first.returncode == 0, first.stderr
    assert ":( beta_schedule.linear" in first.stdout
    assert ":)" not in first.stdout
    (kit / DIFFUSION).write_text(json.dumps(solve(read_template(DIFFUSION))), "utf-8")
    packed = run(python, kit, ["./CollectSubmission.sh", "2000-00000"])
    assert packed.returncode == 0, packed.stderr
    assert packed.stdout.count(":)") == 13  # all that code alone can earn
    graded = tmp_path / "result.json"
    outcome = CliRunner().invoke(
        cli, ["grade", str(kit / "2000-00000.tar.gz"), "--json", str(graded)]
    )
    assert outcome.exit_code == 0
    assert json.loads(graded.read_text("utf-8"))["points"] == 40
