"""What loss and sampler were measured to be, in words: for a TA who decides on a doubt."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from grader.arrays import Array
from grader.checks.answers import LossAnswer
from grader.checks.measuring.forward_process import ForwardProcess
from grader.checks.measuring.transitions import Expected, Transition
from grader.messages.message import Message, Said, say, together

Measured = dict[str, Said]

SMALL = 1e-9
SILENT = 1e-6  # of a variance, beside rounding
KNOWN = 0.1  # standard error of a coefficient, by its own size, from which on it says nothing
FEW = 4  # steps, or losses, that are named one by one
IMAGES = 100  # that suffice to tell distances apart
SAME = 0.999  # agreement of two gradients that are one
ALIKE = 0.9  # agreement from which on a distance is worth naming
CLOSE = 2e-3  # of a loss in float32
PREDICTED = say("measured.predicted_image")


# --- the sampler ----------------------------------------------------------------------------------


def path(measured: Sequence[Transition], expected: Expected) -> Measured:
    """Which steps were asked for."""
    first, last = measured[0].step + 1, measured[-1].step + 1
    values = {"count": len(measured), "all": len(expected.steps.beta)}
    return {"steps": say("measured.steps", **values, first=first, last=last)}


def means(inner: Sequence[Transition], off: Array, expected: Expected) -> Measured:
    """Where a * x_t + b * image is not the mean of the posterior, and by how much."""
    if not off.any():
        return {"mean": say("measured.posterior_mean", count=len(inner))}
    wrong = [m for m, is_off in zip(inner, off, strict=True) if is_off]
    wanted = [expected.posterior(m.step)[0] for m in wrong]
    a, b = zip(*wanted, strict=True)
    factors: list[tuple[Said, Said]] = [
        ("x_t", times([m.a for m in wrong], a, [m.error_a for m in wrong])),
        (PREDICTED, times([m.b for m in wrong], b, [m.error_b for m in wrong])),
    ]
    parts = [say("measured.factor", what=what, factor=factor) for what, factor in factors if factor]
    constant = max((m.constant for m in wrong), key=abs)
    if abs(constant) > 0.01:
        parts.append(say("measured.constant_added", constant=constant))
    how = together(*parts, by="measured.both")
    return {"mean": say("measured.other_mean", where=at(wrong, inner), how=how)}


def noises(inner: Sequence[Transition], off: Mapping[str, Array], expected: Expected) -> Measured:
    """The variance of what is added beside those that it may have, of which ``off`` says where it
    is another one."""
    if all(m.variance < SILENT for m in inner):
        return {"noise": say("measured.no_noise_at_all")}
    kind = min(off, key=lambda kind: int(off[kind].sum()))
    if not off[kind].any():
        return {"noise": say("measured.right_variance", kind=kind, count=len(inner))}
    wrong = [m for m, is_off in zip(inner, off[kind], strict=True) if is_off]
    wanted = [expected.variances(m.step)[kind] for m in wrong]
    found = times([m.variance for m in wrong], wanted, [0.0] * len(wrong))
    where = at(wrong, inner)
    return {"noise": say("measured.other_variance", where=where, factor=found, kind=kind)}


def last_one(last: Transition, expected: Expected) -> Measured:
    """What the images that come back are made of."""
    a, b = expected.posterior(last.step)[0]
    values: dict[str, Said] = {"constant": "", "noise": say("measured.no_noise")}
    if abs(last.constant) > 0.01:
        values["constant"] = say("measured.and_constant", constant=last.constant)
    if last.variance > SILENT:
        values["noise"] = say("measured.noise_of_variance", variance=last.variance)
    values |= {"a": short(last.a), "b": short(last.b), "right_a": short(a), "right_b": short(b)}
    return {"last step": say("measured.last_step", **values)}


def at(off: Sequence[Transition], inner: Sequence[Transition]) -> Message:
    """How many steps, and which."""
    steps = sorted(m.step + 1 for m in off)
    ends = {"first": steps[0], "last": steps[-1]}
    if len(steps) <= FEW:
        which: Said = f"t = {', '.join(map(str, steps))}"
    elif steps[-1] - steps[0] + 1 == len(steps):
        which = say("measured.steps_between", **ends)
    else:
        which = say("measured.steps_within", **ends)
    return say("measured.where", count=len(off), all=len(inner), which=which)


def times(found: Sequence[float], wanted: Sequence[float], errors: Sequence[float]) -> Said:
    """By which factor it differs, from the least to the largest; nothing where that is unknown."""
    ratios = [
        f / w
        for f, w, error in zip(found, wanted, errors, strict=True)
        if abs(w) > SMALL and error < KNOWN * abs(w)
    ]
    if not ratios:
        return ""
    low, high = short(min(ratios)), short(max(ratios))
    return low if low == high else say("measured.range", low=low, high=high)


def short(value: float) -> str:
    """Three digits; what is next to nothing is 0."""
    if abs(value) < 1e-4:
        return "0"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


# --- the loss -------------------------------------------------------------------------------------


class Distance(NamedTuple):
    """A distance between predictions and targets by their differences in (B,) batches, (B, N, P):
    the value of each batch, and its gradient."""

    name: Message
    value: Array
    gradient: Array


def squared(d: Array) -> Distance:
    """What the loss should be."""
    name = say("measured.squared")
    return Distance(name, mean_of(d * d), d * (2 / (d.shape[1] * d.shape[2])))


def distances(
    differences: Iterable[tuple[Message, Array]], seen: dict[Message, Array], flow: Array
) -> Iterator[Distance]:
    """Those that courses know, to each target: what the loss should be, and then the others, which
    take longer. ``differences`` are computed as they are asked for, and then are in ``seen``.
    ``flow``: the gradient that was measured, by which Huber's distance has its bend."""
    for target, d in differences:
        seen[target] = d
        yield between(squared(d), target)
    for target, d in seen.items():
        for other in other_distances(d, flow):
            yield between(other, target)


