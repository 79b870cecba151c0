"""The trained settings that are kept with the code."""

import json

import pytest
import torch
from safetensors import safe_open
from torchvision.datasets import MNIST

from grader.paths import MNIST_DIR
from reference.training import Recipe, build
from reference.weights import FOLDER, SETTINGS, load


@pytest.fixture(scope="module")
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    data = MNIST(str(MNIST_DIR), train=False)
    return data.data[:, None] / 255, data.targets


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_is_small_and_knows_how_it_was_made(setting: str) -> None:
    path = FOLDER / f"{setting}.safetensors"
    assert path.stat().st_size <= 2_000_000
    with safe_open(path, framework="pt") as file:
        recipe = json.loads(file.metadata()["recipe"])
        losses = json.loads(file.metadata()["losses"])
    assert f"{recipe['prediction']}_{recipe['schedule']}" == setting
    assert recipe["images"] == 60_000
    assert len(losses) == recipe["epochs"]
    assert losses[-1] < losses[0]
    assert len(recipe["started_from"]) == 64  # the card says from what
    assert (FOLDER / f"{setting}.png").is_file()


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_predicts_far_better_than_an_untrained_one(
    setting: str, digits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    trained = load(setting)
    prediction, schedule = setting.split("_")
    assert (trained.prediction_type, trained.schedule) == (prediction, schedule)
    with safe_open(FOLDER / f"{setting}.safetensors", framework="pt") as file:
        untrained = build(Recipe(**json.loads(file.metadata()["recipe"])), "cpu")
    losses = []
    for ddpm in (trained, untrained.eval()):
        torch.manual_seed(0)
        with torch.no_grad():
            losses.append(float(ddpm(*digits)))
    assert losses[0] < losses[1] / 4


def test_another_name_is_no_setting() -> None:
    with pytest.raises(FileNotFoundError):
        load("epsilon_quadratic")
