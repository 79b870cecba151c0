"""Item ``sampling``: the reverse process of ``DDPM.sample``, for both prediction types.

The network is an oracle for a known image, a new one at every call. Each step x_t -> x_{t-1} is
then a linear function of x_t and that image plus noise, whatever way it is written, and its
coefficients and variance can be measured (Ho et al. 2020, eq. 6, 7 and 11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.checks.forward_process import extra_arguments, independence_ratio, labels_of
from grader.checks.loss import Training, best
from grader.checks.oracle import Array, Case
from grader.checks.reverse_process import judge_steps
from grader.checks.setting import PREDICTIONS, Setting, ask
from grader.checks.verdict import Verdict, failed, missing, needs_review, not_run
from grader.results import State
from grader.sandbox import KernelSession, Outcome, Status

ITEM = "sampling"
N_SAMPLE = 60
TRIED_AGAIN = 1000  # a sampler that stores every 100th step stores nothing when T is small


def hidden_case(seed: int) -> Case:
    """T of a few hundred: what real notebooks store by ``T // 100`` or ``i % 20`` still works."""
    rng = np.random.default_rng([seed, 4])
    beta1, beta_T = round(rng.uniform(1e-3, 4e-3), 5), round(rng.uniform(0.05, 0.08), 4)
    return Case(beta1, beta_T, int(rng.integers(200, 240)))


def recorded_calls(T: int) -> list[int]:
    """The calls whose input is kept: three runs in the middle, and the first and last ones."""
    middle = [int(T * part) for part in (0.3, 0.55, 0.8)]
    runs = [range(3), *(range(m, m + 6) for m in middle), range(T - 12, T + 1)]
    return sorted({call for run in runs for call in run})


def examine(
    session: KernelSession,
    seed: int,
    groups: Sequence[Sequence[Setting]],
    trainings: Mapping[tuple[str, str], Training],
) -> list[Verdict]:
    """A verdict a prediction type."""
    verdicts = []
    for prediction in PREDICTIONS:
        worst: Verdict | None = None
        for group in groups:
            training = trainings.get((prediction, group[0].schedule), Training())
            verdict, _ = best(
                (examine_setting(session, seed, setting, prediction, training), training)
                for setting in group
            )
            if worst is None or verdict.fraction < worst.fraction or not verdict.right:
                worst = verdict
            if verdict.state is State.TIMEOUT:
                break
        assert worst is not None
        verdicts.append(worst)
    return verdicts


def examine_setting(
    session: KernelSession, seed: int, setting: Setting, prediction: str, training: Training
) -> Verdict:
    case = hidden_case(seed)
    outcome, timesteps = run(session, seed, setting, case, prediction, training)
    store = outcome.facts.get("store")
    if outcome.status is Status.error or (isinstance(store, dict) and not store["frames"]):
        longer = Case(1e-4, 0.02, TRIED_AGAIN)
        second, second_timesteps = run(session, seed, setting, longer, prediction, training)
        if second.status is Status.ok and second.facts.get("network_calls"):
            outcome, timesteps, case = second, second_timesteps, longer
    verdict = judge(outcome, setting, case, prediction, training, timesteps)
    details = {
        "schedule": setting.schedule,
        "stand_in": setting.stand_in,
        "T": case.T,
        **verdict.details,
    }
    return replace(verdict, details=details)


def run(
    session: KernelSession,
    seed: int,
    setting: Setting,
    case: Case,
    prediction: str,
    training: Training,
) -> tuple[Outcome, Array | None]:
    """Samples once; and what training passes as t for steps 1..T, if that is known."""
    timesteps, entries = None, setting.entries(case, Outcome(Status.ok))
    if training.known:  # else forward is wrong, and may hang
        batch = min(case.T, 128)
        calls = 16 * case.T // batch
        inputs = {"measure": "timesteps", "seed": seed, "batch": batch, "calls": calls}
        asked = ask(session, setting, case, prediction, **inputs)
        timesteps = read_timesteps(asked, case.T, training)
        entries = setting.entries(case, asked)
    if not entries:
        entries = own_entries(session, setting, case)
    steps = setting.steps(entries, case)
    outcome = ask(
        session,
        setting,
        case,
        prediction,
        measure="sampling",
        seed=seed,
        n_sample=N_SAMPLE,
        record=recorded_calls(case.T),
        alphabar=steps.alphabar.tolist(),
        scale=training.scale,
        shift=training.shift,
        unscaled_target=training.unscaled_target,
        timesteps=None if timesteps is None else timesteps.tolist(),
    )
    return outcome, timesteps


