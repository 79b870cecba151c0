"""``ddpm-grader grade`` as TAs and scripts use it."""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from grader.cli import cli, main
from grader.errors import SandboxUnavailable
from grader.kit.fill import DIFFUSION, REGIONS, TEXT_TO_IMAGE, read_template, solve
from grader.paths import PACKAGE, RUBRIC_DIR, TEMPLATE_DIR
from tests.fairness.grading import ITEMS, items_of
from tests.sharing import known, shared

__all__ = ["known", "shared"]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "2023-12345.tar.gz"
SCHEMA = json.loads((PACKAGE / "result.schema.json").read_text("utf-8"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def grade(*arguments: object) -> dict[str, Any]:
    done = run("grade", *arguments, "--json", "-")
    assert done.exit_code == 0, done.output
    result: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(result, SCHEMA)
    return result


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """A folder that a student with a full solution would hand in."""
    folder = tmp_path / "2024-54321"
    folder.mkdir()
    nbformat.write(solve(read_template(DIFFUSION)), folder / DIFFUSION)
    shutil.copy(TEMPLATE_DIR / TEXT_TO_IMAGE, folder)
    return folder


@pytest.fixture
def unsolved(tmp_path: Path) -> Path:
    """The template, handed in as it was given out."""
    folder = tmp_path / "2024-00000"
    shutil.copytree(TEMPLATE_DIR, folder)
    return folder


@pytest.mark.usefixtures("shared")
def test_the_example_earns_all_that_is_judged() -> None:
    result = grade(EXAMPLE)
    assert result["student_id"] == "2023-12345"
    assert sum(item["points"] for item in items_of(result).values()) == 40
    assert result["status"] == "graded"  # nothing is left to a person
    assert result["points"] >= 99
    assert result["flags"] == [f for f in result["flags"] if f["id"] == "left_out"]


@pytest.mark.usefixtures("shared")
def test_the_examples_clear_digits_are_counted_and_shown(tmp_path: Path) -> None:
    result = grade(EXAMPLE, "--out", tmp_path)
    (item,) = [item for item in result["items"] if item["id"] == "image_quality"]
    clarity = result["clarity"]
    assert (clarity["source"], clarity["total"], len(clarity["tiles"])) == ("notebook", 100, 100)
    assert clarity["clear"] == sum(tile["clear"] for tile in clarity["tiles"])
    assert item["points"] == clarity["clear"] / 10
    assert clarity["clear"] >= 80
    assert item["points"] >= 9
    for name in ("clarity.png", "text_to_image.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 600


@pytest.mark.usefixtures("shared")
def test_the_template_solved_by_the_reference_earns_forty(solved: Path) -> None:
    items = items_of(grade(solved))
    assert {name: item["status"] for name, item in items.items()} == dict.fromkeys(ITEMS, "passed")


@pytest.mark.usefixtures("shared")
def test_the_template_unsolved_earns_nothing_and_is_missing(unsolved: Path) -> None:
    result = grade(unsolved)
    assert result["points"] == 0
    states = {name: item["status"] for name, item in items_of(result).items()}
    assert states == dict.fromkeys(ITEMS, "missing")


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_one_region_solved_alone_earns_its_item(unsolved: Path, region: str) -> None:
    nbformat.write(solve(read_template(DIFFUSION), only=[region]), unsolved / DIFFUSION)
    own = dict(zip(REGIONS, ITEMS, strict=True))[region]
    points = {name: item["points"] for name, item in items_of(grade(unsolved)).items()}
    assert points == {name: 10 if name == own else 0 for name in ITEMS}


def test_the_same_seed_gives_the_same_result(solved: Path) -> None:
    first, second = grade(solved, "--seed", 5), grade(solved, "--seed", 5)
    assert {**first, "seconds": {}} == {**second, "seconds": {}}


def test_with_and_without_sandbox_agree(solved: Path) -> None:
    walled, open_ = grade(solved), grade(solved, "--sandbox", "none")
    assert {**walled, "seconds": {}} == {**open_, "seconds": {}}


def test_no_sandbox_is_never_silent(unsolved: Path) -> None:
    done = run("grade", unsolved, "--sandbox", "none", "--json", "-")
    assert "without a sandbox" in done.stderr


@pytest.mark.usefixtures("shared")
def test_the_table_is_for_people_and_says_why(unsolved: Path) -> None:
    done = run("grade", unsolved)
    assert done.exit_code == 0
    for text in ("beta_schedule", "missing", "0 / 100", "not implemented yet"):
        assert text in " ".join(done.stdout.split())


@pytest.mark.usefixtures("shared")
def test_json_goes_to_stdout_alone(unsolved: Path) -> None:
    done = run("grade", unsolved, "--json", "-")
    json.loads(done.stdout)
    assert "beta_schedule" in done.stderr


@pytest.mark.usefixtures("shared")
def test_out_holds_the_result(unsolved: Path, tmp_path: Path) -> None:
    done = run("grade", unsolved, "--out", tmp_path / "out", "--json", tmp_path / "copy.json")
    assert done.exit_code == 0
    text = (tmp_path / "out/result.json").read_text("utf-8")
    assert text == (tmp_path / "copy.json").read_text("utf-8")
    jsonschema.validate(json.loads(text), SCHEMA)


def test_a_damaged_archive_is_rejected_in_one_sentence(tmp_path: Path) -> None:
    whole = tmp_path / "2020-11111.tar.gz"
    with tarfile.open(whole, "w:gz") as archive:
        archive.add(TEMPLATE_DIR / DIFFUSION, DIFFUSION)
    whole.write_bytes(whole.read_bytes()[:900])
    result = grade(whole)
    assert result["status"] == "rejected"
    assert result["student_id"] == "2020-11111"
    assert result["points"] == 0
    assert [flag["id"] for flag in result["flags"]] == ["rejected"]
    assert "Traceback" not in json.dumps(result)


def test_a_damaged_notebook_leaves_its_items_to_a_ta_and_nothing_else(unsolved: Path) -> None:
    (unsolved / DIFFUSION).write_text('{"cells": [')
    result = grade(unsolved)
    assert result["status"] == "needs_review"
    found = items_of(result)
    for item in ("beta_schedule", "schedule_parameters", "loss", "sampling"):
        assert found[item]["status"] == "needs_review"
        assert DIFFUSION in found[item]["checks"][0]["message"]


def test_without_notebook_2_1_its_items_are_missing(unsolved: Path) -> None:
    (unsolved / DIFFUSION).unlink()
    result = grade(unsolved)
    assert {i["status"] for i in items_of(result).values()} == {"missing"}


@pytest.mark.usefixtures("shared")
def test_every_left_out_statement_has_a_reason(solved: Path) -> None:
    left_out = [f["message"] for f in grade(solved)["flags"] if f["id"] == "left_out"]
    assert any("nvidia-smi" in message for message in left_out)
    assert all(message.startswith("Cell ") for message in left_out)


def test_the_name_of_a_file_is_no_control_sequence(tmp_path: Path) -> None:
    file = tmp_path / "2020-11111\x1b[31m\n.tar.gz"
    file.write_bytes(b"no archive")
    assert grade(file)["submission"]["file"] == "2020-11111?[31m?.tar.gz"
    assert "\x1b" not in run("grade", file).output


def test_text_of_students_is_no_markup(solved: Path) -> None:
    notebook = nbformat.read(solved / DIFFUSION, as_version=4)
    for cell in notebook.cells:
        if "def beta_schedule" in cell.source:
            cell.source += (
                "\ndef beta_schedule(*a):\n    raise ValueError('[red]x[/nope] \\x1b[31m')\n"
            )
    nbformat.write(notebook, solved / DIFFUSION)
    done = run("grade", solved)
    assert done.exit_code == 0
    assert "\x1b[31m" not in done.stdout
    assert "[red]x[/nope]" in "".join(done.stdout.replace("│", "").split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("grade",),
        ("grade", "/nowhere/2020-00000.tar.gz"),
        ("grade", TEMPLATE_DIR, "--run", "half"),
        ("grade", TEMPLATE_DIR, "--sandbox", "paper"),
        ("grade", TEMPLATE_DIR, "--seed", "-1"),
        ("grade", TEMPLATE_DIR, "--limit", "patience=3"),
        ("grade", TEMPLATE_DIR, "--limit", "processes=none"),
        ("grade", TEMPLATE_DIR, "--rubric", "/nowhere.toml"),
        ("mark",),
    ],
)
def test_wrong_usage_ends_with_2(arguments: tuple[object, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_wrong_rubric_ends_with_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rubric = tmp_path / "rubric.toml"
    text = (RUBRIC_DIR / "assignment2.toml").read_text("utf-8")
    rubric.write_text(text.replace("version = 1", "version = 3"), "utf-8")
    with pytest.raises(SystemExit) as end:
        main(["grade", str(TEMPLATE_DIR), "--rubric", str(rubric)])
    assert end.value.code == 2
    error = " ".join(capsys.readouterr().err.split())
    assert error.startswith("Error: The rubric")
    assert "version must be 1" in error


def test_a_sandbox_that_is_not_to_be_had_ends_with_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unavailable() -> None:
        raise SandboxUnavailable("user namespaces are forbidden")

    monkeypatch.setattr("grader.sandbox.bubblewrap.find", unavailable)
    with pytest.raises(SystemExit) as end:
        main(["grade", str(TEMPLATE_DIR), "--sandbox", "bubblewrap"])
    assert end.value.code == 3
    error = " ".join(capsys.readouterr().err.split())
    assert "user namespaces are forbidden" in error
    assert "--sandbox none" in error


def test_a_limit_can_be_overridden(solved: Path) -> None:
    result = grade(solved, "--limit", "submission-seconds=0.01")
    assert {i["status"] for i in items_of(result).values()} == {"timeout"}


def test_the_installed_command_works() -> None:
    command = Path(sys.executable).parent / "ddpm-grader"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "ddpm-grader" in done.stdout


def test_everything_runs_top_to_bottom(solved: Path) -> None:
    result = grade(solved, "--run", "everything")
    failed = [f["message"] for f in result["flags"] if f["id"] == "cell_failed"]
    assert failed == []
    assert {i["status"] for i in items_of(result).values()} == {"passed"}
