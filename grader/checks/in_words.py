"""What loss and sampler were measured to be, in words: for a TA who decides on a doubt."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from grader.arrays import Array
from grader.checks.answers import LossAnswer
from grader.checks.forward_process import ForwardProcess
from grader.checks.transitions import Expected, Transition

SMALL = 1e-9
SILENT = 1e-6  # of a variance, beside rounding
KNOWN = 0.1  # standard error of a coefficient, by its own size, from which on it says nothing
FEW = 4  # steps, or losses, that are named one by one
IMAGES = 256  # that suffice to tell distances apart
SAME = 0.999  # agreement of two gradients that are one
ALIKE = 0.9  # agreement from which on a distance is worth naming
CLOSE = 2e-3  # of a loss in float32


# --- the sampler ----------------------------------------------------------------------------------


def path(measured: Sequence[Transition], expected: Expected) -> dict[str, str]:
    """Which steps were asked for."""
    first, last = measured[0].step + 1, measured[-1].step + 1
    return {"steps": f"{len(measured)} of {len(expected.steps.beta)}, from t = {first} to {last}"}


def means(inner: Sequence[Transition], off: Array, expected: Expected) -> dict[str, str]:
    """Where a * x_t + b * image is not the mean of the posterior, and by how much."""
    if not off.any():
        return {"mean": f"that of the posterior at all {len(inner)} steps"}
    wrong = [m for m, is_off in zip(inner, off, strict=True) if is_off]
    wanted = [expected.posterior(m.step)[0] for m in wrong]
    a, b = zip(*wanted, strict=True)
    counts = {
        "x_t": times([m.a for m in wrong], a, [m.error_a for m in wrong]),
        "the predicted image": times([m.b for m in wrong], b, [m.error_b for m in wrong]),
    }
    parts = [f"{what} counts {n} times what is right" for what, n in counts.items() if n]
    constant = max((m.constant for m in wrong), key=abs)
    if abs(constant) > 0.01:
        parts.append(f"a constant of up to {constant:.2g} is added")
    return {"mean": f"off at {at(wrong, inner)}: {'; '.join(parts)}"}


def noises(
    inner: Sequence[Transition], off: Mapping[str, Array], expected: Expected
) -> dict[str, str]:
    """The variance of what is added beside those that it may have, of which ``off`` says where it
    is another one."""
    if all(m.variance < SILENT for m in inner):
        return {"noise": "none at any step"}
    kind = min(off, key=lambda kind: int(off[kind].sum()))
    if not off[kind].any():
        return {"noise": f"of variance {kind} at all {len(inner)} steps"}
    wrong = [m for m, is_off in zip(inner, off[kind], strict=True) if is_off]
    wanted = [expected.variances(m.step)[kind] for m in wrong]
    found = times([m.variance for m in wrong], wanted, [0.0] * len(wrong))
    return {"noise": f"of another variance at {at(wrong, inner)}: {found} times {kind}"}


def last_one(last: Transition, expected: Expected) -> dict[str, str]:
    """What the images that come back are made of."""
    a, b = expected.posterior(last.step)[0]
    text = (
        f"{short(last.a)} of x_t and {short(last.b)} of the predicted image"
        f" (right: {short(a)} and {short(b)})"
    )
    if abs(last.constant) > 0.01:
        text += f" and a constant of {last.constant:.2g}"
    noise = f"noise of variance {last.variance:.2g}" if last.variance > SILENT else "no noise"
    return {"last step": f"{text}, {noise}"}


def at(off: Sequence[Transition], inner: Sequence[Transition]) -> str:
    """How many steps, and which."""
    steps = sorted(m.step + 1 for m in off)
    if len(steps) <= FEW:
        named = f"t = {', '.join(map(str, steps))}"
    elif steps[-1] - steps[0] + 1 == len(steps):
        named = f"t = {steps[0]} to {steps[-1]}"
    else:
        named = f"all between t = {steps[0]} and {steps[-1]}"
    return f"{len(off)} of {len(inner)} steps, {named}"


def times(found: Sequence[float], wanted: Sequence[float], errors: Sequence[float]) -> str:
    """By which factor it differs, from the least to the largest; nothing where that is unknown."""
    ratios = [
        f / w
        for f, w, error in zip(found, wanted, errors, strict=True)
        if abs(w) > SMALL and error < KNOWN * abs(w)
    ]
    if not ratios:
        return ""
    low, high = short(min(ratios)), short(max(ratios))
    return low if low == high else f"{low} to {high}"


def short(value: float) -> str:
    """Three digits; what is next to nothing is 0."""
    if abs(value) < 1e-4:
        return "0"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


# --- the loss -------------------------------------------------------------------------------------


class Distance(NamedTuple):
    """A distance between predictions and targets by their differences in (B,) batches, (B, N, P):
    the value of each batch, and its gradient."""

    name: str
    value: Array
    gradient: Array


def squared(target: str, d: Array) -> Distance:
    """What the loss should be."""
    name = f"mean squared difference between the prediction and {target}"
    return Distance(name, mean_of(d * d), d * (2 / (d.shape[1] * d.shape[2])))


def distances(
    differences: Iterable[tuple[str, Array]], seen: dict[str, Array], flow: Array
) -> Iterator[Distance]:
    """Those that courses know, to each target: what the loss should be, and then the others, which
    take longer. ``differences`` are computed as they are asked for, and then are in ``seen``.
    ``flow``: the gradient that was measured, by which Huber's distance has its bend."""
    for target, d in differences:
        seen[target] = d
        yield squared(target, d)
    for target, d in seen.items():
        for other in other_distances(d, flow):
            yield other._replace(name=f"{other.name} between the prediction and {target}")


