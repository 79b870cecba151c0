"""The Gradescope bundle, run in a folder laid out like Gradescope's."""

import html
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from grader.errors import SandboxUnavailable
from grader.gradescope import autograder
from grader.gradescope.bundle import build_bundle
from grader.kit.fill import DIFFUSION, read_template, solve
from grader.sandbox import InfraError

FORBID = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
NO_NAMESPACES = ["unshare", "--user", "--map-root-user", "sh", "-c", FORBID, "sh"]
FORGER = """
def beta_schedule(beta1, beta2, T, schedule='linear'):
    import os
    seen = [path for path in ({root!r}, '/autograder') if os.path.exists(path)]
    for path in ({results!r}, 'results.json', '../results/results.json'):
        try:
            with open(path, 'w') as file:
                file.write('{{"score": 100}}')
        except OSError:
            pass
    raise RuntimeError(f'saw {{seen}}')
"""

SCRIPTS = Path(autograder.__file__).parent / "scripts"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """/autograder, with a bundle unpacked as Gradescope does it and a solved notebook uploaded."""
    bundle = build_bundle(tmp_path)
    folder = tmp_path / "autograder"
    shutil.unpack_archive(bundle, folder / "source")
    submission = folder / "submission"
    submission.mkdir()
    solved = solve(read_template(DIFFUSION))
    (submission / DIFFUSION).write_text(json.dumps(solved), "utf-8")
    return folder


def run_autograder(root: Path, within: Sequence[str] = (), **environment: str) -> dict[str, Any]:
    paths = {"AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": sys.executable}
    done = subprocess.run(
        [*within, "bash", str(root / "source" / "run_autograder")],
        cwd=root / "source",
        env={**os.environ, **paths, "PYTHONPATH": str(root / "source"), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads((root / "results" / "results.json").read_text("utf-8"))
    return content


def test_loose_files_are_graded_by_the_bundle_s_own_sources(root: Path) -> None:
    found = run_autograder(root)
    assert found["score"] == 40
    scores = {test["name"]: test["score"] for test in found["tests"]}
    assert scores["beta_schedule"] == scores["sampling"] == 10
    assert scores["image_quality"] == 0


def test_a_failing_grader_leaves_results_without_points(root: Path) -> None:
    found = run_autograder(root, PYTHONPATH="/nowhere", AUTOGRADER_PYTHON="/bin/false")
    assert "score" not in found
    assert found == autograder.not_graded("Tell your TA.")


def test_what_a_student_sends_can_neither_read_the_script_nor_forge_the_result(root: Path) -> None:
    results = root / "results" / "results.json"
    results.parent.mkdir()
    notebook = solve(read_template(DIFFUSION), ["ddpm_schedules", "DDPM.forward", "DDPM.sample"])
    cell = next(cell for cell in notebook.cells if "def beta_schedule" in cell.source)
    cell.source += FORGER.format(root=str(root), results=str(results))
    (root / "submission" / DIFFUSION).write_text(json.dumps(notebook), "utf-8")
    found = run_autograder(root)
    scores = {test["name"]: test["score"] for test in found["tests"]}
    said = next(test["output"] for test in found["tests"] if test["name"] == "beta_schedule")
    assert "saw []" in html.unescape(said)
    assert scores["beta_schedule"] == 0
    assert scores["schedule_parameters"] == scores["loss"] == scores["sampling"] == 10
    assert found["score"] == 30


def test_in_a_container_without_namespaces_nothing_runs(root: Path) -> None:
    allowed = subprocess.run([*NO_NAMESPACES, "true"], capture_output=True).returncode == 0
    if not allowed:
        pytest.skip("this machine does not let namespaces be forbidden")
    found = run_autograder(root, NO_NAMESPACES)
    assert found == autograder.not_graded(autograder.NO_WALLS)


def test_without_a_sandbox_nothing_runs_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(name: str) -> None:
        raise SandboxUnavailable("bubblewrap cannot make namespaces here")

    monkeypatch.setattr(autograder, "choose_sandbox", refused)
    (tmp_path / "submission").mkdir()
    autograder.main(tmp_path)
    found = json.loads((tmp_path / "results" / "results.json").read_text("utf-8"))
    assert "score" not in found
    assert found["output"].startswith("infra_error: ")
    assert autograder.NO_WALLS in found["output"]
    assert "bubblewrap cannot make namespaces here" in capsys.readouterr().out


def test_a_fault_of_ours_gives_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from grader import pipeline

    def broken(*_: object, **__: object) -> None:
        raise InfraError("no kernel")

    monkeypatch.setattr(pipeline.KernelSession, "prepare", broken)
    submission = tmp_path / "submission"
    submission.mkdir()
    (submission / DIFFUSION).write_text(json.dumps(read_template(DIFFUSION)), "utf-8")
    autograder.main(tmp_path)
    found = json.loads((tmp_path / "results" / "results.json").read_text("utf-8"))
    assert "score" not in found
    assert "no kernel" in found["output"]


def test_one_archive_is_taken_several_are_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").touch()
    assert autograder.submission_in(tmp_path) == tmp_path / "a.tar.gz"
    (tmp_path / "b.tar.gz").touch()
    assert autograder.submission_in(tmp_path) == tmp_path


def test_the_bundle_is_the_same_each_time_and_its_scripts_can_run(tmp_path: Path) -> None:
    one, two = build_bundle(tmp_path / "one"), build_bundle(tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as packed:
        modes = {i.filename: i.external_attr >> 16 for i in packed.infolist()}
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    assert {"pyproject.toml", "grader/pipeline.py", "reference/ddpm.py"} <= set(modes)


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_the_scripts_are_clean(script: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, SCRIPTS / script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
