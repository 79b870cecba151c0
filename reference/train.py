"""``python -m reference.train``: trains the four settings and leaves what a notebook leaves.

Each setting gets a folder ``results_{prediction}_{schedule}/`` with ``image_final.png``,
``gif_final.gif`` and ``model_final.pth``, and beside them ``samples_100.png`` and ``losses.json``.
An interrupted run goes on where it was when the same command is given again.
"""

import json
import time
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import torch
from tqdm import tqdm

from reference import pictures
from reference.training import (
    CHECKPOINT,
    Digits,
    Recipe,
    TrainingError,
    averaged_model,
    load_digits,
    require_same,
    save_checkpoint,
    start_or_resume,
    train_epoch,
    write_atomically,
)

SETTINGS = {
    f"{prediction}_{schedule}": (prediction, schedule)
    for prediction in ("epsilon", "sample")
    for schedule in ("linear", "cosine")
}
SIZE = (1, 28, 28)


def train_setting(
    recipe: Recipe, digits: Digits, out: Path, device: str, start: Path | None = None
) -> None:
    """Train one setting to its end and write its files; nothing to do if they are there.

    ``start`` is a file of weights to start from, else they are random.

    Raises: TrainingError if the folder belongs to a run with another recipe.
    """
    folder = out / recipe.folder
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "losses.json"  # written last, so it stands for a finished setting
    if record.exists():
        require_same(recipe, json.loads(record.read_text())["recipe"], record)
        click.echo(f"{recipe.folder}: already finished", err=True)
        return

    progress = start_or_resume(folder, recipe, device, start)
    if progress.losses:
        click.echo(f"{recipe.folder}: goes on after epoch {len(progress.losses)}", err=True)
    started = time.monotonic()
    with tqdm(total=recipe.steps, initial=progress.steps, mininterval=1) as bar:
        while len(progress.losses) < recipe.epochs:
            progress.losses.append(train_epoch(progress, recipe, digits, device, bar))
            save_checkpoint(folder, recipe, progress)
    seconds = time.monotonic() - started

    ddpm = averaged_model(progress)
    torch.manual_seed(recipe.seed)
    generated, frames = ddpm.sample(4 * 10, SIZE, device)
    hundred, _ = ddpm.sample(100, SIZE, device)
    pictures.save_final_image(
        folder / "image_final.png", generated.cpu(), pictures.real_rows(*digits)
    )
    pictures.save_final_gif(folder / "gif_final.gif", frames)
    pictures.save_samples(folder / "samples_100.png", hundred.cpu())
    write_atomically(folder / "model_final.pth", lambda p: torch.save(ddpm.state_dict(), p))
    summary = {
        "recipe": asdict(recipe),
        "losses": progress.losses,
        "seconds": round(seconds, 1),  # of the last start only
        "torch": torch.__version__,
        "device": device,
    }
    write_atomically(record, lambda p: p.write_text(json.dumps(summary, indent=1) + "\n"))
    (folder / CHECKPOINT).unlink(missing_ok=True)


def check_device(_: click.Context, __: click.Parameter, name: str) -> str:
    """The device's name, if tensors can be put there."""
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise click.BadParameter(f"{name!r} cannot be used here: {reason}") from error
    return name


def positive(default: int) -> dict[str, Any]:
    """Options of a positive whole number."""
    return {"type": click.IntRange(min=1), "default": default, "show_default": True}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--setting",
    "settings",
    type=click.Choice(list(SETTINGS)),
    multiple=True,
    help="Train this setting only; may be given several times.  [default: all four]",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data"),
    show_default=True,
    help="Folder with (or for) MNIST, as torchvision lays it out.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="Where the results_* folders go.",
)
@click.option(
    "--device", default="cpu", show_default=True, callback=check_device, help="cpu, cuda, mps ..."
)
@click.option("--epochs", **positive(20), help="Passes over the data.")
@click.option("--n-feat", **positive(128), help="Width of the U-Net.")
@click.option("--n-T", "n_t", **positive(400), help="Diffusion steps.")
@click.option("--batch-size", **positive(128), help="Images a step.")
@click.option("--lr", default=2e-3, show_default=True, help="Highest learning rate.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--guidance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Weight of classifier-free guidance; 0: none, a plain ContextUnet.",
)
@click.option("--fast", is_flag=True, help="Compiled and in bfloat16; needs a C++ compiler.")
@click.option(
    "--start-from",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with SETTING.safetensors to start from, such as reference/weights.",
)
@click.option("--images", type=click.IntRange(min=1), help="Use the first N training images only.")
def main(
    settings: tuple[str, ...],
    data: Path,
    out: Path,
    device: str,
    epochs: int,
    n_feat: int,
    n_t: int,
    batch_size: int,
    lr: float,
    seed: int,
    guidance: float,
    fast: bool,
    start_from: Path | None,
    images: int | None,
) -> None:
    """Train the reference on MNIST in the four settings of the assignment.

    The progress bar on stderr shows the setting's remaining time. Interrupt it at any time: the
    same command goes on after the last finished epoch, and leaves finished settings alone.
    """
    try:
        digits = load_digits(data, images)
        pictures.real_rows(*digits)  # fails before hours of training, not after
        for name in settings or SETTINGS:
            prediction, schedule = SETTINGS[name]
            start = start_from / f"{name}.safetensors" if start_from else None
            recipe = Recipe(
                prediction=prediction,
                schedule=schedule,
                epochs=epochs,
                n_feat=n_feat,
                n_T=n_t,
                batch_size=batch_size,
                learning_rate=lr,
                seed=seed,
                images=len(digits[0]),
                guidance=guidance,
                fast=fast,
                started_from=sha256(start.read_bytes()).hexdigest() if start else "",
            )
            train_setting(recipe, digits, out, device, start)
    except (TrainingError, ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