def other_distances(d: Array, flow: Array) -> Iterator[Distance]:
    size = d.shape[1] * d.shape[2]
    small, squares = np.abs(d), d * d
    yield Distance("mean absolute difference (L1)", mean_of(small), np.sign(d) / size)
    root = np.sqrt(mean_of(squares))
    slopes = d / np.maximum(size * root, SMALL)[:, None, None]
    yield Distance("root of the mean squared difference", root, slopes)
    near = small <= np.quantile(small, 0.05)
    slope = float(np.sum(flow * d, where=near)) / max(float(np.sum(squares, where=near)), SMALL)
    if slope and (bend := abs(float(np.abs(flow).max()) / slope)) < small.max():
        value = mean_of(np.where(small < bend, squares / 2, bend * (small - bend / 2)))
        name = f"Huber distance with its bend at {bend:.3g}"
        yield Distance(name, value, np.clip(d, -bend, bend) / size)
    cosh = mean_of(np.logaddexp(d, -d) - np.log(2))
    yield Distance("mean of log cosh of the difference", cosh, np.tanh(d) / size)
    yield Distance("mean fourth power of the difference", mean_of(squares**2), 4 * d**3 / size)


def mean_of(values: Array) -> Array:
    """Of each batch."""
    return np.asarray(values.mean(axis=(1, 2)))


def targets(
    answer: LossAnswer, process: ForwardProcess, rows: slice
) -> Iterator[tuple[str, Array]]:
    """What a network can be trained on, (N, P), by what a TA calls it, one after the other."""
    noise, image = process.noise[rows], process.x_scaled[rows]
    yield "the noise", noise
    yield "the image", image
    if (process.scale, process.shift) == (1, 0):
        yield "the image in -1..1", 2 * process.x[rows] - 1
    else:
        yield "the image in 0..1", process.x[rows]
    if answer.x_t.shape == process.noise.shape:
        yield "the noisy image x_t", answer.x_t[rows]
        yield "the noise minus the image", noise - image


def loss(answer: LossAnswer, process: ForwardProcess) -> dict[str, str]:
    """Which distance to which target the loss is, by the values and gradients of the batches that
    come first."""
    with np.errstate(all="ignore"):
        return told_of_loss(answer, process)


def told_of_loss(answer: LossAnswer, process: ForwardProcess) -> dict[str, str]:
    values = answer.loss
    size = len(answer.gradient) // len(values)
    batches = min(len(values), max(2, IMAGES // max(size, 1)))
    rows, shape = slice(0, batches * size), (batches, size, -1)
    flow = answer.gradient[rows].astype(np.float64).reshape(shape)
    answered = answer.answer[rows].astype(np.float64)
    said = {"loss": ", ".join(f"{value:.4g}" for value in values[:FEW])}
    if not np.all(np.isfinite(flow)):
        return said | {"gradient": "not finite"}
    if not np.any(flow):
        return said | {"gradient": "none"}
    goals = targets(answer, process, rows)
    differences = ((name, (answered - goal).reshape(shape)) for name, goal in goals)
    seen: dict[str, Array] = {}
    best, what = 0.0, ""
    for distance in distances(differences, seen, flow):
        agreement = abs(cosine(flow, distance.gradient))
        if agreement > best:
            best, what = agreement, distance.name
        if best > SAME:
            return said | {"this is": beside(values[:batches], distance, flow)}
    for target, d in seen.items():
        if weighted := weights(flow, d, process.step[rows], target):
            return said | {"this is": weighted}
    if best > ALIKE:
        return said | {"this is nearest to": f"the {what}, whose gradient agrees to {best:.1%}"}
    text = "no distance to noise, image or x_t that the grader knows"
    return said | {"this is": f"{text}; the gradient of the nearest one agrees to {best:.0%}"}


def beside(values: Array, nearest: Distance, flow: Array) -> str:
    """How often the distance counts, and what the loss holds beside it."""
    factor = float(np.vdot(flow, nearest.gradient) / np.vdot(nearest.gradient, nearest.gradient))
    rest = values - factor * nearest.value
    counts = short(round(factor, 3))
    name = nearest.name
    counted = f"the {name}" if counts == "1" else f"{counts} times the {name}"
    allowed = CLOSE * float(np.abs(values).max())
    if np.all(np.abs(rest) < allowed):
        return counted
    if np.ptp(rest) < allowed:
        return f"{counted}, and a constant of {np.mean(rest):.3g}"
    return f"by its gradient {counted}, by its value not"


def weights(flow: Array, difference: Array, steps: Array, target: str) -> str:
    """In words, if this is the squared difference with a weight for each image; or nothing."""
    power = np.maximum(np.sum(np.square(difference), axis=2), SMALL)
    weight = np.sum(flow * difference, axis=2) / power
    if cosine(flow, weight[:, :, None] * difference) < SAME or np.any(weight < 0):
        return ""
    by_image = weight.reshape(-1) * difference.shape[1] * difference.shape[2] / 2
    least, most = int(np.argmin(by_image)), int(np.argmax(by_image))
    return (
        f"the mean squared difference between the prediction and {target}, each image with a weight"
        f" of its own: from {short(by_image[least])} at t = {steps[least] + 1} to"
        f" {short(by_image[most])} at t = {steps[most] + 1}"
    )


def cosine(one: Array, other: Array) -> float:
    product = float(np.vdot(one, other))
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return product / size if size > 0 else 0.0
