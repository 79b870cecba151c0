"""Which picture of a submission counts."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from grader.checks import image_quality
from grader.digits.choose import Found, find_samples
from grader.results import State
from grader.sandbox import KernelSession
from tests.digits.conftest import RandomGrids
from tests.digits.renderings import Array, grid_of, plain, shown, subplots

DEFINITION = "class DDPM(nn.Module):\n    pass"


def png(picture: Array) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def output(data: bytes, mime: str = "image/png") -> NotebookNode:
    return new_output("display_data", data={mime: base64.b64encode(data).decode("ascii")})


def cell(source: str, *outputs: NotebookNode) -> NotebookNode:
    return new_code_cell(source, outputs=list(outputs))


def figure(tiles: Array) -> NotebookNode:
    return output(png(shown()(tiles)))


def notebook(*cells: NotebookNode) -> NotebookNode:
    return new_notebook(cells=list(cells))


@pytest.fixture(scope="module")
def good(random_grids: RandomGrids) -> Array:
    return random_grids(1)


@pytest.fixture(scope="module")
def poor(good: Array, bad: Array) -> Array:
    """Half of the digits are lost in noise."""
    lost = np.random.default_rng(1).permutation(100)[:50]
    tiles = good.copy()
    tiles[lost] = bad[lost]
    return tiles


@pytest.fixture(scope="module")
def bad() -> Array:
    return np.random.default_rng(0).random((100, 28, 28)).astype(np.float32)


def test_the_last_figure_of_a_hundred_counts(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    epochs = [figure(bad), figure(bad[:40])]
    made = notebook(cell(DEFINITION), cell("train()", *epochs), cell("show()", figure(good)))
    found = find_samples(decoder, made, tmp_path)
    assert found.clarity is not None
    assert (found.clarity.source, str(found.clarity.where)) == ("notebook", "cell 3")
    assert found.clarity.clear >= 97
    assert image_quality.judge(found).fraction >= 0.97


def test_smaller_figures_after_it_do_not_hide_it(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    made = notebook(cell(DEFINITION), cell("a", figure(good)), cell("b", figure(bad[:20])))
    found = find_samples(decoder, made, tmp_path)
    assert found.clarity is not None
    assert str(found.clarity.where) == "cell 2"
    assert "cell 3: 2 x 10 tiles, not a hundred." in [str(said) for said in found.seen]


def test_a_figure_of_noise_after_it_makes_a_person_look(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    made = notebook(cell(DEFINITION), cell("samples", figure(good)), cell("way", figure(bad)))
    found = find_samples(decoder, made, tmp_path)
    verdict = image_quality.judge(found)
    assert found.clarity is not None
    assert str(found.clarity.where) == "cell 2"
    assert verdict.state is State.NEEDS_REVIEW
    assert verdict.fraction >= 0.97
    assert "(cell 3) shows 0 clear digits" in verdict.message


def test_the_last_figure_counts_though_an_earlier_one_is_better_and_both_are_said(
    decoder: KernelSession, tmp_path: Path, good: Array, poor: Array
) -> None:
    made = notebook(cell(DEFINITION), cell("first", figure(good)), cell("last", figure(poor)))
    verdict = image_quality.judge(find_samples(decoder, made, tmp_path))
    assert verdict.state is State.NEEDS_REVIEW
    assert 0.3 < verdict.fraction < 0.7
    assert "(cell 3)" in verdict.message
    assert "Another figure of a hundred tiles (cell 2) shows" in verdict.message


def test_many_figures_of_noise_below_do_not_hide_the_samples(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    way = [figure(bad) for _ in range(5)]
    made = notebook(cell(DEFINITION), cell("samples", figure(good)), cell("way", *way))
    found = find_samples(decoder, made, tmp_path)
    assert found.clarity is not None
    assert str(found.clarity.where) == "cell 2"
    assert image_quality.judge(found).state is State.NEEDS_REVIEW


def test_noise_beside_a_good_figure_of_forty_is_left_to_a_person(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    made = notebook(cell(DEFINITION), cell("a", figure(good[:40])), cell("b", figure(bad)))
    verdict = image_quality.judge(find_samples(decoder, made, tmp_path))
    assert verdict.state is State.NEEDS_REVIEW
    assert "A smaller figure (cell 2) shows" in verdict.message


def not_read(mime: str) -> NotebookNode:
    return new_output("display_data", data={mime: "x"})


@pytest.mark.parametrize(
    ("mime", "digits", "asked"),
    [
        ("application/pdf", "good", True),
        ("application/pdf", "poor", True),
        ("application/vnd.vega.v5+json", "good", False),  # a chart, most likely
        ("application/vnd.vega.v5+json", "poor", True),
        ("video/mp4", "poor", False),
        ("application/x.table+json", "poor", False),
    ],
)
def test_a_person_looks_at_what_cannot_be_read_below_the_figure_if_it_may_count(
    decoder: KernelSession, mime: str, digits: str, asked: bool, request: pytest.FixtureRequest
) -> None:
    shown_there = figure(request.getfixturevalue(digits))
    made = notebook(cell(DEFINITION), cell("a", shown_there), cell("b", not_read(mime)))
    verdict = image_quality.judge(find_samples(decoder, made, None))
    assert (verdict.state is State.NEEDS_REVIEW) is asked
    assert ("In cell 3 there is a" in verdict.message) is asked


def test_what_stands_before_the_model_of_a_module_does_not_count(
    decoder: KernelSession, good: Array, poor: Array
) -> None:
    made = notebook(
        cell("from model import DDPM"),
        cell("preview", figure(good)),
        cell("ddpm = DDPM(nn_model)"),
        cell("samples", figure(poor)),
    )
    found = find_samples(decoder, made, None)
    assert found.clarity is not None
    assert (str(found.clarity.where), found.doubt) == ("cell 4", "")


def test_a_hundred_single_figures_beside_others_are_found(
    decoder: KernelSession, good: Array
) -> None:
    singles = [output(png((255 * tile).astype(np.uint8))) for tile in good]
    curve = output(png(np.full((300, 400, 3), 255, np.uint8)))
    made = notebook(cell(DEFINITION), cell("samples", curve, *singles, curve))
    found = find_samples(decoder, made, None)
    assert found.clarity is not None
    assert found.clarity.clear >= 96


def test_an_animation_below_does_not_replace_the_figure(
    decoder: KernelSession, tmp_path: Path, good: Array, poor: Array
) -> None:
    frames = [base64.b64encode(png(shown()(tiles))).decode("ascii") for tiles in (good, poor)]
    script = "".join(f'frames[{n}] = "data:image/png;base64,{f}"' for n, f in enumerate(frames))
    html = new_output("display_data", data={"text/html": f"<script>{script}</script>"})
    made = notebook(cell(DEFINITION), cell("samples", figure(good)), cell("animation", html))
    found = find_samples(decoder, made, tmp_path)
    assert found.clarity is not None
    assert (str(found.clarity.where), found.doubt) == ("cell 2", "")


def test_figures_from_before_the_model_do_not_count(
    decoder: KernelSession, tmp_path: Path, good: Array
) -> None:
    made = notebook(cell("preview", figure(good)), cell(DEFINITION), cell("samples"))
    found = find_samples(decoder, made, tmp_path)
    assert found == Found(None, [])
    assert image_quality.judge(found).state is State.MISSING


def test_a_second_copy_of_the_model_further_down_hides_nothing(
    decoder: KernelSession, tmp_path: Path, good: Array
) -> None:
    made = notebook(cell(DEFINITION), cell("samples", figure(good)), cell(DEFINITION))
    found = find_samples(decoder, made, tmp_path)
    assert found.clarity is not None
    assert str(found.clarity.where) == "cell 2"


def test_of_an_animation_in_html_the_last_picture_counts(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    frames = [base64.b64encode(png(shown()(tiles))).decode("ascii") for tiles in (bad, good)]
    page = "".join(f'<img src="data:image/png;base64,{frame}">' for frame in frames)
    html = new_output("display_data", data={"text/html": page})
    found = find_samples(decoder, notebook(cell(DEFINITION, html)), tmp_path)
    assert found.doubt == ""
    assert found.clarity is not None
    assert found.clarity.clear >= 96


def test_without_the_figure_the_best_final_picture_counts(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    for setting, tiles in (("epsilon_linear", bad), ("sample_linear", good)):
        folder = tmp_path / f"results_{setting}"
        folder.mkdir()
        eight_rows = np.concatenate([tiles[:40], good[:40]])
        (folder / "image_final.png").write_bytes(png(plain()(eight_rows)))
    found = find_samples(decoder, notebook(cell(DEFINITION)), tmp_path)
    assert found.clarity is not None
    assert found.clarity.total == 40
    assert found.clarity.clear >= 38
    assert found.clarity.source == "image_final"
    assert str(found.clarity.where) == "results_sample_linear/image_final.png"
    verdict = image_quality.judge(found)
    assert (verdict.state, verdict.fraction >= 0.95) == (State.NEEDS_REVIEW, True)
    assert "were its outputs cleared?" in verdict.message.lower()
    assert "scaled" in str(image_quality.note(found.clarity))


def with_finals(root: Path, tiles: dict[str, Array]) -> None:
    """Result folders whose pictures show these forty tiles and real digits below them."""
    for setting, shown_there in tiles.items():
        folder = root / f"results_{setting}"
        folder.mkdir()
        both = np.concatenate([shown_there[:40], shown_there[:40]])
        (folder / "image_final.png").write_bytes(png(plain()(both)))


SET = "prediction_type = 'epsilon'  # or 'sample'\nschedule = 'linear'"


def test_the_setting_that_the_notebook_names_counts_before_a_better_one(
    decoder: KernelSession, tmp_path: Path, good: Array, poor: Array
) -> None:
    with_finals(tmp_path, {"epsilon_linear": poor, "sample_linear": good})
    found = find_samples(decoder, notebook(cell(SET), cell(DEFINITION)), tmp_path)
    assert found.clarity is not None
    assert str(found.clarity.where) == "results_epsilon_linear/image_final.png"
    assert image_quality.judge(found).state is State.NEEDS_REVIEW


def test_cleared_outputs_and_noise_in_every_folder_fail(
    decoder: KernelSession, tmp_path: Path, bad: Array
) -> None:
    with_finals(tmp_path, {"epsilon_linear": bad, "sample_linear": bad})
    found = find_samples(decoder, notebook(cell(SET), cell(DEFINITION)), tmp_path)
    assert image_quality.judge(found).state is State.FAILED


def test_a_notebook_that_was_not_seen_is_not_said_to_be_cleared(
    decoder: KernelSession, tmp_path: Path, good: Array
) -> None:
    with_finals(tmp_path, {"epsilon_linear": good})
    verdict = image_quality.judge(find_samples(decoder, None, tmp_path))
    assert verdict.state is State.NEEDS_REVIEW
    assert "Notebook 2-1 could not be looked at." in verdict.message
    assert "cleared" not in verdict.message


@pytest.mark.parametrize("kind", ["photograph", "truncated", "four by four"])
def test_a_good_final_picture_does_not_silently_replace_the_notebook_s_own(
    decoder: KernelSession, tmp_path: Path, good: Array, kind: str
) -> None:
    with_finals(tmp_path, {"sample_cosine": good})
    sixteen = png((255 * np.clip(grid_of(good[:16], columns=4), 0, 1)).astype(np.uint8))
    shown_there = sixteen if kind == "four by four" else STRANGE[kind]
    made = notebook(cell(DEFINITION), cell("show()", output(shown_there)))
    verdict = image_quality.judge(find_samples(decoder, made, tmp_path))
    assert verdict.state is State.NEEDS_REVIEW
    assert verdict.fraction >= 0.9
    assert "cell 2" in verdict.message
    assert "cleared" not in verdict.message


def test_the_notebook_s_smaller_figure_counts_before_a_final_picture(
    decoder: KernelSession, tmp_path: Path, good: Array, poor: Array
) -> None:
    with_finals(tmp_path, {"sample_cosine": good})
    made = notebook(cell(DEFINITION), cell("show()", figure(poor[:40])))
    found = find_samples(decoder, made, tmp_path)
    assert found.clarity is not None
    assert str(found.clarity.where) == "cell 2"
    assert image_quality.judge(found).state is State.NEEDS_REVIEW


def test_real_digits_below_bad_samples_earn_nothing(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    (tmp_path / "image_final.png").write_bytes(png(plain()(np.concatenate([bad[:40], good[:40]]))))
    found = find_samples(decoder, None, tmp_path)
    assert found.clarity is not None
    assert (found.clarity.clear, found.clarity.total) == (0, 40)
    assert image_quality.judge(found).state is State.FAILED


def test_four_rows_without_real_digits_below_count(
    decoder: KernelSession, tmp_path: Path, good: Array
) -> None:
    (tmp_path / "image_final.png").write_bytes(png(plain()(good[:40])))
    found = find_samples(decoder, None, tmp_path)
    assert found.clarity is not None
    assert found.clarity.clear >= 38


@pytest.mark.parametrize("empty_rows", [1, 2, 4])
def test_real_digits_below_empty_rows_are_not_taken_for_samples(
    decoder: KernelSession, tmp_path: Path, good: Array, empty_rows: int
) -> None:
    tiles = good[:80].copy()
    tiles[: 10 * empty_rows] = 0
    (tmp_path / "image_final.png").write_bytes(png(plain()(tiles)))
    found = find_samples(decoder, None, tmp_path)
    verdict = image_quality.judge(found)
    assert verdict.fraction <= 1 - empty_rows / 4
    assert verdict.state in (State.NEEDS_REVIEW, State.PARTIAL)


def test_the_last_picture_of_the_animation_is_the_next_best(
    decoder: KernelSession, tmp_path: Path, good: Array, bad: Array
) -> None:
    draw = subplots((8, 3), 100, axis=True)
    frames = [Image.fromarray(draw(tiles)) for tiles in (bad[:40], good[:40])]
    frames[0].save(tmp_path / "gif_final.gif", save_all=True, append_images=frames[1:])
    found = find_samples(decoder, None, tmp_path)
    assert found.clarity is not None
    assert found.clarity.total == 40
    assert found.clarity.clear >= 38


def test_a_smaller_figure_is_scaled_and_left_to_a_person(
    decoder: KernelSession, tmp_path: Path, good: Array
) -> None:
    found = find_samples(decoder, notebook(cell(DEFINITION, figure(good[:40]))), tmp_path)
    verdict = image_quality.judge(found)
    assert verdict.state is State.NEEDS_REVIEW
    assert verdict.fraction >= 0.95


def test_clear_digits_in_another_order_are_left_to_a_person(
    decoder: KernelSession, tmp_path: Path, good: Array
) -> None:
    turned = good.reshape(10, 10, 28, 28).transpose(1, 0, 2, 3).reshape(100, 28, 28)
    found = find_samples(decoder, notebook(cell(DEFINITION, figure(turned))), tmp_path)
    assert image_quality.judge(found).state is State.NEEDS_REVIEW


def photograph() -> Array:
    """Smooth colours without a grid."""
    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return np.asarray(small.resize((320, 240), Image.Resampling.BICUBIC))


STRANGE = {
    "photograph": png(photograph()),
    "one pixel": png(np.zeros((1, 1, 3), np.uint8)),
    "black": png(np.zeros((300, 300, 3), np.uint8)),
    "svg": b"<svg/>",
    "truncated": png(photograph())[:900],
}


@pytest.mark.parametrize("kind", STRANGE)
def test_pictures_without_a_grid_are_left_to_a_person(
    decoder: KernelSession, tmp_path: Path, kind: str
) -> None:
    made = notebook(cell(DEFINITION), cell("show()", output(STRANGE[kind])))
    verdict = image_quality.judge(find_samples(decoder, made, tmp_path))
    assert verdict.state is State.NEEDS_REVIEW
    assert verdict.fraction == 0
    assert verdict.details["seen"]
    assert "cell 2" in verdict.message


def test_coloured_photographs_in_a_grid_are_no_digits(
    decoder: KernelSession, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    page = Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    grid = np.asarray(page.resize((300, 300), Image.Resampling.BICUBIC)).copy()
    grid[::30], grid[:, ::30] = 0, 0
    found = find_samples(decoder, notebook(cell(DEFINITION, output(png(grid)))), tmp_path)
    assert found.clarity is None or found.clarity.clear <= 1


@pytest.mark.parametrize("form", ["jpeg", "html", "gif"])
def test_pictures_in_other_forms_count(
    decoder: KernelSession, tmp_path: Path, good: Array, form: str
) -> None:
    page, file = Image.fromarray(shown()(good)), io.BytesIO()
    page.save(file, {"html": "png"}.get(form, form))
    if form == "html":
        text = base64.b64encode(file.getvalue()).decode("ascii")
        shown_as = new_output(
            "display_data", data={"text/html": f'<img src="data:image/png;base64,{text}">'}
        )
    else:
        shown_as = output(file.getvalue(), f"image/{form}")
    found = find_samples(decoder, notebook(cell(DEFINITION, shown_as)), tmp_path)
    assert found.clarity is not None
    assert found.clarity.clear >= 96


def test_rows_of_eight_keep_the_order_of_the_samples(
    decoder: KernelSession, tmp_path: Path, good: Array
) -> None:
    page = (np.clip(grid_of(good, columns=8), 0, 1) * 255).astype(np.uint8)
    found = find_samples(decoder, notebook(cell(DEFINITION, output(png(page)))), tmp_path)
    assert found.clarity is not None
    assert found.clarity.grid.shape == (13, 8)
    assert found.clarity.total == 100
    assert found.clarity.clear >= 97
