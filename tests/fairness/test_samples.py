"""Pictures of samples in whole submissions: they cost and earn ``image_quality`` and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbformat import NotebookNode
from scipy.ndimage import gaussian_filter

from tests.digits.conftest import RandomGrids
from tests.digits.renderings import Array, all_renderings, shown
from tests.digits.test_choose import output, png
from tests.fairness.grading import ITEMS, grade_notebook, solved_template, variant_notebook
from tests.sharing import known, shared

__all__ = ["known", "shared"]
pytestmark = pytest.mark.usefixtures("shared")

BUGS = Path(__file__).parent / "bugs"
WAYS = ("figure-60-dpi", "style-ggplot", "colours-viridis", "inverted", "jpeg-60", "subplots-dark")
FORGED = """
from PIL import Image
import numpy as np

Image.open = lambda *args, **kwargs: None
np.asarray = lambda *args, **kwargs: None
"""


def with_samples(notebook: NotebookNode, picture: Array) -> NotebookNode:
    """The notebook with this picture as the output of its last code cell."""
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    last.outputs = [output(png(picture))]
    return notebook


def points(notebook: NotebookNode, folder: Path) -> dict[str, float]:
    result: dict[str, Any] = grade_notebook(notebook, folder)
    named = (*ITEMS, "image_quality")
    return {item["id"]: item["points"] for item in result["items"] if item["id"] in named}


CODE = dict.fromkeys(ITEMS, 10)


@pytest.mark.parametrize("way", WAYS)
def test_clear_digits_earn_their_points_however_drawn(
    way: str, tmp_path: Path, random_grids: RandomGrids
) -> None:
    picture = dict(all_renderings())[way](random_grids(2))
    earned = points(with_samples(solved_template(), picture), tmp_path)
    assert earned.pop("image_quality") >= 9.6
    assert earned == CODE


def noise(tiles: Array) -> Array:
    return np.random.default_rng(0).random(tiles.shape).astype(np.float32)


def black(tiles: Array) -> Array:
    """But for a few tiles, so that the grid is found."""
    dark = tiles.copy()
    dark[5:95] = 0
    return dark


def next_column(tiles: Array) -> Array:
    return np.roll(tiles, 1, axis=0)


def mirrored(tiles: Array) -> Array:
    return np.ascontiguousarray(tiles[:, ::-1, ::-1].transpose(0, 2, 1))


def smeared(tiles: Array) -> Array:
    return np.asarray(gaussian_filter(tiles, (0, 4, 4)), dtype=np.float32)


@pytest.mark.parametrize("bug", [noise, black, next_column, mirrored, smeared])
def test_bad_samples_cost_this_item_only(
    bug: Any, tmp_path: Path, random_grids: RandomGrids
) -> None:
    picture = shown()(bug(random_grids(2)))
    earned = points(with_samples(solved_template(), picture), tmp_path)
    assert earned.pop("image_quality") <= 3.5  # 0, 1 and 8 stand mirroring
    assert earned == CODE


def test_wrong_code_does_not_cost_clear_samples(tmp_path: Path, random_grids: RandomGrids) -> None:
    wrong = variant_notebook(BUGS / "loss" / "alphabar_without_root.py")
    earned = points(with_samples(wrong, shown()(random_grids(2))), tmp_path)
    assert earned.pop("image_quality") >= 9.6
    assert earned == {**CODE, "loss": 0}


def test_code_of_the_notebook_has_no_say_in_what_its_pictures_show(
    tmp_path: Path, random_grids: RandomGrids
) -> None:
    notebook = solved_template()
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source += FORGED
    earned = points(with_samples(notebook, shown()(noise(random_grids(2)))), tmp_path)
    assert earned["image_quality"] == 0
