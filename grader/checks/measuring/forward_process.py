"""Reads q(x_t | x_0) back from what the network was given (Ho et al. 2020, eq. 4).

For each value that the network was given as t, slope, intercept and spread of x_t over the known x
say which step it is; nothing is assumed about how t is written (integers, t / T, any shape).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.arrays import Array
from grader.checks.answers import LossAnswer
from grader.checks.measuring.clock import Clock
from grader.checks.measuring.frames import PIXELS, Frame, find_frame
from grader.checks.measuring.noise import (
    independence_ratio,
    kurtosis,
    same_in_all_pixels,
    shared_among_pixels,
)
from grader.checks.measuring.slots import FEWEST_TIMES, Slot
from grader.checks.measuring.which_step import (
    Group,
    find_space,
    find_steps,
    in_order,
    regress,
)
from grader.checks.schedule_in_use import Steps
from grader.messages.message import Message, say

BORDERS = (-1.0, 1.0, 0.5, -0.5)  # beside the data's own darkest and brightest value
SURE = 5.0  # standard errors; a border that is not exact spoils the noise of early steps
OFTEN = 0.75  # of the mean: drawn so often, a step's neighbour cannot be a rare one


@dataclass(frozen=True)
class ForwardProcess:
    """N images: the step of each (0-based, (N,)), its noise, and x as forward was given it and in
    the network's space, (N, 784) or larger."""

    step: Array
    noise: Array
    x: Array
    x_scaled: Array
    scale: float
    shift: float
    missing_steps: list[int]  # never drawn, where chance does not explain that
    uneven: bool  # among the steps that were drawn
    time: tuple[str, ...] = ()  # the arguments that tell t
    frame: Frame | None = None  # where the image lies in larger ones


@dataclass(frozen=True)
class Doubt:
    """What a person must look at."""

    said: Message


NOT_MIXED = say("loss.not_mixed")
NOT_TOLD = say("loss.t_not_told")


def read_forward_process(
    answer: LossAnswer,
    times: Sequence[Slot],
    steps: Steps,
    clock: Clock | None = None,
) -> ForwardProcess | Doubt | Message:
    """The process, by the first of the arguments that may tell t which does; or what is wrong with
    it. ``clock``: what each t means, where there are too many for few images to show it."""
    x, x_t, shape = answer.x, answer.x_t, answer.image
    if len(x_t) != len(x) or x_t.shape[1] < PIXELS:
        return say("loss.not_as_many_images")
    if not np.all(np.isfinite(x_t)):
        return say("loss.not_finite")
    frame = None
    if x_t.shape[1] > PIXELS:
        frame = find_frame(x, x_t, shape)
        if frame is None and x_t.shape[1] % PIXELS == 0:
            shown = " x ".join(str(side) for side in shape)
            return say("loss.other_shape", shape=shown)
        if frame is None:
            return Doubt(say("loss.images_not_found"))
    whole, x_t = x_t, x_t if frame is None else x_t[:, frame.places]
    found: Doubt | Message | None = None
    for t in times:
        here = read_with(x, x_t, t, steps, len(answer.calls), clock)
        if isinstance(here, ForwardProcess):
            telling = [slot.name for slot in times if tells(slot, here.step) or slot is t]
            here = replace(here, time=tuple(telling))
            return here if frame is None else framed(here, whole, frame, steps)
        found = found or here
    few = all(slot.count < FEWEST_TIMES for slot in times)  # masks, say
    return found if found and not few else NOT_TOLD


def read_with(
    x: Array, x_t: Array, t: Slot, steps: Steps, batches: int, clock: Clock | None
) -> ForwardProcess | Doubt | Message:
    """The same by one argument."""
    by_batch = t.ids.reshape(batches, -1)
    if np.all(np.ptp(by_batch, axis=1) == 0):
        return say("loss.one_t_a_batch")
    if clock is not None and (known := clock.steps_of(t.name, t.table)) is not None:
        groups = [regress(x, x_t, np.flatnonzero(t.ids == g)) for g in range(t.count)]
        scale, shift, distance = find_space(groups, known, steps)
        if distance > steps.too_far:
            return NOT_MIXED
        return describe(x, x_t, groups, known, (scale, shift), steps)
    if t.count > len(steps.beta) + steps.first_index:
        return read_continuous(x, x_t, t, steps)
    groups = [regress(x, x_t, np.flatnonzero(t.ids == g)) for g in ordered_ids(t)]
    scale, shift, step, distance = find_steps(groups, steps)
    if distance > steps.too_far:
        return NOT_MIXED
    if t.rows.shape[1] == 1:  # a vector of time features has no order
        ordered = in_order(groups, step, (scale, shift), steps)
        if ordered is None:
            return say("loss.not_by_t")
        step = ordered
    return describe(x, x_t, groups, step, (scale, shift), steps)


def ordered_ids(t: Slot) -> Array:
    """Its values, numbers from the least on."""
    return np.argsort(t.table[:, 0]) if t.rows.shape[1] == 1 else np.arange(t.count)


def tells(slot: Slot, step: Array) -> bool:
    """Whether the step follows from the argument."""
    return len({*zip(slot.ids.tolist(), step.tolist(), strict=True)}) == slot.count


ROUNDINGS = (np.floor, lambda u: np.ceil(u) - 1, np.round, lambda u: np.round(u) - 1, np.ceil)


