"""CollectSubmission.sh, run for real in made-up folders."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from grader.paths import COLLECT_SCRIPT

NOTEBOOKS = ("Assignment2-1_diffusion.ipynb", "Assignment2-2_TTI.ipynb")
FILES = ("image_final.png", "gif_final.gif", "model_final.pth")
FOLDERS = [f"results_{p}_{s}" for p in ("epsilon", "sample") for s in ("linear", "cosine")]
WITH_PICTURE = '{"cells": [{"outputs": [{"data": {"image/png": "iVBO"}}]}]}'


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    """An assignment folder from which nothing is missing, with a space and Korean in its name."""
    folder = tmp_path / "과제 2"
    folder.mkdir()
    shutil.copy(COLLECT_SCRIPT, folder)
    for name in NOTEBOOKS:
        (folder / name).write_text(WITH_PICTURE)
    for name in FOLDERS:
        (folder / name).mkdir()
        for file in FILES:
            (folder / name / file).write_bytes(b"x")
    return folder


def collect(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./CollectSubmission.sh", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
    )


def members(folder: Path, student: str = "2000-00000") -> set[str]:
    with tarfile.open(folder / f"{student}.tar.gz") as archive:
        return {name.removeprefix("./") for name in archive.getnames()}


EXPECTED = {*NOTEBOOKS, *(f"{folder}/{file}" for folder in FOLDERS for file in FILES)}


def test_packs_everything_without_a_warning(complete: Path) -> None:
    done = collect(complete, "2000-00000")
    assert done.returncode == 0
    assert done.stderr == ""
    assert members(complete) == EXPECTED


def test_packs_nothing_else(complete: Path) -> None:
    (complete / "data").mkdir()
    (complete / "data/big.bin").write_bytes(b"x")
    (complete / "notes.txt").write_text("mine")
    (complete / "results_epsilon_linear/image_ep5.png").write_bytes(b"x")
    (complete / "1999-11111.tar.gz").write_bytes(b"old")
    assert collect(complete, "2000-00000").returncode == 0
    assert members(complete) == EXPECTED


def test_can_be_run_again(complete: Path) -> None:
    collect(complete, "2000-00000")
    assert collect(complete, "2000-00000").returncode == 0
    assert members(complete) == EXPECTED


@pytest.mark.parametrize(
    "student",
    [
        "",
        "2000",
        "2000-0000",
        "2000-000000",
        "2000_00000",
        "abcd-efghi",
        "-x",
        "2000-00000 ",
        "２000-00000",
    ],
)
def test_refuses_what_is_no_student_number(complete: Path, student: str) -> None:
    done = collect(complete, student)
    assert done.returncode == 2
    assert "usage" in done.stderr
    assert not list(complete.glob("*.tar.gz"))


@pytest.mark.parametrize("arguments", [(), ("2000-00000", "2000-00001")])
def test_shows_usage_for_a_wrong_number_of_arguments(
    complete: Path, arguments: tuple[str, ...]
) -> None:
    done = collect(complete, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_warns_about_every_missing_file(complete: Path, name: str) -> None:
    (complete / name).unlink()
    done = collect(complete, "2000-00000")
    assert done.returncode == 0
    assert f"warning: {name} is missing" in done.stderr
    assert members(complete) == EXPECTED - {name}


def test_packs_what_a_link_points_to(complete: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "drive"
    elsewhere.mkdir()
    (elsewhere / "weights").write_bytes(b"trained elsewhere")
    model = complete / FOLDERS[0] / "model_final.pth"
    model.unlink()
    model.symlink_to(elsewhere / "weights")
    (complete / FOLDERS[1]).rename(elsewhere / "results")
    (complete / FOLDERS[1]).symlink_to(elsewhere / "results")
    assert collect(complete, "2000-00000").stderr == ""
    assert members(complete) == EXPECTED
    with tarfile.open(complete / "2000-00000.tar.gz") as archive:
        packed = archive.extractfile(f"./{FOLDERS[0]}/model_final.pth")
        assert packed is not None
        assert packed.read() == b"trained elsewhere"


def test_says_so_where_the_archive_cannot_be_written(complete: Path) -> None:
    (complete / "2000-00000.tar.gz").mkdir()
    done = collect(complete, "2000-00000")
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert not list(complete.glob(".*partial"))


@pytest.mark.parametrize("name", FOLDERS)
def test_warns_about_a_missing_folder_once(complete: Path, name: str) -> None:
    shutil.rmtree(complete / name)
    done = collect(complete, "2000-00000")
    assert done.stderr.count(name) == 1


def test_warns_about_empty_files(complete: Path) -> None:
    (complete / "results_sample_linear/model_final.pth").write_bytes(b"")
    assert "model_final.pth is empty" in collect(complete, "2000-00000").stderr


def test_warns_about_cleared_outputs(complete: Path) -> None:
    (complete / NOTEBOOKS[0]).write_text('{"cells": [{"outputs": []}]}')
    done = collect(complete, "2000-00000")
    assert done.returncode == 0
    assert f"{NOTEBOOKS[0]} shows no picture" in done.stderr


def test_takes_notebooks_with_strange_names(complete: Path) -> None:
    for name in ("-dash.ipynb", "Assignment2-1_diffusion (1).ipynb", "과제.ipynb"):
        (complete / name).write_text(WITH_PICTURE)
    assert collect(complete, "2000-00000").returncode == 0
    assert len(members(complete)) == len(EXPECTED) + 3


def test_says_so_where_there_is_nothing(tmp_path: Path) -> None:
    shutil.copy(COLLECT_SCRIPT, tmp_path)
    done = collect(tmp_path, "2000-00000")
    assert done.returncode == 1
    assert "nothing" not in done.stdout
    assert "no notebook and no result" in done.stderr
    assert not list(tmp_path.glob("*.tar.gz"))


def test_leaves_no_half_archive_when_packing_fails(complete: Path, tmp_path: Path) -> None:
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "tar").write_text("#!/bin/sh\nexit 1\n")
    (broken / "tar").chmod(0o755)
    done = collect(complete, "2000-00000", PATH=f"{broken}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "packing failed" in done.stderr
    assert not [path for path in complete.iterdir() if ".tar.gz" in path.name]


def test_shellcheck_has_nothing_to_say() -> None:
    found = shutil.which("shellcheck") or str(Path(sys.executable).parent / "shellcheck")
    done = subprocess.run([found, str(COLLECT_SCRIPT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_runs_in_other_shells(complete: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.fail(f"{shell} is not installed")
    done = subprocess.run([shell, "CollectSubmission.sh", "2000-00000"], cwd=complete, timeout=60)
    assert done.returncode == 0
    assert members(complete) == EXPECTED
