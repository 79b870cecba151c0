"""``ddpm-grader clarity`` as it is typed."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from grader.cli import main
from grader.paths import PACKAGE
from tests.digits.conftest import RandomGrids
from tests.digits.renderings import shown
from tests.digits.test_choose import DEFINITION, figure

SCHEMA = json.loads((PACKAGE / "result.schema.json").read_text("utf-8"))
Run = Callable[..., subprocess.CompletedProcess[str]]


def typed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("ddpm-grader")), "clarity", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The same in this process, which has imported what that takes long to."""

    def runs(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        words = ["clarity", *map(str, arguments)]
        with pytest.raises(SystemExit) as ended:
            main(words)
        code = ended.value.code
        return subprocess.CompletedProcess(words, int(code or 0), *capsys.readouterr())

    return runs


@pytest.fixture
def image(tmp_path: Path, random_grids: RandomGrids) -> Path:
    path = tmp_path / "samples.png"
    Image.fromarray(shown()(random_grids(0))).save(path)
    return path


def test_a_picture_is_counted_and_shown(image: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "new" / "overlay.png"
    done = typed(image, "--overlay", overlay)
    assert done.returncode == 0, done.stderr
    assert "of 100 digits are clear" in done.stdout
    with Image.open(overlay) as page:
        assert page.width > 600


def test_json_on_stdout_is_the_results_clarity(run: Run, image: Path) -> None:
    done = run(image, "--json", "-")
    clarity = json.loads(done.stdout)
    jsonschema.validate(clarity, {**SCHEMA["properties"]["clarity"], "$defs": SCHEMA["$defs"]})
    assert clarity["total"] == 100
    assert clarity["clear"] == sum(tile["clear"] for tile in clarity["tiles"])
    assert "of 100 digits are clear" in done.stderr


def test_a_notebook_is_counted(run: Run, tmp_path: Path, random_grids: RandomGrids) -> None:
    cells = [new_code_cell(DEFINITION), new_code_cell("x", outputs=[figure(random_grids(0))])]
    path = tmp_path / "Assignment2-1_diffusion.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    done = run(path, "--labels", "none", "--sandbox", "none")
    assert done.returncode == 0
    assert "cell 2" in done.stdout


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"text", bytes(range(256))])
def test_what_is_no_picture_is_wrong_usage_in_one_line(
    run: Run, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "strange\x1b[31m.png"
    path.write_bytes(content)
    done = run(path, "--overlay", tmp_path / "none.png", "--json", "-")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "cannot be read as a picture: The picture " in line
    assert "\x1b" not in line
    assert not (tmp_path / "none.png").exists()


def test_a_picture_without_digits_is_a_result(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "black.png")
    done = run(tmp_path / "black.png")
    assert done.returncode == 0
    assert "No picture of samples was found that can be counted." in done.stdout


def test_a_damaged_notebook_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text("{")
    done = run(path)
    assert done.returncode == 2
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run(tmp_path / "none.png").returncode == 2
