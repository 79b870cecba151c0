"""The two pictures that a finished setting leaves behind, in the notebook's own form."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torchvision.utils import make_grid, save_image

ROWS, COLUMNS = 4, 10
FRAMES_PER_SECOND = 5


def real_rows(images: torch.Tensor, labels: torch.Tensor, rows: int = ROWS) -> torch.Tensor:
    """``rows`` x 10 real digits, row by row: image i shows digit i mod 10.

    images: (N, 1, H, W). labels: (N,). Raises: ValueError if a digit occurs fewer than ``rows``
    times.
    """
    places = [torch.nonzero(labels == digit).flatten()[:rows] for digit in range(COLUMNS)]
    scarce = [digit for digit, found in enumerate(places) if len(found) < rows]
    if scarce:
        raise ValueError(f"the data holds fewer than {rows} images of digit {scarce[0]}")
    return images[torch.stack(places, dim=1).flatten()]


def save_final_image(path: Path, generated: torch.Tensor, real: torch.Tensor) -> None:
    """Four rows of generated digits above four rows of real ones: 302 x 242 pixels."""
    save_image(make_grid(torch.cat([generated, real]), nrow=COLUMNS), path)


def save_samples(path: Path, generated: torch.Tensor) -> None:
    """All of ``generated``, ten in a row: 302 x 302 pixels for 100 of them."""
    save_image(make_grid(generated, nrow=COLUMNS), path)


def save_final_gif(path: Path, frames: NDArray[Any]) -> None:
    """The way from noise to 40 digits: 800 x 300 pixels, the last frame is the finished sample.

    frames: (F, 40, 1, H, W), as ``DDPM.sample`` returns them. Each tile has its own gray scale.
    """
    figure = Figure(figsize=(8, 3), dpi=100)
    FigureCanvasAgg(figure)  # draws without a display
    axes = figure.subplots(ROWS, COLUMNS, sharex=True, sharey=True)

    def draw(index: int) -> list[Any]:
        drawn = []
        for axis, tile in zip(axes.flat, frames[index, :, 0], strict=True):
            axis.clear()
            axis.set_xticks([])
            axis.set_yticks([])
            low, high = float(np.min(tile)), float(np.max(tile))
            drawn.append(axis.imshow(tile, cmap="gray", vmin=low, vmax=high))
        return drawn

    animation = FuncAnimation(figure, draw, frames=len(frames), interval=200, repeat=True)
    with mpl.rc_context({"savefig.bbox": None}):  # "tight" would change the size
        animation.save(str(path), dpi=100, writer=PillowWriter(fps=FRAMES_PER_SECOND))
