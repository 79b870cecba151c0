"""``ddpm-grader template build`` and ``check``, by the command line."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader.cli import cli
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE, read_template, solve
from grader.kit.given import Finding
from grader.paths import COLLECT_SCRIPT, TEMPLATE_DIR


@pytest.fixture
def template(tmp_path: Path) -> Path:
    folder = tmp_path / "template"
    shutil.copytree(TEMPLATE_DIR, folder)
    return folder


def template_command(*words: str) -> Result:
    return CliRunner().invoke(cli, ["template", *words])


def test_build_packs_what_students_are_given(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        done = template_command("build", "--output", str(tmp_path / folder))
        assert done.exit_code == 0, done.output
    one, two = (tmp_path / folder / "Assignment2.tar.gz" for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as archive:
        modes = {member.name: member.mode for member in archive}
    executable = {COLLECT_SCRIPT.name, "selfcheck.pyz"}
    assert set(modes) == {DIFFUSION, TEXT_TO_IMAGE, *executable}
    assert {name for name, mode in modes.items() if mode & 0o100} == executable


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = template_command("build", "--output", str(tmp_path / "file"))
    assert done.exit_code == 2


def test_the_help_says_what_the_exit_codes_mean() -> None:
    said = " ".join(template_command("check", "--help").output.split())
    assert "Exit code 0 if all pass, 1 if one fails." in said


def test_check_says_that_the_given_template_is_fine() -> None:
    done = template_command("check")
    assert done.exit_code == 0, done.output
    assert done.output.count("✓ ") == 17
    assert "✗" not in done.output


def test_check_names_what_is_wrong_and_says_so_by_its_exit_code(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grader.kit import proof

    monkeypatch.setattr(
        proof, "prove", lambda *_: [Finding("unsolved", "loss earns 5 points.", "")]
    )
    solved = solve(read_template(DIFFUSION))
    (template / DIFFUSION).write_text(json.dumps(solved), "utf-8")
    done = template_command("check", str(template))
    assert done.exit_code == 1
    assert "✗ no solution: 100% of the solution of beta_schedule" in done.output
    assert "✗ unsolved: loss earns 5 points." in done.output


def test_a_template_that_is_no_notebook_is_not_run(template: Path) -> None:
    (template / DIFFUSION).write_text("{", "utf-8")
    done = template_command("check", str(template))
    assert done.exit_code == 1
    assert f"✗ valid: {DIFFUSION}" in done.output
    assert "unsolved" not in done.output
