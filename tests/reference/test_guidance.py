"""Guidance inside the network: what training withholds, and what answers are pushed by."""

import pytest
import torch

from reference.guidance import DROPPED, GuidedUnet
from reference.unet import ContextUnet

IMAGES = 400


@pytest.fixture
def guided() -> GuidedUnet:
    torch.manual_seed(0)
    return GuidedUnet(1, n_feat=8, guidance=1.5)


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    x = torch.randn(1, 1, 28, 28).expand(IMAGES, -1, -1, -1)
    return x, torch.full((IMAGES,), 3), torch.full((IMAGES,), 0.5)


def plain(network: GuidedUnet, *inputs: torch.Tensor) -> torch.Tensor:
    return ContextUnet.forward(network, *inputs)


def test_answers_follow_the_formula(guided: GuidedUnet, inputs: tuple[torch.Tensor, ...]) -> None:
    x, c, t = (part[:5] for part in inputs)
    asked, unknown = plain(guided, x, c, t), plain(guided, x, torch.full_like(c, 10), t)
    assert torch.allclose(guided.eval()(x, c, t), 2.5 * asked - 1.5 * unknown, atol=1e-6)


def test_training_withholds_some_classes(
    guided: GuidedUnet, inputs: tuple[torch.Tensor, ...]
) -> None:
    x, c, t = inputs
    asked, unknown = plain(guided, x, c, t), plain(guided, x, torch.full_like(c, 10), t)
    answers = guided.train()(x, c, t)
    same = [(answers - known).flatten(1).abs().amax(dim=1) < 1e-6 for known in (asked, unknown)]
    assert torch.all(same[0] ^ same[1])
    assert float(same[1].float().mean()) == pytest.approx(DROPPED, abs=0.06)