def between(distance: Distance, target: Message) -> Distance:
    """The distance, with the target in its name."""
    name = say("measured.distance", distance=distance.name, target=target)
    return distance._replace(name=name)


def other_distances(d: Array, flow: Array) -> Iterator[Distance]:
    size = d.shape[1] * d.shape[2]
    small, squares = np.abs(d), d * d
    yield Distance(say("measured.absolute"), mean_of(small), np.sign(d) / size)
    root = np.sqrt(mean_of(squares))
    slopes = d / np.maximum(size * root, SMALL)[:, None, None]
    yield Distance(say("measured.root"), root, slopes)
    near = small <= np.quantile(small, 0.05)
    slope = float(np.sum(flow * d, where=near)) / max(float(np.sum(squares, where=near)), SMALL)
    if slope and (bend := abs(float(np.abs(flow).max()) / slope)) < small.max():
        value = mean_of(np.where(small < bend, squares / 2, bend * (small - bend / 2)))
        name = say("measured.huber", bend=bend)
        yield Distance(name, value, np.clip(d, -bend, bend) / size)
    cosh = mean_of(np.logaddexp(d, -d) - np.log(2))
    yield Distance(say("measured.log_cosh"), cosh, np.tanh(d) / size)
    yield Distance(say("measured.fourth_power"), mean_of(squares**2), 4 * d**3 / size)


def mean_of(values: Array) -> Array:
    """Of each batch."""
    return np.asarray(values.mean(axis=(1, 2)))


