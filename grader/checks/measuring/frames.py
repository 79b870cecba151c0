"""Where the 28 x 28 pixels lie in the images that the network is given: some pad them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from grader.arrays import Array

SIDE = 28
PIXELS = SIDE * SIDE
CLEARLY = 2.0  # times as like as anywhere else


@dataclass(frozen=True)
class Frame:
    """``border``: the value of the pixels round about, in the network's space."""

    height: int
    width: int
    top: int
    left: int
    border: float = 0.0

    @property
    def places(self) -> Array:
        """Which of the pixels are the image's, (784,)."""
        rows = np.arange(SIDE)[:, None] + self.top
        return np.asarray((rows * self.width + np.arange(SIDE) + self.left).reshape(-1))

    def as_json(self) -> dict[str, float]:
        return asdict(self)

    def bordered_by(self, border: float) -> "Frame":
        return replace(self, border=border)


def find_frame(x: Array, x_t: Array, shape: Sequence[int]) -> Frame | None:
    """Where x, (N, 784), lies in x_t, (N, P), P > 784; None if it lies nowhere unchanged."""
    height, width = shape_of(x_t.shape[1], shape)
    if height < SIDE or width < SIDE:
        return None
    large = x_t.reshape(-1, height, width)
    known = (x - x.mean()).reshape(-1, SIDE, SIDE)
    found = {
        (top, left): float(
            np.einsum("nij,nij->", known, large[:, top : top + SIDE, left : left + SIDE])
        )
        for top in range(height - SIDE + 1)
        for left in range(width - SIDE + 1)
    }
    best, *others = sorted(found, key=lambda place: -abs(found[place]))
    if others and abs(found[best]) < CLEARLY * abs(found[others[0]]):
        return None
    return Frame(height, width, *best)


def shape_of(pixels: int, shape: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of one image; (0, 0) if it has more channels than one."""
    if len(shape) >= 2 and shape[-1] * shape[-2] == pixels:
        return shape[-2], shape[-1]
    side = int(pixels**0.5)
    return (side, side) if len(shape) == 1 and side * side == pixels else (0, 0)
