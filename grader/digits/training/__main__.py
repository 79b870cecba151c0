"""``python -m grader.digits.training --data MNIST``: trains, calibrates and writes the judge.

The same seed, machine and versions give the same weights. About 25 minutes on one core. With
``--start-from`` it goes on from an earlier judge, in fewer steps and at a lower rate.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import click
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.datasets import MNIST
from tqdm import tqdm

from grader.digits.judge import WEIGHTS, Judge
from grader.digits.labelled import COLUMNS, SURE, TILE, Tiles, labelled_tiles, sheets
from grader.digits.training.clear import (
    Tensor,
    as_drawn,
    bent,
    moved,
    printed,
    sometimes,
    thickened,
)
from grader.digits.training.network import CLASSES, NO_DIGIT, Network, exported, restored
from grader.digits.training.signs import signs, unfinished
from grader.digits.training.unclear import halves, unclear

CLEAR, UNCLEAR, HALVES, SIGNS, UNFINISHED, GENERATED = 64, 24, 16, 8, 27, 104  # in a step
HIGHEST_RATE, RATE_AFTERWARDS = 3e-3, 1e-3
KEPT_OF_THE_MEAN = 0.98  # at each step, of the mean of the weights, which is what is written
REAL_CLEAR = 0.985
HELD_BACK = 5000  # of MNIST's training images, to see that all goes well


Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Generated:
    """Tiles that models drew (N, 1, 28, 28), the digits they were asked for, how sure an eye was,
    and how often each is shown."""

    ink: Tensor
    column: Tensor
    sure: Tensor
    weight: Tensor

    @classmethod
    def load(cls) -> Self:
        """All tiles labelled for training; the unclear ones, of which there are few, more often."""
        found = sheets("training")
        ink = np.concatenate([sheet.ink.reshape(-1, 1, TILE, TILE) for sheet in found])
        labels = np.concatenate([sheet.labels.ravel() for sheet in found])
        sure = torch.tensor([SURE[label] for label in labels.tolist()])
        column = torch.arange(len(ink)) % COLUMNS
        return cls(torch.from_numpy(ink), column, sure, torch.where(sure == 0, 1.5, 1.0))


def targets(digits: Tensor, sure: Tensor) -> Tensor:
    """(N, 11): how likely each class is."""
    likely = F.one_hot(digits, CLASSES) * sure[:, None]
    likely[:, NO_DIGIT] = 1 - sure
    return likely


def batch(pixels: Tensor, digits: Tensor, generated: Generated) -> tuple[Tensor, Tensor]:
    """Clear ones with their digit, and unclear ones, of MNIST and of what models generated."""
    chosen = torch.randint(0, len(pixels), (CLEAR,))
    some, others = torch.randint(0, len(pixels), (2, UNCLEAR + HALVES))
    others = torch.where(digits[some] == digits[others], others.roll(1), others)
    mixed = unclear(pixels[some[:UNCLEAR]], pixels[others[:UNCLEAR]])
    cut = halves(pixels[some[UNCLEAR:]], pixels[others[UNCLEAR:]])
    lost = unfinished(pixels, digits, UNFINISHED)
    lost = moved(lost, degrees=12, stretch=0.12, shear=0.15, shift=0.08)
    none = torch.cat([mixed, cut, signs(SIGNS), lost])
    picked = torch.multinomial(generated.weight, GENERATED, replacement=True)
    tiles = moved(generated.ink[picked], degrees=8, stretch=0.09, shear=0.08, shift=0.08)
    tiles = bent(sometimes(0.3, thickened(tiles), tiles), 0.025, 7)
    nothing = torch.zeros(len(none), dtype=torch.long)
    own = torch.cat([digits[chosen], nothing, generated.column[picked]])
    sure = torch.cat([torch.ones(CLEAR), nothing.float(), generated.sure[picked]])
    images = [as_drawn(pixels[chosen]), printed(none), printed(tiles)]
    return torch.cat(images), targets(own, sure)


def train(
    network: Network, pixels: Tensor, digits: Tensor, generated: Generated, steps: int, rate: float
) -> Network:
    """Trains it; returns the mean of its weights over the last steps."""
    # torch gives it no types
    average = get_ema_multi_avg_fn(KEPT_OF_THE_MEAN)  # type: ignore[no-untyped-call]
    mean = AveragedModel(network, multi_avg_fn=average, use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in (bar := tqdm(range(steps), mininterval=1)):
        images, wanted = batch(pixels, digits, generated)
        loss = F.cross_entropy(network(images), wanted, label_smoothing=0.02)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        rates.step()
        mean.update_parameters(network)
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return cast(Network, mean.module.eval())


def calibration(
    judge: Judge, tiles: Tiles, pixels: Images, digits: Labels
) -> tuple[list[float], float]:
    """Slopes and offset that make a digit's two log-odds the logit of a probability.

    Logistic regression, on tiles that were labelled by eye and not trained on; the clear ones
    count once more as what is not clear, asked for as the nine other digits. The offset is such
    that ``REAL_CLEAR`` of real digits, which were not trained on either, are clear.
    """
    odds, every = judge.odds(tiles.ink), np.arange(len(tiles.ink))
    own = odds[:, every, tiles.column]
    wrong = [odds[:, every, (tiles.column + k) % 10][:, tiles.clear] for k in range(1, 10)]
    others = np.concatenate(wrong, axis=1)
    fitted = LogisticRegression(C=1.0).fit(
        np.concatenate([own, others], axis=1).T,
        np.append(tiles.clear, np.zeros(others.shape[1], dtype=bool)),
        sample_weight=np.append(np.ones(own.shape[1]), np.full(others.shape[1], 1 / 9)),
    )
    slopes = [float(slope) for slope in fitted.coef_[0]]
    real = np.array(slopes) @ judge.odds(pixels)[:, np.arange(len(digits)), digits]
    return slopes, -float(np.quantile(real, 1 - REAL_CLEAR))


def mnist(folder: Path) -> tuple[Tensor, Tensor]:
    data = MNIST(str(folder), train=True, download=True)
    return data.data.unsqueeze(1).float() / 255, data.targets


def accuracy(judge: Judge, pixels: Images, digits: Labels) -> float:
    return float(np.mean(judge.logits(pixels)[:, :NO_DIGIT].argmax(axis=1) == digits))


@click.command()
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=Path("data"))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=WEIGHTS)
@click.option("--start-from", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--steps", type=click.IntRange(min=2), default=6000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def main(data: Path, out: Path, start_from: Path | None, steps: int, seed: int) -> None:
    """Trains the judge on MNIST and on the labelled tiles, then calibrates it."""
    torch.manual_seed(seed)
    pixels, digits = mnist(data)
    network, rate = Network().train(), HIGHEST_RATE
    if start_from:
        network, rate = restored(Judge.load(start_from).weights), RATE_AFTERWARDS
    material = pixels[HELD_BACK:], digits[HELD_BACK:], Generated.load()
    network = train(network, *material, steps, rate)
    weights = exported(network)
    held_back = pixels[:HELD_BACK, 0].numpy(), digits[:HELD_BACK].numpy()
    slopes, offset = calibration(Judge(weights), labelled_tiles("calibration"), *held_back)
    facts = {"slopes": slopes, "offset": offset, "seed": seed, "steps": steps}
    save_file(weights, out, metadata={"facts": json.dumps(facts)})
    judge = Judge.load(out)
    right = accuracy(judge, *held_back)
    click.echo(f"wrote {out}: {out.stat().st_size / 1e3:.0f} kB, MNIST held back: {right:.2%}")


if __name__ == "__main__":
    main()
