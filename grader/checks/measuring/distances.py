"""Which distance a loss is, and to which target: by its value and by the gradient that the network
gets from it."""

from typing import NamedTuple

import numpy as np

from grader.arrays import Array
from grader.checks.answers import LossAnswer
from grader.checks.measuring.forward_process import ForwardProcess
from grader.checks.verdict import Verdict, failed, needs_review, passed
from grader.messages.message import say
from grader.squashing import SIGMOID, SQUASHING, Squashing

CLOSE = 2e-3  # of a loss in float32
ROUNDING = 1e-5  # of a pixel


class Meaning(NamedTuple):
    """What answers stand for under sample prediction: x itself, though the network sees it in
    another range; the image only after a function of ``SQUASHING``."""

    unscaled_target: bool = False
    through: Squashing | None = None


def judge_target(
    check: str, answer: LossAnswer, process: ForwardProcess, prediction: str
) -> tuple[Verdict, Meaning]:
    """Compares loss and gradient with those of the right target; also, what the answers mean."""
    targets = {
        "epsilon": process.noise,
        "sample": process.x_scaled,
        "unscaled": process.x,
    }
    right = ("epsilon",) if prediction == "epsilon" else ("sample", "unscaled")
    for name in right:
        verdict = compare_with(check, answer, targets[name], process)
        if verdict is not None:
            return verdict, Meaning(name == "unscaled")
    for name in right if prediction == "sample" else ():
        for squashing in SQUASHING:
            if (factor := factor_through(squashing, answer, targets[name])) is not None:
                verdict = passed(check, say("loss.squared_error"), factor=factor)
                return verdict, Meaning(name == "unscaled", squashing)
        if is_cross_entropy(answer, targets[name]):
            verdict = needs_review(check, say("loss.cross_entropy"))
            return verdict, Meaning(name == "unscaled", SIGMOID)
    for name, target in targets.items():
        if name not in right and compare_with(check, answer, target, process):
            said = say("loss.other_target", prediction=prediction)
            return failed(check, said, target=name), Meaning()
    return failed(check, say("loss.not_squared_error")), Meaning()


def factor_through(squashing: Squashing, answer: LossAnswer, target: Array) -> float | None:
    """By which factor the loss is the squared error of squashed answers; None if it is not."""
    if not in_range(squashing, target):
        return None  # no answer could be right
    values = squashing.value(answer.answer)
    factor, flows = squared_error(answer, values - target, squashing.slope(values))
    return factor if flows else None


def is_cross_entropy(answer: LossAnswer, target: Array) -> bool:
    """Whether the loss is that of pixels between black and white and the sigmoid of the answer: its
    gradient is their difference."""
    difference = SIGMOID.value(answer.answer) - target
    factor = np.sum(answer.gradient * difference) / np.sum(np.square(difference))
    off = np.abs(answer.gradient - factor * difference).max()
    near = off <= 1e-2 * np.abs(answer.gradient).mean()
    return bool(in_range(SIGMOID, target) and factor > 0 and near)


def in_range(squashing: Squashing, target: Array) -> bool:
    """Whether the function can give these values."""
    low, high = squashing.low - ROUNDING, squashing.high + ROUNDING
    return bool(low <= target.min() and target.max() <= high)


def compare_with(
    check: str, answer: LossAnswer, target: Array, process: ForwardProcess
) -> Verdict | None:
    """A verdict if loss and gradient are those of this target under some known loss."""
    difference = answer.answer - target
    factor, flows = squared_error(answer, difference)
    if flows:
        return passed(check, say("loss.squared_error"), factor=factor)
    if factor:
        return failed(check, say("loss.other_gradient"))
    return other_loss(check, difference, answer.loss, answer.gradient, process)


def squared_error(
    answer: LossAnswer, difference: Array, slope: Array | float = 1.0
) -> tuple[float, bool]:
    """By which factor the loss is the mean square of these differences, 0 if it is not; and whether
    the gradient is that. ``slope``: by how much a difference changes with the answer."""
    batches = len(answer.loss)
    per_image = np.einsum("ij,ij->i", difference, difference) / difference.shape[1]
    ratio = answer.loss / per_image.reshape(batches, -1).mean(axis=1)
    factor = float(np.median(ratio))
    if not np.allclose(ratio, factor, rtol=CLOSE) or factor <= 0:
        return 0.0, False
    flow = 2 * factor / (difference.size / batches) * difference
    flow *= slope
    gap = answer.gradient - flow  # half a million numbers each: no third array of them
    allowed, gap = np.abs(flow, out=flow), np.abs(gap, out=gap)
    allowed += allowed.mean()
    allowed *= 1e-2
    return factor, bool(np.all(gap <= allowed))


def other_loss(
    check: str, difference: Array, loss: Array, gradient: Array, process: ForwardProcess
) -> Verdict | None:
    """The squared error beside a constant passes; ``needs_review`` for L1, Huber or a weighting by
    t of the right difference."""
    slope = gradient * np.sign(difference)
    moderate = np.abs(difference) > 0.05
    if np.mean(slope[moderate] > 0) < 0.999:
        return None  # the gradient does not even point towards this target
    if np.std(slope[moderate]) < 0.02 * np.mean(slope[moderate]):
        return needs_review(check, say("loss.l1"))
    weights = np.sum(gradient * difference, axis=1) / np.sum(difference**2, axis=1)
    fits = np.abs(gradient - weights[:, None] * difference).max() < 0.02 * np.abs(gradient).max()
    if fits:
        squares = np.square(difference).reshape(len(loss), -1).mean(axis=1)
        if np.std(weights) < 1e-2 * np.mean(weights) and not falls_as_a_root(weights, squares):
            return beside_a_constant(check, difference, loss, float(np.mean(weights)))
        by_step = [weights[process.step == s] for s in np.unique(process.step)]
        constant = all(np.std(w) < 0.05 * np.mean(w) for w in by_step)
        if np.allclose(loss**2 / squares, loss[0] ** 2 / squares[0], rtol=4e-3):
            return needs_review(check, say("loss.root"))
        of_batches = weights.reshape(len(loss), -1)
        if np.all(np.ptp(of_batches, axis=1) < 1e-3 * of_batches.mean(axis=1)):
            return needs_review(check, say("loss.other_distance"))  # such as the error's logarithm
        if constant:
            return needs_review(check, say("loss.weighted"))
        return None
    return needs_review(check, say("loss.other_distance"))


def falls_as_a_root(weights: Array, squares: Array) -> bool:
    """Whether a batch's weight falls with its error, as that of a root does; random answers have
    nearly the same error in every batch."""
    by_batch = np.log(weights.reshape(len(squares), -1).mean(axis=1))
    errors = np.log(squares) - np.log(squares).mean()
    return bool(by_batch @ errors < -0.25 * (errors @ errors))


def beside_a_constant(check: str, difference: Array, loss: Array, weight: float) -> Verdict | None:
    """The squared error and a number that changes nothing, as in the likelihood of a Gaussian."""
    squares = np.square(difference).reshape(len(loss), -1).sum(axis=1) * weight / 2
    rest = loss - squares
    if np.ptp(rest) > CLOSE * np.mean(squares):
        return None
    return passed(check, say("loss.beside_a_constant"), constant=float(np.mean(rest)))
