"""``python selfcheck.pyz``, run as students run it."""

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.kit.fill import DIFFUSION, read_template, solve
from grader.kit.selfcheck import build_selfcheck
from grader.paths import COLLECT_SCRIPT, PACKAGE
from grader.selfcheck import start
from tests.selfcheck.conftest import Run, marks, solve_in, write

CODE = ("beta_schedule", "schedule_parameters", "loss", "sampling")


def of_code(found: dict[str, str]) -> dict[str, str]:
    return {check: mark for check, mark in found.items() if check.split(".")[0] in CODE}


def test_a_blank_template_gets_no_smile(run: Run, folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert set(marks(done).values()) <= {":(", ":|"}
    assert set(of_code(marks(done)).values()) == {":("}
    assert "is not implemented yet" in done.stdout
    assert "2 files" in done.stdout
    assert done.stderr == ""


def test_a_solved_notebook_with_cleared_outputs_smiles_for_its_code_alone(
    run: Run, folder: Path
) -> None:
    solve_in(folder)
    done = run(folder)
    assert set(of_code(marks(done)).values()) == {":)"}
    assert marks(done)["image_quality.clear_digits"] == ":("
    assert marks(done)["text_to_image.pictures"] == ":("


def test_what_is_solved_already_smiles_alone(run: Run, folder: Path) -> None:
    solve_in(folder, "beta_schedule")
    found = of_code(marks(run(folder)))
    smiling = {check for check, mark in found.items() if mark == ":)"}
    assert smiling == {"beta_schedule.linear", "beta_schedule.cosine"}


def test_korean_json_and_a_picture_of_the_curve_that_differs(run: Run, folder: Path) -> None:
    notebook = solve(read_template(DIFFUSION))
    cell = next(c for c in notebook.cells if "def beta_schedule" in c.source)
    cell.source += (
        "\n_right = beta_schedule\n"
        "def beta_schedule(beta1, beta2, T, schedule='linear'):\n"
        "    return _right(beta1, beta2, T, schedule) * (0.9 if schedule == 'linear' else 1)\n"
    )
    text = json.dumps(notebook).replace("\\n", "\\r\\n")  # as an editor on Windows saves it
    (folder / DIFFUSION).write_bytes(text.encode())
    done = run(folder, "--lang", "ko", "--json", "found.json")
    assert done.returncode == 0, done.stderr
    assert marks(done)["beta_schedule.linear"] == ":("
    assert marks(done)["beta_schedule.cosine"] == ":)"
    assert marks(done)["loss.epsilon"] == ":)"
    assert "linear 스케줄이 맞지 않습니다: t = 1부터 올바른 곡선에서 벗어납니다" in done.stdout
    assert (folder / "selfcheck" / "schedules.png").stat().st_size > 2000
    found = json.loads((folder / "found.json").read_text("utf-8"))
    linear = next(c for c in found["checks"] if c["id"] == "beta_schedule.linear")
    assert linear["mark"] == ":("
    assert linear["message"].startswith("The linear schedule is not right")


def test_a_folder_without_the_assignment_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "run this in the folder of the assignment" in done.stderr


def test_a_damaged_notebook_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / DIFFUSION).write_text("{", "utf-8")
    done = run(tmp_path)
    assert done.returncode == 0
    assert "노트북이 없습니다" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("lang", "said"), [("en", "lacks: torch,"), ("ko", "없는 패키지: torch,")])
def test_what_is_not_installed_is_named(pyz: Path, folder: Path, lang: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(pyz), "--lang", lang],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "pip install torch torchvision numpy" in done.stderr


def test_without_scipy_only_pictures_are_not_looked_at(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    solve_in(folder)
    with_picture = tmp_path / "example"
    example = PACKAGE.parent / "examples" / "2023-12345.tar.gz"
    shutil.unpack_archive(example, with_picture, filter="data")
    shutil.rmtree(with_picture / "results_sample_cosine")
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "scipy.py").write_text("raise ModuleNotFoundError(\"No module named 'scipy'\")\n")
    done = run(with_picture, PYTHONPATH=str(stub))
    assert set(of_code(marks(done)).values()) == {":)"}
    assert marks(done)["image_quality.clear_digits"] == ":|"
    assert "pip install scipy" in done.stdout


AS_ON_WINDOWS = """
import builtins, os, types
LACKING, real = {"resource", "fcntl", "pwd", "grp", "termios"}, builtins.__import__
def only_windows(name, globals=None, *more, **others):
    asking = (globals or {}).get("__name__", "")
    if name in LACKING and asking.split(".")[0] in ("grader", "__main__"):
        raise ImportError(name)
    found = real(name, globals, *more, **others)
    if name == "socket" and asking == "grader.sandbox.connection":
        return types.SimpleNamespace(**{k: v for k, v in vars(found).items() if k != "AF_UNIX"})
    return found
builtins.__import__ = only_windows
del os.killpg, os.nice
"""


