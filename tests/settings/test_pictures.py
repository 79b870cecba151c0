"""What image_final.png and gif_final.gif show: digits, noise, nothing, or real digits."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from torchvision.utils import make_grid, save_image

from grader.arrays import Array
from grader.assignment import PREDICTIONS, SETTINGS
from grader.checks.trained_setting import Context, judge_setting, picture
from grader.digits.labelled import sheets
from grader.results import State
from grader.sandbox import KernelSession, Outcome
from grader.settings.evidence import (
    KnownPictures,
    SettingEvidence,
    Twins,
    find_twins,
    look,
    same_pictures,
)
from grader.settings.folders import FILES, SettingFiles
from grader.settings.pictures import (
    VIEW,
    Shown,
    frame_of_page,
    look_at_animation,
    look_at_image,
)
from reference.pictures import save_final_gif
from tests.digits.conftest import RandomGrids

GENERATED = next(s for s in sheets("held_out") if len(s.ink) == 10).ink[:4].reshape(40, 28, 28)
OTHERS = next(s for s in sheets("held_out") if s.name.endswith("guided")).ink[:4]
OTHERS = OTHERS.reshape(40, 28, 28)
RIGHT = Context(dict.fromkeys(PREDICTIONS, True), dict.fromkeys(PREDICTIONS, True), 1.0)
Tiles = Array


def image(folder: Path, *halves: Tiles) -> Path:
    tiles = torch.from_numpy(np.concatenate(halves)).float()[:, None]
    path = folder / "image_final.png"
    save_image(make_grid(tiles, nrow=10), path)
    return path


def animation(folder: Path, frames: Sequence[Tiles]) -> Path:
    """As ``save_image`` lays tiles out, which is done sooner than 40 axes are drawn."""
    path = folder / "gif_final.gif"
    grids = [make_grid(torch.from_numpy(f.copy()).float()[:, None], nrow=10) for f in frames]
    first, *others = [Image.fromarray(np.uint8(g[0].clamp(0, 1) * 255)) for g in grids]
    first.save(path, save_all=True, append_images=others)
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


def test_pictures_that_are_known_are_not_looked_at_again(
    clean: KernelSession, real: Tiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "results_epsilon_linear"
    folder.mkdir()
    image(folder, GENERATED, real)
    animation(folder, [GENERATED / 2, GENERATED])
    known: KnownPictures = {}
    asked: list[str] = []
    ask = KernelSession.probe

    def heard(session: KernelSession, name: str, *rest: Any, **named: Any) -> Outcome:
        asked.append(name)
        return ask(session, name, *rest, **named)

    monkeypatch.setattr(KernelSession, "probe", heard)
    (first,) = look(tmp_path, clean, look_inside=False, known=known).values()
    assert first.image is not None
    assert first.image.shown is Shown.DIGITS
    before = len(asked)
    (again,) = look(tmp_path, clean, look_inside=False, known=known).values()
    assert again.image is first.image
    assert again.animation is first.animation
    assert len(asked) == before
    image(folder, real, real)
    (other,) = look(tmp_path, clean, look_inside=False, known=known).values()
    assert other.image is not None
    assert other.image.shown is Shown.REAL
    assert len(asked) > before


def test_pictures_that_cannot_be_read_do_not_become_known(
    clean: KernelSession, tmp_path: Path
) -> None:
    folder = tmp_path / "results_epsilon_linear"
    folder.mkdir()
    (folder / FILES["image"]).write_bytes(b"no picture")
    known: KnownPictures = {}
    (seen,) = look(tmp_path, clean, look_inside=False, known=known).values()
    assert seen.image is not None
    assert seen.image.shown is Shown.UNREADABLE
    assert not known


def test_real_digits_above_the_same_are_no_work(
    clean: KernelSession, real: Tiles, tmp_path: Path
) -> None:
    assert look_at_image(clean, image(tmp_path, real, real)).shown is Shown.REAL
    moved = np.concatenate([real[10:], real[:10]])
    assert look_at_image(clean, image(tmp_path, moved, real)).shown is Shown.REAL


def test_other_real_digits_than_those_below_are_noticed(
    clean: KernelSession, real: Tiles, random_grids: RandomGrids, tmp_path: Path
) -> None:
    others = random_grids(1)[40:80]
    assert look_at_image(clean, image(tmp_path, others, real)).shown is Shown.LIKE_REAL
    noisy = others + 0.01 * np.random.default_rng(0).normal(size=others.shape)
    assert look_at_image(clean, image(tmp_path, noisy, real)).shown is Shown.LIKE_REAL
    (tmp_path / "own").mkdir()
    own = look_at_image(clean, image(tmp_path / "own", others, real))
    verdict = picture("setting_epsilon_linear.image", FILES["image"], own, True)
    assert verdict.state is State.NEEDS_REVIEW
    assert verdict.fraction == 1


@pytest.mark.parametrize("title", ["", "epsilon / linear"])
def test_a_figure_of_the_image_is_seen_inside_its_margins(
    title: str, clean: KernelSession, real: Tiles, tmp_path: Path
) -> None:
    figure = Figure(figsize=(6, 5))
    axes = figure.subplots()
    axes.imshow(np.asarray(Image.open(image(tmp_path, GENERATED, real))))
    axes.set_title(title)
    figure.savefig(tmp_path / "figure.png")
    assert look_at_image(clean, tmp_path / "figure.png").shown is Shown.DIGITS


def test_a_margin_above_four_rows_is_no_blank_picture(clean: KernelSession, tmp_path: Path) -> None:
    digits = np.asarray(Image.open(image(tmp_path, GENERATED)).convert("L"))
    Image.fromarray(np.pad(digits, ((60, 0), (0, 0)))).save(tmp_path / "lower.png")
    assert look_at_image(clean, tmp_path / "lower.png").shown is Shown.NO_GRID


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
    """Drawn as the template draws it."""
    path = tmp_path / "gif_final.gif"
    save_final_gif(path, np.stack([noise, GENERATED])[:, :, None])
    assert look_at_animation(clean, path).shown is Shown.DIGITS


def test_tiles_on_a_white_page_are_found_by_the_noise_before(
    clean: KernelSession, noise: Tiles, tmp_path: Path
) -> None:
    """Black ink, and no line round the tiles."""
    frames = []
    for tiles in (noise, GENERATED):
        figure = Figure(figsize=(8, 3))
        for axis, tile in zip(figure.subplots(4, 10).flat, tiles, strict=True):
            axis.imshow(tile, cmap="gray_r")
            axis.axis("off")
        figure.savefig(tmp_path / "frame.png")
        frames.append(Image.open(tmp_path / "frame.png").convert("RGB"))
    frames[0].save(tmp_path / "gif_final.gif", save_all=True, append_images=frames[1:])
    assert look_at_animation(clean, tmp_path / "gif_final.gif").shown is Shown.DIGITS


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
    moved = np.roll(one.ink[:4], 1, axis=0).reshape(40, 28, 28)
    assert same_pictures(seen[0], seen[1])
    assert same_pictures(seen[0], look_at_image(clean, image(tmp_path, moved, real)))
    assert not same_pictures(seen[0], seen[2])  # drawn from the same noise by two models


def test_an_animation_of_another_setting_is_noticed(
    clean: KernelSession, noise: Tiles, tmp_path: Path
) -> None:
    look = [
        look_at_animation(clean, animation(tmp_path, [start, end]))
        for start, end in ((noise, GENERATED), (noise[::-1], GENERATED), (noise, OTHERS))
    ]
    found = [
        SettingEvidence(SettingFiles(name, {}, ()), animation=seen)
        for name, seen in zip(SETTINGS, look, strict=False)
    ]
    twins = find_twins(dict(zip(SETTINGS, found, strict=False)))
    assert twins == [Twins("epsilon_linear", "epsilon_cosine", "animations")]
    verdicts = {v.check: v for v in judge_setting(SETTINGS[0], found[0], RIGHT, twins)}
    assert verdicts["setting_epsilon_linear.animation"].state is State.NEEDS_REVIEW


def test_three_pictures_of_an_animation_are_kept_for_people(
    clean: KernelSession, noise: Tiles, tmp_path: Path
) -> None:
    between = 0.5 * noise + 0.5 * GENERATED
    views = look_at_animation(clean, animation(tmp_path, [noise, between, GENERATED])).views
    assert list(views) == ["first frame", "middle frame", "last frame"]
    assert max(max(view.shape) for view in views.values()) <= VIEW
    light = [float(view.mean()) for view in views.values()]
    assert light[0] > light[1] > light[2] or light[0] < light[1] < light[2]


def test_a_page_of_pictures_has_a_middle_one() -> None:
    names = [b"AAAA", b"BBBB", b"CCCC", b"DDDD"]
    page = b" ".join(b'"data:image/png;base64,' + name + b'"' for name in names)
    found = [frame_of_page(page, frame) for frame in ("first", "middle", "last")]
    assert found == [base64.b64decode(name) for name in (b"AAAA", b"CCCC", b"DDDD")]
    assert [frame_of_page(b"no pictures", frame) for frame in ("first", "middle", "last")] == [
        b""
    ] * 3
