"""Training of one setting: data in memory, an averaged copy of the weights, safe interruption."""

import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torchvision.datasets import MNIST
from tqdm import tqdm

from reference.ddpm import DDPM
from reference.guidance import GuidedUnet
from reference.unet import ContextUnet

Digits = tuple[torch.Tensor, torch.Tensor]
"""Images, (N, 1, 28, 28) in [0, 1], and labels, (N,)."""

BETAS = (1e-4, 0.02)  # Ho et al. 2020, sec. 4
WARM_UP = 0.05  # part of the training in which the learning rate rises
CHECKPOINT = "unfinished.pth"


class TrainingError(Exception):
    """Training cannot start; the message is one sentence for the person who started it."""


@dataclass(frozen=True)
class Recipe:
    """Everything that the finished weights depend on, beside data and machine."""

    prediction: str
    schedule: str
    epochs: int
    n_feat: int
    n_T: int  # noqa: N815 - the notebook's name
    batch_size: int
    learning_rate: float
    seed: int
    images: int
    guidance: float = 0.0  # 0: a plain ContextUnet
    fast: bool = False  # compiled, in bfloat16 where torch deems it safe
    started_from: str = ""  # SHA-256 of the weights at the start, if they were not random

    @property
    def folder(self) -> str:
        """Name of the setting's folder, as in the notebook."""
        return f"results_{self.prediction}_{self.schedule}"

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole training."""
        return self.epochs * math.ceil(self.images / self.batch_size)


@dataclass
class Progress:
    """State between two epochs. ``average`` holds the averaged weights of ``ddpm``."""

    ddpm: DDPM
    optimizer: torch.optim.Optimizer
    average: dict[str, torch.Tensor]
    losses: list[float] = field(default_factory=list)  # mean of each finished epoch
    steps: int = 0


def load_digits(root: Path, images: int | None) -> Digits:
    """The first ``images`` digits of MNIST's training part, all if None."""
    try:
        data = MNIST(str(root), train=True, download=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise TrainingError(f"no MNIST under {root}, and it cannot be fetched: {error}") from error
    pixels = data.data[:images].unsqueeze(1).float() / 255
    return pixels, data.targets[:images]


def build(recipe: Recipe, device: str) -> DDPM:
    """An untrained model; the same for the same seed."""
    torch.manual_seed(recipe.seed)
    network = (
        GuidedUnet(in_channels=1, n_feat=recipe.n_feat, guidance=recipe.guidance)
        if recipe.guidance
        else ContextUnet(in_channels=1, n_feat=recipe.n_feat)
    )
    ddpm = DDPM(network, BETAS, recipe.n_T, recipe.prediction, recipe.schedule, device)
    ddpm.to(device)
    # channels last makes the convolutions several times faster on a CPU
    network.to(memory_format=torch.channels_last)
    return ddpm


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear rise over the first steps, then half a cosine down to 0. ``step`` counts from 0."""
    total = recipe.steps
    rise = max(1, int(WARM_UP * total))
    if step < rise:
        return recipe.learning_rate * (step + 1) / rise
    return recipe.learning_rate * (1 + math.cos(math.pi * (step - rise) / (total - rise))) / 2


def update_average(average: dict[str, torch.Tensor], model: nn.Module, steps: int) -> None:
    """Exponential moving average of the weights: about the last 1000 steps, fewer at first."""
    keep = min(0.999, (1 + steps) / (10 + steps))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            average[name].lerp_(weight, 1 - keep)


def train_epoch(
    progress: Progress, recipe: Recipe, digits: Digits, device: str, bar: "tqdm[NoReturn]"
) -> float:
    """One pass over all images in random order; returns its mean loss.

    Random numbers depend on seed and epoch only, so that a resumed run is the same run.
    """
    epoch = len(progress.losses)
    torch.manual_seed(recipe.seed * 100_003 + epoch + 1)
    pixels, labels = digits
    order = torch.randperm(len(pixels))
    sum_of_losses = 0.0
    bar.set_description(f"{recipe.prediction}/{recipe.schedule} epoch {epoch + 1}/{recipe.epochs}")

    for start in range(0, len(order), recipe.batch_size):
        batch = order[start : start + recipe.batch_size]
        for group in progress.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, progress.steps)
        x = pixels[batch].to(device, memory_format=torch.channels_last)
        progress.optimizer.zero_grad()
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=recipe.fast):
            loss = progress.ddpm(x, labels[batch].to(device))
        loss.backward()
        progress.optimizer.step()
        update_average(progress.average, progress.ddpm, progress.steps)
        progress.steps += 1
        sum_of_losses += loss.item() * len(batch)
        mean_loss = sum_of_losses / (start + len(batch))
        bar.set_postfix(loss=f"{mean_loss:.4f}", refresh=False)
        bar.update()
    return sum_of_losses / len(order)


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` fill a file beside ``path``, then rename it: never half a file at ``path``."""
    part = path.with_name(f"part-{path.name}")
    write(part)
    os.replace(part, path)


def save_checkpoint(folder: Path, recipe: Recipe, progress: Progress) -> None:
    """What the next start needs to go on after the last finished epoch."""
    state = {
        "recipe": asdict(recipe),
        "model": progress.ddpm.state_dict(),
        "optimizer": progress.optimizer.state_dict(),
        "average": progress.average,
        "losses": progress.losses,
        "steps": progress.steps,
    }
    write_atomically(folder / CHECKPOINT, lambda part: torch.save(state, part))


def take_weights(network: nn.Module, start: Path) -> None:
    """Puts the weights of a safetensors file into the network, before its training starts.

    A first weight that knows fewer classes knows nothing (zeros) of the others.

    Raises: TrainingError if the file holds another network.
    """
    try:
        weights = load_file(start)
        name = "class_mlp.0.weight"
        more = network.get_parameter(name).shape[1] - weights[name].shape[1]
        weights[name] = F.pad(weights[name], (0, max(0, more)))
        network.load_state_dict(weights)
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise TrainingError(f"{start} does not fit this network: {error}") from error


def start_or_resume(
    folder: Path, recipe: Recipe, device: str, start: Path | None = None
) -> Progress:
    """A fresh start (from ``start``'s weights), or the state after the last epoch of an interrupted
    run in ``folder``.

    Raises: TrainingError if that run had another recipe or its checkpoint is damaged.
    """
    ddpm = build(recipe, device)
    if start is not None:
        take_weights(ddpm.nn_model, start)
    if recipe.fast:
        ddpm.nn_model.compile()
    optimizer = torch.optim.Adam(ddpm.parameters(), lr=recipe.learning_rate)
    average = {name: weight.detach().clone() for name, weight in ddpm.named_parameters()}
    progress = Progress(ddpm, optimizer, average)
    path = folder / CHECKPOINT
    if not path.exists():
        return progress
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        found = state["recipe"]
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrainingError(f"{path} is damaged; delete it to start this setting anew") from error
    require_same(recipe, found, path)
    ddpm.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    progress.average = state["average"]
    progress.losses = state["losses"]
    progress.steps = state["steps"]
    return progress


def require_same(recipe: Recipe, found: dict[str, Any], path: Path) -> None:
    """Raises: TrainingError, naming the first option that differs from an earlier run's."""
    for name, value in asdict(recipe).items():
        if found.get(name) != value:
            raise TrainingError(
                f"{path} is from a run with {name} = {found.get(name)}, not {value}; "
                "use the same options, another --out, or delete its folder"
            )


def averaged_model(progress: Progress) -> DDPM:
    """The model with its averaged weights in place, ready to sample and to save."""
    progress.ddpm.load_state_dict(progress.average, strict=False)  # buffers have no average
    return progress.ddpm.eval()
