"""The judge's network, as it is trained; ``grader.digits.judge`` runs its weights with NumPy."""

from collections.abc import Mapping
from itertools import pairwise
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 11  # the ten digits, and none of them
NO_DIGIT = 10
EPSILON = 1e-5


class Network(nn.Module):
    """Four 3 x 3 convolutions and two dense layers; 117,000 weights.

    (B, 1, 28, 28) of ink, 0 to 1 -> (B, 11) logits.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 16, 32, 64, 64)
        pairs = list(pairwise(widths))
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(b, EPSILON) for _, b in pairs)
        self.hidden = nn.Linear(64 * 9, 96)
        self.last = nn.Linear(96, CLASSES)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        layers = zip(self.convolutions, self.norms, strict=True)
        for number, (convolution, norm) in enumerate(layers):
            x = F.relu(norm(convolution(x)))
            if number != 2:  # 28 -> 14 -> 7 -> 7 -> 3
                x = F.max_pool2d(x, 2)
        x = F.relu(self.hidden(self.dropout(x.flatten(1))))
        return cast(torch.Tensor, self.last(x))


def exported(network: Network) -> dict[str, npt.NDArray[np.float32]]:
    """Weights with the norms folded into the convolutions: ``conv1.weight`` .. ``dense2.bias``."""
    arrays: dict[str, torch.Tensor] = {}
    layers = zip(network.convolutions, network.norms, strict=True)
    for number, (convolution, norm) in enumerate(layers, 1):
        mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
        scale = norm.get_parameter("weight") / torch.sqrt(variance + EPSILON)
        weight = convolution.get_parameter("weight") * scale[:, None, None, None]
        bias = convolution.get_parameter("bias") - mean
        bias = bias * scale + norm.get_parameter("bias")
        arrays |= {f"conv{number}.weight": weight, f"conv{number}.bias": bias}
    for number, dense in enumerate((network.hidden, network.last), 1):
        arrays |= {f"dense{number}.weight": dense.weight, f"dense{number}.bias": dense.bias}
    return {name: np.ascontiguousarray(a.detach().numpy()) for name, a in arrays.items()}


def restored(weights: Mapping[str, npt.NDArray[np.float32]]) -> Network:
    """A network with the weights of an earlier one, to go on from: its norms only add a bias."""
    network = Network().train()
    network.norms.eval()
    arrays = {name: torch.tensor(array) for name, array in weights.items()}
    with torch.no_grad():
        layers = zip(network.convolutions, network.norms, strict=True)
        for number, (convolution, norm) in enumerate(layers, 1):
            convolution.get_parameter("weight").copy_(arrays[f"conv{number}.weight"])
            convolution.get_parameter("bias").zero_()
            norm.get_parameter("bias").copy_(arrays[f"conv{number}.bias"])
            norm.get_buffer("running_var").fill_(1 - EPSILON)
        for number, dense in enumerate((network.hidden, network.last), 1):
            dense.weight.copy_(arrays[f"dense{number}.weight"])
            dense.bias.copy_(arrays[f"dense{number}.bias"])
    return network
