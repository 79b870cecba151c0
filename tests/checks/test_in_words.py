"""What a TA is told was measured, by losses and samplers of which that is known."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from grader.arrays import Array
from grader.checks.answers import LossAnswer
from grader.checks.cases import Case
from grader.checks.measuring import in_words
from grader.checks.measuring.forward_process import ForwardProcess
from grader.messages.message import sentence
from grader.results import State
from tests.checks.test_reverse_process import (
    Chain,
    Ddim,
    MeanNotDivided,
    NoiseAtTheEnd,
    NoNoise,
    Posterior,
    judged,
)

CALLS, BATCH, PIXELS, T = 6, 10, 784, 30
Loss = Callable[[Array], tuple[Array, Array]]  # (B, N, P) differences to values and gradients
CASE = Case(0.01, 0.2, 40)


def said_of(
    loss: Loss, target: str = "noise", constant: float = 0.0, language: str = "en"
) -> dict[str, str]:
    """What is told of this loss of the differences to the noise, or to the image."""
    rng = np.random.default_rng(0)
    images, answers = CALLS * BATCH, rng.integers(-64, 64, (CALLS * BATCH, PIXELS))
    x, noise = rng.random((images, PIXELS)), rng.normal(size=(images, PIXELS))
    step = rng.integers(0, T, images)
    d = answers / 32 - (noise if target == "noise" else x)
    values, gradients = loss(d.reshape(CALLS, BATCH, PIXELS))
    answer = LossAnswer(
        answer=answers / 32,
        loss=values + constant,
        gradient=gradients.reshape(images, PIXELS),
        x_t=0.6 * x + 0.8 * noise,
    )
    measured = in_words.loss(answer, ForwardProcess(step, noise, x, x, 1.0, 0.0, [], False))
    return {name: sentence(said, language) for name, said in measured.items()}


def is_korean(text: str) -> bool:
    """Whether no English is left but for names."""
    return not re.search("[A-Za-z]", re.sub(r"x_t|fixed_\w+|t(?= =)|L1|Huber", "", text))


def squared(d: Array) -> tuple[Array, Array]:
    return (d**2).mean(axis=(1, 2)), 2 * d / d[0].size


def absolute(d: Array) -> tuple[Array, Array]:
    return abs(d).mean(axis=(1, 2)), np.sign(d) / d[0].size


def huber(d: Array) -> tuple[Array, Array]:
    small = abs(d)
    value = np.where(small < 0.5, d**2 / 2, 0.5 * (small - 0.25))
    return value.mean(axis=(1, 2)), np.clip(d, -0.5, 0.5) / d[0].size


def half_of_the_sum(d: Array) -> tuple[Array, Array]:
    return (d**2).sum(axis=(1, 2)) / 2, d


def of_the_first_image(d: Array) -> tuple[Array, Array]:
    gradient = np.zeros_like(d)
    gradient[:, 0] = 2 * d[:, 0] / PIXELS
    return (d[:, 0] ** 2).mean(axis=1), gradient


def untied(d: Array) -> tuple[Array, Array]:
    return squared(d)[0], np.random.default_rng(1).normal(size=d.shape)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (squared, "the mean squared difference between the prediction and the noise"),
        (absolute, "the mean absolute difference (L1) between the prediction and the noise"),
        (huber, "the Huber distance with its bend at 0.5 between the prediction and the noise"),
        (half_of_the_sum, "3920 times the mean squared difference between the prediction"),
        (of_the_first_image, "each image with a weight of its own: from 0 at"),
        (untied, "no distance to noise, image or x_t that the grader knows"),
    ],
)
def test_a_loss_is_called_by_its_name(loss: Loss, said: str) -> None:
    assert said in said_of(loss)["this is"]
    assert is_korean(said_of(loss, language="ko")["this is"])


def test_its_target_its_sign_and_what_stands_beside_it_are_named() -> None:
    assert said_of(squared, "image")["this is"].endswith("between the prediction and the image")
    against = said_of(lambda d: (-squared(d)[0], -squared(d)[1]))
    assert against["this is"].startswith("-1 times the mean squared difference")
    assert said_of(squared, constant=0.92)["this is"].endswith(", and a constant of 0.92")


def test_a_loss_without_a_gradient_is_said_to_have_none() -> None:
    assert said_of(lambda d: (squared(d)[0], 0 * d))["gradient"] == "none"
    assert said_of(lambda d: (squared(d)[0], d * np.nan))["gradient"] == "not finite"


@pytest.mark.parametrize(
    ("kind", "where", "said"),
    [
        (Chain, "mean", "that of the posterior at all 39 steps"),
        (Chain, "noise", "of variance fixed_large at all 39 steps"),
        (Posterior, "noise", "of variance fixed_small at all 39 steps"),
        (NoNoise, "noise", "none at any step"),
        (MeanNotDivided, "mean", "off at 38 of 39 steps, t = 3 to 40: x_t counts 0.89 to 0.98"),
        (Ddim, "mean", "the predicted image counts 0.5"),
        (Chain, "last step", "0 of x_t and 1 of the predicted image (right: 0 and 1), no noise"),
        (NoiseAtTheEnd, "last step", "noise of variance 0.0"),
    ],
)
def test_a_sampler_is_told_in_words(kind: type[Chain], where: str, said: str) -> None:
    measured = judged(kind, 3, CASE).measured[where]
    assert said in sentence(measured)
    assert is_korean(sentence(measured, "ko"))


class OneSilentStep(Chain):
    def noise(self, x: Array, t: int) -> Array:
        return super().noise(x, t) * (t != 20)


def test_the_message_and_the_numbers_name_the_same_steps() -> None:
    verdict = judged(OneSilentStep, 3, CASE)
    assert verdict.state is State.FAILED
    assert "at 1 of 39 steps, t = 21" in verdict.message
    assert sentence(verdict.measured["noise"]) == (
        "of another variance at 1 of 39 steps, t = 21: 0 times fixed_large"
    )