def test_without_what_windows_lacks_the_code_is_checked(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    solve_in(folder)
    stub = tmp_path / "windows"
    stub.mkdir()
    (stub / "sitecustomize.py").write_text(AS_ON_WINDOWS)
    done = run(folder, PYTHONPATH=str(stub))
    assert set(of_code(marks(done)).values()) == {":)"}, done.stdout + done.stderr


def test_an_old_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ast.parse((PACKAGE / "selfcheck" / "start.py").read_text("utf-8"), feature_version=(3, 7))
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    assert start.problem("en") == "The self-check needs Python 3.11 or newer; this is 3.9."
    assert "Python 3.11 이상" in str(start.problem("ko"))


def test_it_checks_again_when_a_file_is_saved(pyz: Path, folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, str(pyz), "--watch"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        seen, saved = [], 0
        for line in running.stdout:
            seen.append(line)
            if line.startswith("Waiting"):
                saved += 1
                if saved == 2:
                    break
                time.sleep(0.1)
                solve_in(folder)
        running.terminate()
    assert ":( beta_schedule.linear" in "".join(seen)
    assert ":) beta_schedule.linear" in "".join(seen)
    assert f"Saved: {DIFFUSION}\n" in seen
    assert "    :( -> :) beta_schedule.linear\n" in seen


def test_packing_runs_it_and_is_not_kept_by_it(pyz: Path, folder: Path) -> None:
    shutil.copy(COLLECT_SCRIPT, folder)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}

    def collect(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["./CollectSubmission.sh", *words]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)

    shutil.copy(pyz, folder / "selfcheck.pyz")
    assert ":( beta_schedule.linear" in collect("2000-00000").stdout
    assert ":(" not in collect("--no-check", "2000-00000").stdout
    (folder / "selfcheck.pyz").write_text("raise SystemExit(3)")
    (folder / "2000-00000.tar.gz").unlink()
    done = collect("2000-00000")
    assert done.returncode == 0
    assert "the self-check did not run to its end" in done.stderr
    assert (folder / "2000-00000.tar.gz").is_file()


def test_it_is_one_small_file_and_the_same_each_time(pyz: Path, tmp_path: Path) -> None:
    build_selfcheck(tmp_path / "again.pyz")
    assert (tmp_path / "again.pyz").read_bytes() == pyz.read_bytes()
    assert pyz.stat().st_size < 3e6


def in_a_shell(pyz: Path, folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    command = f'"{sys.executable}" "{pyz}" {words}'
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    "words",
    [
        "| head -1",
        pytest.param("--json - 2>&1 >/dev/null | head -1", marks=pytest.mark.slow),
        pytest.param(">&-", marks=pytest.mark.slow),
    ],
)
def test_nobody_needs_to_read_to_its_end(pyz: Path, folder: Path, words: str) -> None:
    done = in_a_shell(pyz, folder, f"{words}; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) <= 1


def test_json_on_stdout_is_read_in_any_encoding_even_of_a_damaged_notebook(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "과제 2-1.ipynb").write_text("{", "utf-8")
    done = run(tmp_path, "--json", "-", PYTHONIOENCODING="ascii")
    found = json.loads(done.stdout)
    assert found["packed"] == ["과제 2-1.ipynb"]
    assert {check["mark"] for check in found["checks"]} == {":|"}
    assert [flag["id"] for flag in found["flags"]] == ["rejected"]


def test_nothing_is_kept_and_nothing_taken_from_the_home(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    begins = home / ".ipython" / "profile_default" / "startup" / "mine.py"
    begins.parent.mkdir(parents=True)
    begins.write_text("import numpy as np, builtins\nbuiltins.np = np\n")
    solve_in(folder)
    text = (folder / DIFFUSION).read_text("utf-8")
    (folder / DIFFUSION).write_text(text.replace("import numpy as np", "import numpy"), "utf-8")
    before = sorted(home.rglob("*"))
    done = run(folder, HOME=str(home), IPYTHONDIR="", PYTHONSTARTUP=str(begins))
    assert "NameError: name 'np' is not defined (cell " in done.stdout
    assert sorted(home.rglob("*")) == before


def test_a_file_that_cannot_be_written_is_one_line(run: Run, folder: Path) -> None:
    (folder / "selfcheck").write_text("in the way of the folder for pictures")
    done = run(folder, "--json", "nowhere/found.json")
    assert done.returncode == 2
    assert done.stderr == "nowhere/found.json: No such file or directory\n"


def test_the_template_alone_is_not_changed_by_it(run: Run, folder: Path) -> None:
    before = (folder / DIFFUSION).read_bytes()
    write(folder / "other.ipynb", {"cells": [], "nbformat": 4, "nbformat_minor": 0, "metadata": {}})
    run(folder)
    assert (folder / DIFFUSION).read_bytes() == before
