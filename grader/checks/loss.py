"""Item ``loss``: what ``DDPM.forward`` trains on, for epsilon and for sample prediction.

The network is replaced by one that records its inputs and answers at random. From x_t, the known x
and the schedule follow, without touching the student's random numbers, which t each image got,
which noise is in it, and so which loss and which gradient are right (Ho et al. 2020, alg. 1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.checks import oracle
from grader.checks.alternatives import Group, Method, Result, Training, Try, examine_predictions
from grader.checks.arguments import CLASSES, IN_ONE_VECTOR, classes_given, distinct
from grader.checks.cases import Array, Case
from grader.checks.forward_process import (
    ForwardProcess,
    noise_problem,
    read_forward_process,
    timestep_argument,
)
from grader.checks.setting import Setting, ask
from grader.checks.verdict import (
    Verdict,
    failed,
    missing,
    needs_review,
    not_run,
    partial,
    passed,
)
from grader.results import State
from grader.sandbox import KernelSession, Outcome, Status

ITEM = "loss"
CALLS = 40
BATCH = 13  # fewer images than time steps: t may come from a shuffled range


def examine(
    session: KernelSession, seed: int, groups: Sequence[Group]
) -> tuple[list[Verdict], dict[tuple[str, str], Training]]:
    """A verdict a prediction type; and what each (prediction, schedule) showed of training."""
    case = oracle.loss_case(seed)
    inputs = {"measure": "loss", "seed": seed, "batch": BATCH, "calls": CALLS}

    def ask_one(one: Try) -> tuple[Outcome, Case]:
        return ask(session, one.setting, case, one.prediction, **inputs), case

    def tries(prediction: str, group: Group) -> list[Try]:
        return [Try(prediction, setting) for setting in group]

    return examine_predictions(groups, Method(tries, ask_one, judge_try))


def judge_try(one: Try, outcome: Outcome, case: Case) -> Result:
    """As ``judge``, with the schedule noted."""
    setting = one.setting
    verdict, training = judge(outcome, setting, case, one.prediction)
    details = {"schedule": setting.schedule, "stand_in": setting.stand_in, **verdict.details}
    return replace(verdict, details=details), training


def judge(
    outcome: Outcome, setting: Setting, case: Case, prediction: str
) -> tuple[Verdict, Training]:
    """The verdict on one prediction type under one schedule, from the probe's arrays."""
    check, unknown = f"{ITEM}.{prediction}", Training()
    if (verdict := interface_verdict(check, outcome, prediction)) is not None:
        return verdict, unknown
    arrays = outcome.arrays
    calls = np.asarray(arrays["calls"])
    if np.any(calls == 0):
        return failed(check, "The loss is computed without asking the network."), unknown
    if np.any(calls != 1):
        text = "The network is asked more than once for one loss; a person must look."
        return needs_review(check, text, calls=int(calls.max())), unknown
    steps = setting.steps(setting.entries(case, outcome), case)
    images, given = len(arrays["x"]), len(arrays["x_t"])
    if given != images and given % images == 0:
        text = "The network is given every image more than once for one loss; a person must look."
        return needs_review(check, text, images=images, given=given), unknown
    t = timestep_argument(arrays)
    if t is not None and told_in_one_vector(t, len(steps.beta) + steps.first_index):
        return needs_review(check, IN_ONE_VECTOR), unknown
    process = read_forward_process(arrays, t, steps)
    if isinstance(process, str):
        return failed(check, process), unknown
    if (problem := noise_problem(process)) is not None:
        return failed(check, problem), unknown
    verdict, unscaled = judge_target(check, arrays, process, prediction)
    training = Training(
        process.scale,
        process.shift,
        unscaled,
        process.ascending,
        known=verdict.right,
        told=told_at(process.step, t),
        own_codes=classes_given(arrays) == "codes",
    )
    if verdict.right:
        verdict = judge_draws(verdict, outcome, process, case)
    return verdict, training


def judge_draws(verdict: Verdict, outcome: Outcome, process: ForwardProcess, case: Case) -> Verdict:
    """The verdict on a right target, in the light of classes and time steps."""
    check = verdict.check
    if not classes_given(outcome.arrays):
        return failed(check, "The network is not given the class labels of the images.")
    if process.missing_steps:
        text = (
            f"Some time steps are never trained: of {case.T} steps, "
            f"number {', '.join(str(i + 1) for i in process.missing_steps[:5])} was never drawn."
        )
        return partial(check, 0.5, text, missing_steps=process.missing_steps)
    if process.uneven:
        text = "The time steps are not drawn uniformly; a person must look whether that is meant."
        return needs_review(check, text)
    if "wrapped" in outcome.facts and verdict.state is State.PASSED:
        text = "forward returns more than the loss; a person must look whether training takes it."
        return needs_review(check, text, returned=outcome.facts["wrapped"])
    return verdict


