"""What image_final.png and gif_final.gif show: digits, noise, nothing, or real digits."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.utils import make_grid, save_image

from grader.digits.labelled import sheets
from grader.digits.regions import Array
from grader.sandbox import KernelSession
from grader.settings.evidence import same_pictures
from grader.settings.pictures import Shown, look_at_animation, look_at_image
from reference.pictures import save_final_gif
from tests.digits.conftest import RandomGrids

GENERATED = next(s for s in sheets("held_out") if len(s.ink) == 10).ink[:4].reshape(40, 28, 28)
Tiles = Array


def image(folder: Path, *halves: Tiles) -> Path:
    tiles = torch.from_numpy(np.concatenate(halves)).float()[:, None]
    path = folder / "image_final.png"
    save_image(make_grid(tiles, nrow=10), path)
    return path


def animation(folder: Path, frames: Sequence[Tiles]) -> Path:
    path = folder / "gif_final.gif"
    save_final_gif(path, np.stack(frames)[:, :, None])
    return path


@pytest.fixture
def real(random_grids: RandomGrids) -> Tiles:
    return random_grids(0)[:40]


@pytest.fixture
def noise() -> Tiles:
    return np.random.default_rng(0).normal(size=(40, 28, 28)).astype(np.float32)


def test_generated_digits_above_real_ones(
    clean: KernelSession, real: Tiles, tmp_path: Path
) -> None:
    seen = look_at_image(clean, image(tmp_path, GENERATED, real))
    assert seen.shown is Shown.DIGITS
    assert seen.tiles is not None
    assert seen.tiles.shape == (40, 28, 28)


def test_real_digits_above_the_same_are_no_work(
    clean: KernelSession, real: Tiles, tmp_path: Path
) -> None:
    assert look_at_image(clean, image(tmp_path, real, real)).shown is Shown.REAL
    moved = np.concatenate([real[10:], real[:10]])
    assert look_at_image(clean, image(tmp_path, moved, real)).shown is Shown.REAL


def test_noise_and_nothing_are_named(
    clean: KernelSession, real: Tiles, noise: Tiles, tmp_path: Path
) -> None:
    assert look_at_image(clean, image(tmp_path, noise, real)).shown is Shown.NOISE
    assert look_at_image(clean, image(tmp_path, 0 * noise, 0 * noise)).shown is Shown.BLANK
    assert look_at_image(clean, image(tmp_path, 0 * noise, real)).shown is Shown.BLANK


def test_what_is_no_picture_is_said_to_be_unreadable(
    clean: KernelSession, real: Tiles, tmp_path: Path
) -> None:
    whole = image(tmp_path, GENERATED, real).read_bytes()
    for content in (b"", b"<svg/>", whole[: len(whole) // 2]):
        (tmp_path / "broken.png").write_bytes(content)
        seen = look_at_image(clean, tmp_path / "broken.png")
        assert seen.shown is Shown.UNREADABLE
        assert seen.problem
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert look_at_image(clean, tmp_path / "bomb.png").shown is Shown.UNREADABLE


def test_an_animation_goes_from_noise_to_digits(
    clean: KernelSession, noise: Tiles, tmp_path: Path
) -> None:
    path = animation(tmp_path, [noise, GENERATED + noise / 2, GENERATED])
    assert look_at_animation(clean, path).shown is Shown.DIGITS


@pytest.mark.parametrize(
    ("kind", "shown"), [("still", Shown.STILL), ("noise", Shown.NOISE), ("one", Shown.STILL)]
)
def test_an_animation_that_does_not_is_named(
    kind: str, shown: Shown, clean: KernelSession, noise: Tiles, tmp_path: Path
) -> None:
    frames = {"still": [GENERATED] * 2, "noise": [noise, noise[::-1]], "one": [GENERATED]}[kind]
    assert look_at_animation(clean, animation(tmp_path, frames)).shown is shown


def test_equal_pictures_are_known_and_similar_ones_are_not(
    clean: KernelSession, real: Tiles, tmp_path: Path
) -> None:
    one, other = sorted(
        (s for s in sheets("held_out") if s.name.endswith("guided")), key=lambda s: s.name
    )[:2]
    seen = [
        look_at_image(clean, image(tmp_path, sheet.ink[:4].reshape(40, 28, 28), real))
        for sheet in (one, one, other)
    ]
    assert same_pictures(seen[0], seen[1])
    assert not same_pictures(seen[0], seen[2])  # drawn from the same noise by two models
