"""A classifier of another kind beside the judge: which digit does it read in the clear tiles?

A support vector machine of scikit-learn's, trained on all of MNIST, which the repository does not
hold: torchvision fetches it into the folder ``MNIST`` names (default ``data``).
"""

import os

import numpy as np
import numpy.typing as npt
from rich.table import Table
from scipy.ndimage import affine_transform
from sklearn.svm import SVC
from torchvision.datasets import MNIST

from grader.digits.judge import judge
from grader.digits.labelled import sheets

Array = npt.NDArray[np.float32]
FOLDER = os.environ.get("MNIST", "data")


def upright(tiles: Array) -> Array:
    """Tiles (N, 28, 28) without their slant, their ink in the middle; (N, 784)."""
    row, column = np.mgrid[:28, :28].astype(np.float32)
    out = np.empty_like(tiles)
    for i, tile in enumerate(tiles):
        mass = max(float(tile.sum()), 1e-6)
        y, x = float((tile * row).sum()) / mass, float((tile * column).sum()) / mass
        across = float((tile * (row - y) * (column - x)).sum())
        slant = across / max(float((tile * (row - y) ** 2).sum()), 1e-6)
        matrix = np.array([[1, 0], [slant, 1]])
        out[i] = affine_transform(tile, matrix, np.array([y, x]) - matrix @ [13.5, 13.5], order=1)
    return out.reshape(len(out), -1)


def mnist(train: bool) -> tuple[Array, npt.NDArray[np.int64]]:
    data = MNIST(FOLDER, train=train, download=True)
    return upright(data.data.numpy().astype(np.float32) / 255), data.targets.numpy()


def fitted(x: Array, y: npt.NDArray[np.int64]) -> SVC:
    """Fitted twice: the second time on what carried the first margin, and on that moved by a pixel
    (virtual support vectors: Schoelkopf, Burges and Vapnik 1996)."""
    first = SVC(C=10, gamma=0.02).fit(x, y)
    carried, digits = x[first.support_].reshape(-1, 28, 28), y[first.support_]
    moves = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
    moved = [np.roll(carried, move, axis=(1, 2)).reshape(len(carried), -1) for move in moves]
    return SVC(C=10, gamma=0.02).fit(np.concatenate(moved), np.tile(digits, len(moves)))


def independent(_: int) -> Table:
    """Of the held-out tiles that the judge calls clear, how many the other one reads as it does."""
    table = Table("held-out sheet", "clear", "as the column's digit", title="a machine's reading")
    try:
        machine = fitted(*mnist(train=True))
    except (OSError, RuntimeError) as error:
        table.caption = f"not measured: no MNIST in {FOLDER} ({error})"
        return table
    read = total = 0
    for sheet in sheets("held_out"):
        tiles = sheet.ink.reshape(-1, 28, 28)
        column = np.tile(np.arange(10), len(sheet.ink))
        clear = judge().clear_probability(tiles, column) >= 0.5
        right = int(np.sum(machine.predict(upright(tiles[clear])) == column[clear]))
        table.add_row(sheet.name, str(int(clear.sum())), str(right))
        read, total = read + right, total + int(clear.sum())
    own = float(machine.score(*mnist(train=False)))
    table.caption = (
        f"{read / total:.1%} of {total}; on MNIST's test digits it is right in {own:.1%}"
    )
    return table