def told_in_one_vector(argument: Array, steps: int) -> bool:
    """Whether there are more different vectors than steps, and no more than of steps and classes:
    the sum of their embeddings, say."""
    if argument.shape[1] == 1:
        return False
    return steps < len(distinct(argument)) <= steps * (CLASSES + 1)


def told_at(step: Array, t: Array | None) -> tuple[float, ...]:
    """What stands for each step that was drawn, in their order; empty if it is not one number."""
    if t is None or t.shape[1] != 1:
        return ()
    firsts = np.unique(step, return_index=True)[1]
    return tuple(float(value) for value in t[firsts, 0])


def interface_verdict(check: str, outcome: Outcome, prediction: str) -> Verdict | None:
    """The verdict if there is nothing to measure; None if there is."""
    what = f"DDPM.forward with prediction_type='{prediction}'"
    if outcome.status is not Status.ok:
        return not_run(check, what, outcome)
    facts = outcome.facts
    if "missing" in facts:
        return missing(check, f"{facts['missing']} is not implemented yet for '{prediction}'.")
    if "interface" in facts:
        text = "DDPM cannot be called as in the template; a person must look."
        return needs_review(check, text, fraction=0, interface=facts["interface"])
    if not facts["differentiable"]:
        text = "The loss that is returned has no gradient, so nothing would be learnt."
        return failed(check, text, returned=facts["returned"])
    if facts["size"] != 1:
        return failed(check, "The loss is not a single number.", size=facts["size"])
    return None


def judge_target(
    check: str, arrays: Mapping[str, Any], process: ForwardProcess, prediction: str
) -> tuple[Verdict, bool]:
    """Compares loss and gradient with those of the right target; also, whether it is unscaled."""
    answer = np.multiply(arrays["answer"], 1 / 32, dtype=np.float32)
    targets = {
        "epsilon": process.noise,
        "sample": process.x_scaled,
        "unscaled": process.x,
    }
    right = ("epsilon",) if prediction == "epsilon" else ("sample", "unscaled")
    for name in right:
        verdict = compare_with(check, arrays, answer, targets[name], process)
        if verdict is not None:
            return verdict, name == "unscaled"
    for name, target in targets.items():
        if name not in right and compare_with(check, arrays, answer, target, process):
            text = f"With prediction_type='{prediction}' the network is trained on another target."
            return failed(check, text, target=name), False
    text = (
        "The loss is not the squared difference between the prediction and its target: "
        "check what the network is compared with."
    )
    return failed(check, text), False


def compare_with(
    check: str,
    arrays: Mapping[str, Any],
    answer: Array,
    target: Array,
    process: ForwardProcess,
) -> Verdict | None:
    """A verdict if loss and gradient are those of this target under some known loss."""
    loss = np.asarray(arrays["loss"], dtype=np.float64)
    gradient = np.asarray(arrays["gradient"], dtype=np.float32)
    batches = len(loss)
    difference = answer - target
    per_image = np.einsum("ij,ij->i", difference, difference) / difference.shape[1]
    squares = per_image.reshape(batches, -1).mean(axis=1)
    ratio = loss / squares
    factor = float(np.median(ratio))
    flow = 2 * factor / (difference.size / batches) * difference
    if np.allclose(ratio, factor, rtol=2e-3) and factor > 0:
        gap = gradient - flow  # half a million numbers each: no third array of them
        allowed, gap = np.abs(flow, out=flow), np.abs(gap, out=gap)
        allowed += allowed.mean()
        allowed *= 1e-2
        if np.all(gap <= allowed):
            text = "The loss is the squared error of the right target, and its gradient flows."
            return passed(check, text, factor=factor)
        return failed(check, "The gradient that reaches the network is not that of the loss.")
    return other_loss(check, difference, loss, gradient, process)


def other_loss(
    check: str, difference: Array, loss: Array, gradient: Array, process: ForwardProcess
) -> Verdict | None:
    """``needs_review`` for L1, Huber or a weighting by t of the right difference."""
    slope = gradient * np.sign(difference)
    moderate = np.abs(difference) > 0.05
    if np.mean(slope[moderate] > 0) < 0.999:
        return None  # the gradient does not even point towards this target
    if np.std(slope[moderate]) < 0.02 * np.mean(slope[moderate]):
        return needs_review(check, "The loss is L1 instead of the squared error.")
    weights = np.sum(gradient * difference, axis=1) / np.sum(difference**2, axis=1)
    fits = np.abs(gradient - weights[:, None] * difference).max() < 0.02 * np.abs(gradient).max()
    if fits:
        by_step = [weights[process.step == s] for s in np.unique(process.step)]
        constant = all(np.std(w) < 0.05 * np.mean(w) for w in by_step)
        squares = np.square(difference).reshape(len(loss), -1).mean(axis=1)
        if np.allclose(loss**2 / squares, loss[0] ** 2 / squares[0], rtol=4e-3):
            return needs_review(check, "The loss is the root of the squared error.")
        if constant:
            return needs_review(check, "The squared error is weighted by the time step.")
        return None
    text = "The loss is not the squared error but another distance to the right target."
    return needs_review(check, text)