def own_entries(session: KernelSession, setting: Setting, case: Case) -> dict[str, Array]:
    """What the student's ``ddpm_schedules`` returns; the reference's if it returns nothing."""
    inputs = {
        "function": "ddpm_schedules",
        "schedule": setting.schedule,
        "cases": [{**case.__dict__, "betas": None}],
    }
    arrays = session.probe("schedules", inputs).arrays
    entries = {name.removeprefix("0/"): np.asarray(array) for name, array in arrays.items()}
    if {"beta_t", "alphabar_t"} <= entries.keys():
        return entries
    return Setting(setting.schedule, "T").reference_entries(case)


def read_timesteps(outcome: Outcome, T: int, training: Training) -> Array | None:
    """What training passes as t for steps 1..T, shape (T,); None if it is not one number."""
    if outcome.status is not Status.ok or "c" not in outcome.arrays:
        return None
    classes = np.asarray(outcome.arrays["c"], dtype=np.float64)
    columns = [a[:, 0] for a in extra_arguments(outcome.arrays) if a.shape[1] == 1]
    others = [c for c in columns if not np.array_equal(c, classes)]
    if not others:
        return None
    values = np.unique(max(others, key=lambda c: len(np.unique(c))))
    values = values if training.ascending else values[::-1]
    if len(values) == T + 1:  # index 0 of T + 1 entries was drawn, too
        values = values[1:]
    return values if len(values) == T else None


def judge(
    outcome: Outcome,
    setting: Setting,
    case: Case,
    prediction: str,
    training: Training,
    timesteps: Array | None,
) -> Verdict:
    """The verdict on one prediction type under one schedule, from the probe's arrays."""
    check = f"{ITEM}.{prediction}"
    what = f"DDPM.sample with prediction_type='{prediction}'"
    if outcome.status is not Status.ok:
        return not_run(check, what, outcome)
    facts = outcome.facts
    if "missing" in facts:
        return missing(check, f"DDPM.sample is not implemented yet for '{prediction}'.")
    if "interface" in facts:
        text = "DDPM cannot be called as in the template; a person must look."
        return needs_review(check, text, fraction=0, interface=facts["interface"])
    if "returned" in facts:
        text = "sample does not return the images as a tensor of the size that was asked for."
        return failed(check, text, returned=facts["returned"], shape=facts["returned_shape"])
    if not np.all(np.isfinite(outcome.arrays["result"])):
        return failed(check, "The images that sample returns hold values that are not numbers.")
    for problem in (labels_problem(outcome.arrays), start_problem(outcome.arrays)):
        if problem is not None:
            return failed(check, problem)
    entries = setting.entries(case, outcome)
    steps = setting.steps(entries, case)
    verdict = judge_steps(check, outcome, steps, training, timesteps)
    if verdict.right and not facts["store"]["frames"]:
        return failed(check, "x_i_store is empty: no intermediate image was kept.")
    if verdict.right and np.prod(facts["store"]["shape"]) % (N_SAMPLE * 784):
        text = "x_i_store does not hold whole batches of images."
        return failed(check, text, shape=facts["store"]["shape"])
    return verdict


def labels_problem(arrays: Mapping[str, Any]) -> str | None:
    """A sentence unless every call was given the classes 0..9 in turn."""
    expected = np.arange(N_SAMPLE) % 10
    batch = np.asarray(arrays["batch"])
    offsets = np.concatenate([[0], np.cumsum(batch)])
    for argument in extra_arguments(arrays):
        labels = labels_of(argument)
        if labels is None:
            continue
        rows = [labels[start : start + N_SAMPLE] for start in offsets[:-1]]
        if all(len(row) == N_SAMPLE and np.array_equal(row, expected) for row in rows):
            return None
    return "The network is not given the class labels 0 to 9 for its ten columns."


def start_problem(arrays: Mapping[str, Any]) -> str | None:
    """A sentence unless the first x_t is standard normal noise."""
    start = np.asarray(arrays.get("state/0"), dtype=np.float64)
    if start.ndim != 2:
        return "The reverse process does not start from a batch of images."
    kurtosis = np.mean(start**4) / max(float(np.mean(start**2) ** 2), 1e-12)
    if abs(start.mean()) > 0.05 or abs(start.std() - 1) > 0.05 or abs(kurtosis - 3) > 0.5:
        return "The reverse process does not start from standard normal noise."
    if independence_ratio(start, axis=0) > 2 or independence_ratio(start, axis=1) > 3:
        return "The reverse process starts from the same noise for several images or pixels."
    return None
