"""``python -m grader.digits.training.index --data MNIST``: makes the index of all real digits.

``MNIST`` is a folder as torchvision keeps it, with ``MNIST/raw/train-images-idx3-ubyte``.
"""

from pathlib import Path

import click
import numpy as np
from torchvision.datasets import MNIST

from grader.arrays import Array
from grader.digits.real import INDEX, centred, unit

AXES = 32  # of 784: three quarters of what digits differ in
LARGEST = 127  # of a byte with a sign


def build(pixels: Array, digits: Array) -> dict[str, Array]:
    """What ``Index`` holds, of images (N, 28, 28) in bytes and their digits (N,)."""
    order = np.argsort(digits, kind="stable")
    flat = unit(centred(pixels[order] / np.float32(255)).reshape(len(order), -1))
    mean = flat.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(flat - mean, rowvar=False))
    axes = vectors[:, ::-1][:, :AXES].astype(np.float32)
    codes = unit((flat - mean) @ axes)
    largest = np.abs(codes).max(axis=1, keepdims=True)
    return {
        "axes": axes,
        "mean": (mean @ axes).astype(np.float32),
        "codes": np.rint(codes / largest * LARGEST).astype(np.int8),
        "starts": np.searchsorted(digits[order], np.arange(11)),
    }


@click.command()
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=Path("data"))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=INDEX)
def main(data: Path, out: Path) -> None:
    """Makes the index of the training digits in a folder."""
    found = MNIST(str(data), train=True, download=True)
    made = build(found.data.numpy(), found.targets.numpy())
    np.savez(out, **made)  # type: ignore[arg-type]  # its stubs take every name for a setting
    click.echo(f"wrote {out}: {len(found.data)} digits, {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
