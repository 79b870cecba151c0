"""The example that is included, and the builder that makes it."""

import base64
import io
import json
import tarfile
from pathlib import Path

import nbformat
import pytest
import torch
from click.testing import CliRunner
from nbformat import NotebookNode
from PIL import Image

from grader.errors import GraderError
from grader.kit.example import build, main, painted
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE, read_template, solve
from grader.kit.guided import guided
from reference.weights import SETTINGS, load

INCLUDED = Path(__file__).resolve().parents[2] / "examples" / "2023-12345.tar.gz"
FINAL = ("image_final.png", "gif_final.gif", "model_final.pth")


def packed(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        files = {m.name.removeprefix("./"): archive.extractfile(m) for m in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file is not None}


def notebook_in(path: Path, name: str) -> NotebookNode:
    return nbformat.reads(packed(path)[name].decode(), as_version=4)


def sources(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


def pictures_in(notebook: NotebookNode) -> list[bytes]:
    """The pixels of every picture."""
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ()) if "data" in o]
    coded = [o.data["image/png"] for o in outputs if "image/png" in o.data]
    return [Image.open(io.BytesIO(base64.b64decode(c))).tobytes() for c in coded]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Folders of two settings, one of them finished, as training leaves them."""
    folder = tmp_path / "trained"
    finished = folder / "results_sample_cosine"
    finished.mkdir(parents=True)
    for name in (*FINAL, "samples_100.png"):
        (finished / name).write_bytes(name.encode())
    recipe = {
        "prediction": "sample",
        "schedule": "cosine",
        "epochs": 6,
        "n_feat": 24,
        "n_T": 300,
        "learning_rate": 0.002,
    }
    (finished / "losses.json").write_text(json.dumps({"recipe": recipe}))
    (folder / "results_sample_linear").mkdir()
    (folder / "results_sample_linear/unfinished.pth").write_bytes(b"x")
    return folder


def test_the_included_example_holds_todays_solution() -> None:
    def unset(cells: list[str]) -> list[str]:  # without the cell of hyper-parameters
        return [source for source in cells if "n_epoch = " not in source]

    diffusion = notebook_in(INCLUDED, DIFFUSION)
    solved = guided(solve(read_template(DIFFUSION)), 1.0)
    assert unset(sources(diffusion)) == unset(sources(solved))
    text_to_image = notebook_in(INCLUDED, TEXT_TO_IMAGE)
    assert sources(text_to_image) == sources(painted())
    assert pictures_in(text_to_image) == pictures_in(painted()) != []


def test_the_included_example_holds_the_trained_reference() -> None:
    files = packed(INCLUDED)
    for setting in SETTINGS:
        state = torch.load(
            io.BytesIO(files[f"results_{setting}/model_final.pth"]), weights_only=True
        )
        for name, weight in load(setting).nn_model.state_dict().items():
            assert torch.equal(state[f"nn_model.{name}"], weight), (setting, name)
        with Image.open(io.BytesIO(files[f"results_{setting}/gif_final.gif"])) as gif:
            assert getattr(gif, "n_frames", 1) >= 5


def test_says_what_it_lacks(tmp_path: Path) -> None:
    target = tmp_path / "out" / "2021-54321.tar.gz"
    warnings = build(target)
    assert set(packed(target)) == {DIFFUSION, TEXT_TO_IMAGE}
    for folder in ("epsilon_linear", "epsilon_cosine", "sample_linear", "sample_cosine"):
        assert any(f"results_{folder} is missing" in line for line in warnings)


def test_packs_final_files_and_the_recipe_that_made_them(tmp_path: Path, results: Path) -> None:
    target = tmp_path / "2021-54321.tar.gz"
    warnings = build(target, results)
    assert set(packed(target)) == {
        DIFFUSION,
        TEXT_TO_IMAGE,
        *(f"results_sample_cosine/{name}" for name in FINAL),
    }
    assert any("results_sample_linear/image_final.png is missing" in line for line in warnings)
    text = "\n".join(sources(notebook_in(target, DIFFUSION)))
    for line in (
        "n_T = 300  #",
        "n_feat = 24  #",
        "prediction_type = 'sample'  #",
        "lr = 0.002  #",
    ):
        assert f"\n{line}" in text


def test_same_input_packs_to_the_same_bytes(tmp_path: Path, results: Path) -> None:
    files = [tmp_path / name / "2021-54321.tar.gz" for name in ("first", "second")]
    for target in files:
        build(target, results)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_given_picture_becomes_the_output_that_is_graded(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG picture")
    target = tmp_path / "2021-54321.tar.gz"
    build(target, samples=picture)
    notebook = notebook_in(target, DIFFUSION)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [
        (index - len(code), output.data["image/png"])
        for index, cell in enumerate(code)
        for output in cell.outputs
    ]
    assert shown == [(-1, base64.b64encode(picture.read_bytes()).decode())]


def test_refuses_a_name_that_is_no_student_number(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match="'me' is not a student number"):
        build(tmp_path / "me.tar.gz")
    done = CliRunner().invoke(main, [str(tmp_path / "me.tar.gz")])
    assert done.exit_code == 1
    assert "Error: 'me' is not a student number" in done.output


def test_the_command_writes_the_file_and_tells_its_size(tmp_path: Path) -> None:
    target = tmp_path / "2021-54321.tar.gz"
    done = CliRunner().invoke(main, [str(target)])
    assert done.exit_code == 0
    assert target.is_file()
    assert f"wrote {target}" in done.output
