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

from grader.arrays import Array
from grader.digits.weights import read_safetensors

WEIGHTS = Path(__file__).with_name("judge.safetensors")
NO_DIGIT = 10  # the class of what is no digit
SOFTENED = 1.0  # pixels: so that what is drawn small counts as what is drawn large
SUREST = 15.0  # log-odds: more says no more
POOLED = (1, 2, 4)  # the convolutions after which the image is halved


@dataclass(frozen=True)
class Judge:
    """``slopes``: how much the logit of a probability grows with the log-odds of a digit against
    none, and against the other digits; ``offset``: what is added (logistic regression)."""

    weights: Mapping[str, Array]
    slopes: tuple[float, float] = (1.0, 1.0)
    offset: float = 0.0

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Self:
        """The judge that ``grader.digits.training`` wrote."""
        weights, metadata = read_safetensors(path)
        facts: dict[str, Any] = json.loads(metadata["facts"])
        against_none, against_others = facts["slopes"]
        return cls(weights, (against_none, against_others), facts["offset"])

    def odds(self, tiles: Array) -> Array:
        """Tiles (N, 28, 28) of ink, 0 to 1 -> (2, N, 10): the log-odds of each digit against none,
        and against the nine others.

        The mean of what the tiles show as they are and softened, for pictures are drawn more or
        less sharply.
        """
        from scipy.ndimage import gaussian_filter

        sharp = np.asarray(tiles, dtype=np.float32)
        soft = gaussian_filter(sharp, (0, SOFTENED, SOFTENED))
        both = log_odds(self.logits(sharp)) + log_odds(self.logits(soft))
        return np.clip(both / 2, -SUREST, SUREST)

    def logits(self, tiles: Array) -> Array:
        """What the network says of tiles as they are, (N, 11)."""
        x = tiles[..., None]
        for number in (1, 2, 3, 4):
            x = self._convolved(x, number)
            if number in POOLED:
                x = halved(x)
        hidden = np.maximum(self._dense(x.transpose(0, 3, 1, 2).reshape(len(x), -1), 1), 0)
        return np.asarray(self._dense(hidden, 2), dtype=np.float64)

    def probabilities(self, tiles: Array) -> Array:
        """(N, 10): how sure it is that a person reads each digit in each tile at a glance."""
        against_none, against_others = self.odds(tiles)
        logit = self.slopes[0] * against_none + self.slopes[1] * against_others + self.offset
        return np.asarray(1 / (1 + np.exp(-logit)))

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


def log_odds(logits: Array) -> Array:
    """(2, N, 10): of each digit of a softmax against none of them, and against the others."""
    digits = logits[:, :NO_DIGIT]
    against_others = np.empty_like(digits)
    for digit in range(NO_DIGIT):
        others = np.delete(digits, digit, axis=1)
        against_others[:, digit] = digits[:, digit] - np.logaddexp.reduce(others, axis=1)
    return np.stack([digits - logits[:, NO_DIGIT:], against_others])


@cache
def judge() -> Judge:
    """The judge that comes with the grader."""
    return Judge.load()