def targets(
    answer: LossAnswer, process: ForwardProcess, rows: slice
) -> Iterator[tuple[Message, Array]]:
    """What a network can be trained on, (N, P), by what a TA calls it, one after the other."""
    noise, image = process.noise[rows], process.x_scaled[rows]
    yield say("measured.noise"), noise
    yield say("measured.image"), image
    if (process.scale, process.shift) == (1, 0):
        yield say("measured.centred_image"), 2 * process.x[rows] - 1
    else:
        yield say("measured.plain_image"), process.x[rows]
    if answer.x_t.shape == process.noise.shape:
        yield say("measured.noisy_image"), answer.x_t[rows]
        yield say("measured.noise_minus_image"), noise - image


def loss(answer: LossAnswer, process: ForwardProcess) -> Measured:
    """Which distance to which target the loss is, by the values and gradients of the batches that
    come first."""
    with np.errstate(all="ignore"):
        return told_of_loss(answer, process)


def told_of_loss(answer: LossAnswer, process: ForwardProcess) -> Measured:
    values = answer.loss
    size = len(answer.gradient) // len(values)
    batches = min(len(values), max(2, IMAGES // max(size, 1)))
    rows, shape = slice(0, batches * size), (batches, size, -1)
    flow = answer.gradient[rows].astype(np.float64).reshape(shape)
    answered = answer.answer[rows].astype(np.float64)
    said: Measured = {"loss": ", ".join(f"{value:.4g}" for value in values[:FEW])}
    if not np.all(np.isfinite(flow)):
        return said | {"gradient": say("measured.not_finite")}
    if not np.any(flow):
        return said | {"gradient": say("measured.none")}
    goals = targets(answer, process, rows)
    differences = ((name, (answered - goal).reshape(shape)) for name, goal in goals)
    seen: dict[Message, Array] = {}
    best, nearest = 0.0, say("measured.none")
    for distance in distances(differences, seen, flow):
        agreement = abs(cosine(flow, distance.gradient))
        if agreement > best:
            best, nearest = agreement, distance.name
        if best > SAME:
            return said | {"this is": beside(values[:batches], distance, flow)}
    for target, d in seen.items():
        if weighted := weights(flow, d, process.step[rows], target):
            return said | {"this is": weighted}
    if best > ALIKE:
        told = say("measured.nearest", distance=nearest, agreement=best)
        return said | {"this is nearest to": told}
    return said | {"this is": say("measured.unknown", agreement=best)}


def beside(values: Array, nearest: Distance, flow: Array) -> Message:
    """How often the distance counts, and what the loss holds beside it."""
    factor = float(np.vdot(flow, nearest.gradient) / np.vdot(nearest.gradient, nearest.gradient))
    rest = values - factor * nearest.value
    counts = short(round(factor, 3))
    what = nearest.name
    if counts != "1":
        what = say("measured.times", factor=counts, distance=nearest.name)
    allowed = CLOSE * float(np.abs(values).max())
    if np.all(np.abs(rest) < allowed):
        return what
    if np.ptp(rest) < allowed:
        return say("measured.beside_a_constant", what=what, constant=float(np.mean(rest)))
    return say("measured.by_gradient_alone", what=what)


def weights(flow: Array, difference: Array, steps: Array, target: Message) -> Said:
    """In words, if this is the squared difference with a weight for each image; or nothing."""
    power = np.maximum(np.sum(np.square(difference), axis=2), SMALL)
    weight = np.sum(flow * difference, axis=2) / power
    if cosine(flow, weight[:, :, None] * difference) < SAME or np.any(weight < 0):
        return ""
    by_image = weight.reshape(-1) * difference.shape[1] * difference.shape[2] / 2
    least, most = int(np.argmin(by_image)), int(np.argmax(by_image))
    return say(
        "measured.weighted",
        distance=say("measured.distance", distance=say("measured.squared"), target=target),
        low=short(by_image[least]),
        first=int(steps[least]) + 1,
        high=short(by_image[most]),
        last=int(steps[most]) + 1,
    )


def cosine(one: Array, other: Array) -> float:
    product = float(np.vdot(one, other))
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return product / size if size > 0 else 0.0
