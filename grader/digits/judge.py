"""Says of a tile which digit it is, and whether a person would read it at a glance.

A small convolutional network, run with NumPy: no torch, and the same answer on every machine but
for rounding. ``MODEL_CARD.md`` says how it was trained and how good it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from grader.digits.regions import Array
from grader.digits.weights import read_safetensors

WEIGHTS = Path(__file__).with_name("judge.safetensors")
NO_DIGIT = 10  # the class of what is no digit
SOFTENED = 0.6  # pixels
POOLED = (1, 2, 4)  # the convolutions after which the image is halved


@dataclass(frozen=True)
class Judge:
    """``slope`` and ``offset`` turn a score into the logit of a probability (Platt scaling)."""

    weights: Mapping[str, Array]
    slope: float = 1.0
    offset: float = 0.0

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Self:
        """The judge that ``grader.digits.training`` wrote."""
        weights, metadata = read_safetensors(path)
        facts: dict[str, Any] = json.loads(metadata["facts"])
        return cls(weights, facts["slope"], facts["offset"])

    def scores(self, tiles: Array) -> Array:
        """Tiles (N, 28, 28) of ink, 0 to 1 -> (N, 11): the logit of each digit, and of none.

        Each logit is that of its class against all others together; the mean of what the tiles
        show as they are and softened, for pictures are drawn more or less sharply.
        """
        from scipy.ndimage import gaussian_filter

        sharp = np.asarray(tiles, dtype=np.float32)
        soft = gaussian_filter(sharp, (0, SOFTENED, SOFTENED))
        return np.asarray((self._scores(sharp) + self._scores(soft)) / 2)

    def _scores(self, tiles: Array) -> Array:
        x = tiles[..., None]
        for number in (1, 2, 3, 4):
            x = self._convolved(x, number)
            if number in POOLED:
                x = halved(x)
        hidden = np.maximum(self._dense(x.transpose(0, 3, 1, 2).reshape(len(x), -1), 1), 0)
        logits = self._dense(hidden, 2).astype(np.float64)
        return against_others(logits)

    def probabilities(self, tiles: Array) -> Array:
        """(N, 10): how sure it is that a person reads each digit in each tile at a glance."""
        own = self.scores(tiles)[:, :NO_DIGIT]
        return np.asarray(1 / (1 + np.exp(-(self.slope * own + self.offset))))

    def clear_probability(self, tiles: Array, digits: Array) -> Array:
        """(N,): the same of one digit for each tile."""
        return np.asarray(self.probabilities(tiles)[np.arange(len(tiles)), digits])

    def _convolved(self, x: Array, number: int) -> Array:
        """3 x 3, ReLU; (N, H, W, C) -> (N, H, W, D)."""
        weight, bias = self.weights[f"conv{number}.weight"], self.weights[f"conv{number}.bias"]
        height, width = x.shape[1:3]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        shifted = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
        rows = np.concatenate(shifted, axis=3).reshape(-1, weight[0].size)
        out = rows @ weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))
        out += bias
        return np.asarray(np.maximum(out, 0, out=out).reshape(*x.shape[:3], len(weight)))

    def _dense(self, x: Array, number: int) -> Array:
        weight, bias = self.weights[f"dense{number}.weight"], self.weights[f"dense{number}.bias"]
        return np.asarray(x @ weight.T + bias)


def halved(x: Array) -> Array:
    """The larger of every 2 x 2; an odd last row or column is dropped."""
    count, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    pairs = x.reshape(count, height // 2, 2, width // 2, 2, channels)
    return np.asarray(pairs.max(axis=(2, 4)))


def against_others(logits: Array) -> Array:
    """log p - log(1 - p) for every class of a softmax."""
    scores = np.empty_like(logits)
    for column in range(logits.shape[1]):
        others = np.delete(logits, column, axis=1)
        scores[:, column] = logits[:, column] - np.logaddexp.reduce(others, axis=1)
    return scores


@cache
def judge() -> Judge:
    """The judge that comes with the grader."""
    return Judge.load()
