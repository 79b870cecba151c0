"""One network in two settings, however its weights were changed; and those trained apart."""

from pathlib import Path

import numpy as np
import torch

from grader.digits.labelled import sheets
from grader.sandbox import KernelSession, Sandbox
from grader.settings.checkpoint import ask_even_grays, real_digits
from grader.settings.evidence import same_function
from grader.settings.pictures import Evidence, Shown, against_real
from tests.fairness.variant import apply_variant
from tests.redteam.real import pasted, shifted
from tests.settings.conftest import SOLVED, state_of, with_model

State = dict[str, torch.Tensor]
SMALL = """
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, x, c, t):
        return self.last(torch.tanh(self.first(x) + t.reshape(-1, 1, 1, 1)))
"""


def answers(session: KernelSession, folder: Path, *states: State) -> list[np.ndarray]:
    found = []
    for state in states:
        torch.save(state, folder / "model_final.pth")
        found.append(ask_even_grays(session, folder / "model_final.pth", "epsilon_linear"))
        assert found[-1].shape == (3, 784)
    return found


def with_noise(state: State, deviation: float) -> State:
    torch.manual_seed(0)
    return {
        name: value + deviation * value.std() * torch.randn_like(value)
        if name.startswith("nn_model") and value.is_floating_point() and value.numel() > 1
        else value
        for name, value in state.items()
    }


def test_noise_does_not_hide_a_network(own: KernelSession, tmp_path: Path) -> None:
    for prediction in ("epsilon", "sample"):
        mine, other = (state_of(f"{prediction}_{s}") for s in ("linear", "cosine"))
        copied = with_noise(mine, 0.1)
        first, second, third = answers(own, tmp_path, mine, copied, other)
        assert same_function(first, second)
        assert not same_function(first, third)


def test_another_order_of_channels_does_not_hide_a_network(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    shapes = {"first.weight": (16, 1, 3, 3), "first.bias": (16,), "last.weight": (1, 16, 3, 3)}
    entries = {n: v for n, v in state_of("epsilon_linear").items() if "nn_model" not in n}

    def made() -> State:
        weights = {f"nn_model.{name}": torch.randn(shape) for name, shape in shapes.items()}
        return entries | weights | {"nn_model.last.bias": torch.zeros(1)}

    mine, order = made(), torch.randperm(16)
    copied = mine | {
        "nn_model.first.weight": mine["nn_model.first.weight"][order],
        "nn_model.first.bias": mine["nn_model.first.bias"][order],
        "nn_model.last.weight": mine["nn_model.last.weight"][:, order],
    }
    with with_model(apply_variant(SOLVED, SMALL), sandbox) as session:
        assert session.prepare() == {}
        first, second, third = answers(session, tmp_path, mine, copied, made())
    assert same_function(first, second)
    assert not same_function(first, third)


def test_what_is_shown_to_a_network_lies_nowhere_in_the_sandbox() -> None:
    held = {tile.tobytes() for tile in np.uint8(255 * pasted(0, 40))}
    shown = [real_digits(seed)[0] for seed in range(3)]
    assert all(digit.tobytes() not in held for digits in shown for digit in digits)
    assert not np.array_equal(shown[0], shown[1])


def test_an_animation_is_judged_as_the_picture_that_it_ends_on() -> None:
    copied = against_real(Evidence(Shown.DIGITS, shifted(pasted(0, 4), 2)))
    assert copied.shown is Shown.COPIED
    assert against_real(Evidence(Shown.DIGITS, copied.tiles), copied).shown is Shown.COPIED
    drawn = next(s for s in sheets("held_out") if len(s.ink) == 10).ink[:4].reshape(40, 28, 28)
    assert against_real(Evidence(Shown.DIGITS, drawn)).shown is Shown.DIGITS
    assert against_real(Evidence(Shown.DIGITS, drawn), copied).shown is Shown.DIGITS