def read_continuous(
    x: Array, x_t: Array, t: Slot, steps: Steps
) -> ForwardProcess | Doubt | Message:
    """The process where t is drawn from an interval and rounded to a step."""
    if t.rows.shape[1] > 1:
        return say("loss.more_times_than_steps")
    u, T = t.rows[:, 0], len(steps.beta)
    for stretch in (T, T - 1, 1):
        for rounding in ROUNDINGS:
            step = rounding(u * stretch).astype(np.int64)
            if step.min() < 0 or step.max() >= T or len(np.unique(step)) < 2:
                continue
            drawn = np.unique(step)
            groups = [regress(x, x_t, np.flatnonzero(step == s)) for s in drawn]
            scale, shift, found, distance = find_steps(groups, steps)
            if distance <= steps.too_far and np.array_equal(found, drawn):
                return describe(x, x_t, groups, drawn, (scale, shift), steps)
    slopes = [regress(x, x_t, rows).slope for rows in np.array_split(np.argsort(u), 6)]
    if np.all(np.diff(slopes) > 0) or np.all(np.diff(slopes) < 0):
        return Doubt(say("loss.continuous_t"))
    return say("loss.more_times_than_steps")


def framed(
    process: ForwardProcess, x_t: Array, frame: Frame, steps: Steps
) -> ForwardProcess | Doubt:
    """The same for all pixels of larger images, (N, P), whose border has one value."""
    alphabar = np.array([steps.alphabar_prev, *steps.alphabar])[process.step + 1]
    root, deviation = np.sqrt(alphabar), np.sqrt(np.maximum(1 - alphabar, 1e-9))
    outside = np.ones(x_t.shape[1], dtype=bool)
    outside[frame.places] = False
    weight = root / deviation**2
    border = float(weight @ x_t[:, outside].mean(axis=1) / (weight @ root))
    error = 1 / np.sqrt(outside.sum() * (weight @ root))
    usual = (process.shift, process.scale + process.shift, 0.0, *BORDERS)
    border = next((value for value in usual if abs(border - value) < SURE * error), border)
    noise = (x_t - np.float32(border) * root[:, None]) / deviation[:, None]
    noise[:, frame.places] = process.noise
    spread = float(np.mean(np.square(noise[:, outside])))
    if abs(spread - 1) > 0.1:
        return Doubt(say("loss.border"))
    scaled = np.full(x_t.shape, border, np.float32)
    scaled[:, frame.places] = process.x_scaled
    x = np.full(x_t.shape, (border - process.shift) / process.scale, np.float32)
    x[:, frame.places] = process.x
    return replace(
        process,
        noise=noise.astype(np.float32),
        x=x,
        x_scaled=scaled,
        frame=frame.bordered_by(border),
    )


def describe(
    x: Array,
    x_t: Array,
    groups: list[Group],
    step: Array,
    space: tuple[float, float],
    steps: Steps,
) -> ForwardProcess:
    """Every image's noise, by the steps found."""
    scale, shift = space
    x_scaled = x if (scale, shift) == (1, 0) else float(scale) * x + float(shift)
    step_of = np.zeros(len(x), dtype=np.int64)
    for group, s in zip(groups, step, strict=True):
        step_of[group.rows] = s
    used = step_of >= 0
    alphabar = np.where(used, steps.alphabar[np.maximum(step_of, 0)], steps.alphabar_prev)
    root = np.sqrt(alphabar)[:, None].astype(x_t.dtype)
    deviation = np.sqrt(np.maximum(1 - alphabar, 1e-9))[:, None].astype(x_t.dtype)
    noise = root * x_scaled
    np.subtract(x_t, noise, out=noise)
    noise /= deviation
    counts = np.bincount(step_of[used], minlength=len(steps.beta))
    missing = never_drawn(counts).tolist()
    return ForwardProcess(step_of, noise, x, x_scaled, scale, shift, missing, is_uneven(counts))


def is_uneven(counts: Array) -> bool:
    """Whether the steps that were drawn at all were not drawn alike often, by chi-square."""
    drawn = counts[counts > 0]
    expected = max(float(drawn.mean()), 1.0)
    statistic = float(np.sum((drawn - expected) ** 2) / expected)
    return bool(statistic > len(drawn) + 9 * np.sqrt(2 * len(drawn)) + 30)


def never_drawn(counts: Array) -> Array:
    """The steps that can be told never to be drawn: each that is missing where all are drawn alike;
    else a missing one may only be rare, unless the next ones round it are drawn often.

    Of 4000 draws with a smooth bias (a power, a normal, a beta, a cosine) at most 1 was called so,
    through a narrow sigmoid 25; of draws that are clamped to the last step, 91 to 95 %.
    """
    gaps = np.flatnonzero(counts == 0)
    if not is_uneven(counts):
        return gaps
    drawn = np.flatnonzero(counts)
    after = np.searchsorted(drawn, gaps)
    left, right = np.maximum(after - 1, 0), np.minimum(after, len(drawn) - 1)
    around = np.minimum(counts[drawn[left]], counts[drawn[right]])
    return np.asarray(gaps[around >= OFTEN * counts.mean()])


def noise_problem(process: ForwardProcess) -> Message | None:
    """A message if the noise is not normal and independent; None if it is."""
    used = process.step >= 0
    noise = process.noise if used.all() else process.noise[used]
    if abs(kurtosis(noise) - 3) > 0.25:
        return say("loss.noise_not_normal")
    if independence_ratio(noise, axis=0) > 1.5:
        return say("loss.noise_of_several_images")
    if same_in_all_pixels(noise) or shared_among_pixels(noise):
        return say("loss.noise_of_all_pixels")
    return None
