"""Which tiles are copies of real digits, and which are not."""

from collections.abc import Callable

import numpy as np
import pytest

from grader.arrays import Array
from grader.digits import real
from grader.digits.labelled import sheets
from grader.digits.real import INDEX, near_real
from grader.digits.training.index import build
from tests.digits.conftest import RandomGrids
from tests.redteam.real import blurred, in_noise, pasted, scaled, shifted, training, turned

SHEETS = [s for part in ("training", "calibration", "held_out", "second") for s in sheets(part)]  # type: ignore[arg-type]


def test_no_sheet_that_a_model_drew_is_a_copy() -> None:
    assert [sheet.name for sheet in SHEETS if near_real(sheet.ink)] == []


@pytest.mark.parametrize("seed", range(5))
def test_real_digits_that_are_not_in_the_index_are_as_far_as_good_samples(
    seed: int, random_grids: RandomGrids
) -> None:
    assert near_real(random_grids(seed)) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda tiles: tiles,
        lambda tiles: 0.3 * tiles,
        lambda tiles: shifted(tiles, 3),
        lambda tiles: in_noise(tiles, 0.2),
        lambda tiles: turned(tiles, 10),
        lambda tiles: scaled(tiles, 0.1),
        lambda tiles: blurred(tiles, 0.7),
        lambda tiles: in_noise(shifted(turned(tiles, 8), 2), 0.1),
    ],
)
@pytest.mark.parametrize(("first", "rows"), [(0, 10), (10, 4)])
def test_training_digits_are_found_however_they_were_changed(
    change: Callable[[Array], Array], first: int, rows: int
) -> None:
    assert near_real(change(pasted(first, rows))) >= 0.4 * 10 * rows


def test_a_few_real_digits_among_generated_ones_are_left_alone() -> None:
    drawn = next(s for s in SHEETS if len(s.ink) == 10).ink.reshape(-1, 28, 28).copy()
    drawn[:15] = pasted()[:15]
    assert near_real(drawn) == 0


def test_nothing_blank_or_noisy_is_a_copy() -> None:
    assert near_real(np.zeros((100, 28, 28), np.float32)) == 0
    assert near_real(np.random.default_rng(0).random((100, 28, 28)).astype(np.float32)) == 0


def test_without_the_index_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real.index.cache_clear()
    monkeypatch.setattr(real, "INDEX", INDEX.with_name("not_there.npz"))
    assert near_real(pasted()) == 0
    real.index.cache_clear()


def test_the_index_is_made_of_any_digits() -> None:
    images = np.uint8(training().reshape(-1, 28, 28) * 255)
    digits = np.tile(np.arange(10), 40)
    made = build(images, digits)
    assert made["codes"].shape == (400, 32)
    assert made["codes"].dtype == np.int8
    assert list(made["starts"]) == list(range(0, 401, 40))
