"""``python -m grader.digits.training --data MNIST``: trains, calibrates and writes the judge.

The same seed, machine and versions give the same weights. About 25 minutes on one core.
"""

import json
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from torchvision.datasets import MNIST
from tqdm import tqdm

from grader.digits.judge import WEIGHTS, Judge
from grader.digits.labelled import Tiles, labelled_tiles
from grader.digits.training.clear import Tensor, as_drawn, bent, moved, printed
from grader.digits.training.network import NO_DIGIT, Network, exported
from grader.digits.training.unclear import unclear

BATCH, UNCLEAR, GENERATED = 128, 40, 56  # images of each sort in a step
HIGHEST_RATE = 3e-3
HELD_BACK = 5000  # of MNIST's training images, to see that all goes well


def batch(pixels: Tensor, digits: Tensor, generated: Tiles) -> tuple[Tensor, Tensor]:
    """Clear ones with their digit, and unclear ones, of MNIST and of what models generated."""
    chosen = torch.randint(0, len(pixels), (BATCH,))
    some, others = torch.randint(0, len(pixels), (2, UNCLEAR))
    others = torch.where(digits[some] == digits[others], others.roll(1), others)
    picked = torch.randint(0, len(generated.ink), (GENERATED,)).numpy()
    tiles = torch.from_numpy(generated.ink[picked])[:, None]
    targets = np.where(generated.clear[picked], generated.column[picked], NO_DIGIT)
    tiles = bent(moved(tiles, degrees=6, stretch=0.06, shear=0.06, shift=0.06), 0.02, 7)
    images = [as_drawn(pixels[chosen]), printed(unclear(pixels[some], pixels[others]))]
    return (
        torch.cat([*images, printed(tiles)]),
        torch.cat([digits[chosen], torch.full((UNCLEAR,), NO_DIGIT), torch.from_numpy(targets)]),
    )


def train(network: Network, pixels: Tensor, digits: Tensor, generated: Tiles, steps: int) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, HIGHEST_RATE, total_steps=steps)
    network.train()
    for _ in (bar := tqdm(range(steps), mininterval=1)):
        images, targets = batch(pixels, digits, generated)
        loss = F.cross_entropy(network(images), targets, label_smoothing=0.02)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        rates.step()
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    network.eval()


def calibration(judge: Judge, tiles: Tiles) -> tuple[list[float], float]:
    """Slopes and offset that make a digit's two log-odds the logit of a probability.

    Logistic regression, on tiles that were labelled by eye and not trained on.
    """
    odds = judge.odds(tiles.ink)[:, np.arange(len(tiles.ink)), tiles.column]
    fitted = LogisticRegression(C=1.0).fit(odds.T, tiles.clear)
    return [float(slope) for slope in fitted.coef_[0]], float(fitted.intercept_[0])


def mnist(folder: Path) -> tuple[Tensor, Tensor]:
    data = MNIST(str(folder), train=True, download=True)
    return data.data.unsqueeze(1).float() / 255, data.targets


def accuracy(judge: Judge, pixels: npt.NDArray[np.float32], digits: npt.NDArray[np.int64]) -> float:
    return float(np.mean(judge.logits(pixels)[:, :NO_DIGIT].argmax(axis=1) == digits))


@click.command()
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=Path("data"))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=WEIGHTS)
@click.option("--steps", type=click.IntRange(min=2), default=6000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def main(data: Path, out: Path, steps: int, seed: int) -> None:
    """Trains the judge on MNIST and on the labelled tiles, then calibrates it."""
    torch.manual_seed(seed)
    pixels, digits = mnist(data)
    network = Network()
    train(network, pixels[HELD_BACK:], digits[HELD_BACK:], labelled_tiles("training"), steps)
    weights = exported(network)
    slopes, offset = calibration(Judge(weights), labelled_tiles("calibration"))
    facts = {"slopes": slopes, "offset": offset, "seed": seed, "steps": steps}
    save_file(weights, out, metadata={"facts": json.dumps(facts)})
    judge = Judge.load(out)
    right = accuracy(judge, pixels[:HELD_BACK, 0].numpy(), digits[:HELD_BACK].numpy())
    click.echo(f"wrote {out}: {out.stat().st_size / 1e3:.0f} kB, MNIST held back: {right:.2%}")


if __name__ == "__main__":
    main()
