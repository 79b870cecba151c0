"""Item ``sampling``: the reverse process of ``DDPM.sample``, for both prediction types.

The network is an oracle for a known image, a new one at every call. Each step x_t -> x_{t-1} is
then a linear function of x_t and that image plus noise, whatever way it is written, and its
coefficients and variance can be measured (Ho et al. 2020, eq. 6, 7 and 11).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from grader.checks import oracle
from grader.checks.alternatives import Group, Method, Result, Training, Try, examine_predictions
from grader.checks.arguments import IN_ONE_VECTOR, extra_arguments
from grader.checks.cases import Array, Case
from grader.checks.forward_process import DATA_SPACES
from grader.checks.reverse_process import judge_steps, judge_with_one_image
from grader.checks.sample_call import (
    first_problem,
    in_one_vector,
    runs_backward,
    sorted_at_the_end,
    store_problem,
)
from grader.checks.setting import Setting, Steps, ask
from grader.checks.verdict import Verdict, failed, missing, needs_review, not_run, skipped
from grader.errors import NotRecorded
from grader.results import State
from grader.sandbox import KernelSession, Outcome, Status

ITEM = "sampling"
Judged = TypeVar("Judged", Verdict, Verdict | None)
N_SAMPLE = 30  # a multiple of the ten classes, neither 40 nor 100, which the notebook asks for
N_CHUNK = 10  # some ask the network for a part of the batch at a time: one of each class, say


OTHER_SPACES = [Training(scale, shift) for scale, shift in DATA_SPACES]
"""Where forward is wrong, nothing says in which space the network lives."""


def recorded_steps(T: int) -> list[int]:
    """The steps whose x_t is kept: three runs in the middle, and the first and last ones."""
    middle = [int(T * part) for part in (0.3, 0.55, 0.8)]
    runs = [range(3), *(range(m, m + 6) for m in middle), range(T - 12, T + 1)]
    return sorted({step for run in runs for step in run})


def examine(
    session: KernelSession,
    seed: int,
    groups: Sequence[Group],
    trainings: Mapping[tuple[str, str], Training],
) -> list[Verdict]:
    """A verdict a prediction type."""

    def tries(prediction: str, group: Group) -> list[Try]:
        known = trainings.get((prediction, group[0].schedule), Training())
        spaces = [known] if known.known else OTHER_SPACES
        return [Try(prediction, setting, training) for setting in group for training in spaces]

    def conclude(outcome: Outcome, question: Question, result: Result) -> Result:
        verdict, training = result
        if verdict.state is State.FAILED and "result" in outcome.arrays:
            found = judged(question, lambda: recognise_solver(session, seed, question))
            verdict = found or verdict
        setting = question.setting
        details = {
            "schedule": setting.schedule,
            "stand_in": setting.stand_in,
            "T": question.case.T,
            **verdict.details,
        }
        return replace(verdict, details=details), training

    found = Found()

    def ask_one(one: Try) -> tuple[Outcome, Question]:
        return samples(session, seed, one, found)

    return examine_predictions(groups, Method(tries, ask_one, judge_try, conclude))[0]


@dataclass(frozen=True)
class Question:
    """One way to ask for samples. ``timesteps`` is what training passes as t for steps 1..T."""

    setting: Setting
    case: Case
    prediction: str
    training: Training
    timesteps: Array | None
    steps: Steps

    def ask(self, session: KernelSession, seed: int, n_sample: int, fresh: bool = True) -> Outcome:
        return ask(
            session,
            self.setting,
            self.case,
            self.prediction,
            measure="sampling",
            seed=seed,
            n_sample=n_sample,
            record=recorded_steps(self.case.T),
            alphabar=self.steps.alphabar.tolist(),
            scale=self.training.scale,
            shift=self.training.shift,
            unscaled_target=self.training.unscaled_target,
            timesteps=None if self.timesteps is None else self.timesteps.tolist(),
            fresh=fresh,
            codes=self.training.own_codes,
        )


@dataclass
class Found:
    """What one question showed, and the next need not ask for: what training passes as t, by what
    it passed for the few steps of the loss; and the entries in use, by setting."""

    timesteps: dict[tuple[float, ...], Array] = field(default_factory=dict)
    entries: dict[Setting, dict[str, Array]] = field(default_factory=dict)


def samples(session: KernelSession, seed: int, one: Try, found: Found) -> tuple[Outcome, Question]:
    """What ``sample`` does, asked for once more in another way where that shows more."""
    question = prepare(session, seed, one, oracle.sampling_case(seed), found)
    outcome = question.ask(session, seed, N_SAMPLE)
    store = outcome.facts.get("store")
    if outcome.status is Status.error or (isinstance(store, dict) and not store["frames"]):
        second = prepare(session, seed, one, oracle.long_case(), Found())
        again = second.ask(session, seed, N_SAMPLE)
        if again.status is Status.ok and again.facts.get("network_calls"):
            outcome, question = again, second
    if asked_in_parts(outcome, N_SAMPLE):
        outcome = question.ask(session, seed, N_CHUNK)
    return outcome, question


def judge_try(one: Try, outcome: Outcome, question: Question) -> Result:
    return judged(question, lambda: judge(outcome, question)), one.training


def judged(question: Question, judge: Callable[[], Judged]) -> Judged | Verdict:
    """What ``judge`` says; that only the grader can tell if its answers are not to be had here."""
    try:
        return judge()
    except NotRecorded:
        text = "This sampler or schedule is not among those that can be compared here."
        return skipped(f"{ITEM}.{question.prediction}", text)


def asked_in_parts(outcome: Outcome, n_sample: int) -> bool:
    """Whether the network was asked for fewer images at a time than sample was to make."""
    return "batch" in outcome.arrays and bool(np.max(outcome.arrays["batch"]) < n_sample)


def recognise_solver(session: KernelSession, seed: int, question: Question) -> Verdict | None:
    """``needs_review`` if a sampler that is not DDPM's is right in itself all the same."""
    outcome = question.ask(session, seed, N_SAMPLE, fresh=False)
    if outcome.status is not Status.ok or "result" not in outcome.arrays:
        return None
    if first_problem(outcome) is not None:
        return None
    check = f"{ITEM}.{question.prediction}"
    found = judge_with_one_image(
        check, outcome, question.steps, question.training, question.timesteps
    )
    return found if found is None or store_problem(outcome, N_SAMPLE) is None else None


def prepare(session: KernelSession, seed: int, one: Try, case: Case, found: Found) -> Question:
    """Finds out the schedule in use, and what training passes as t, if that is known."""
    setting, prediction, training = one.setting, one.prediction, one.training
    entries = found.entries.get(setting) or setting.entries(case, Outcome(Status.ok))
    timesteps = found.timesteps.get(training.told)
    if training.known and timesteps is None:  # else forward is wrong, and may hang
        batch = min(case.T, 128)
        for draws in (8, 20):  # one in thirty first tries lacks a step
            inputs = {"measure": "timesteps", "batch": batch, "calls": draws * case.T // batch}
            asked = ask(session, setting, case, prediction, seed=seed, **inputs)
            timesteps = read_timesteps(asked, case.T, training)
            if timesteps is not None or asked.status is not Status.ok:
                break
        entries = entries or setting.entries(case, asked)
    if timesteps is not None and training.told:
        found.timesteps[training.told] = timesteps
    found.entries[setting] = entries = entries or own_entries(session, setting, case)
    steps = setting.steps(entries, case)
    return Question(setting, case, prediction, training, timesteps, steps)


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
        return setting.corrected(entries)
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


def judge(outcome: Outcome, question: Question) -> Verdict:
    """The verdict on one prediction type under one schedule, from the probe's arrays."""
    prediction = question.prediction
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
    n_sample = len(outcome.arrays["result"])
    if asked_in_parts(outcome, n_sample):
        text = "The network is asked for a few images at a time; a person must look."
        return needs_review(check, text)
    if (problem := first_problem(outcome)) is not None:
        if sorted_at_the_end(outcome.arrays):
            text = "The classes stand in another order in sample, and are sorted at its end."
            return needs_review(check, text)
        return failed(check, problem)
    training, timesteps = question.training, question.timesteps
    verdict = judge_steps(check, outcome, question.steps, training, timesteps)
    if verdict.right and (problem := store_problem(outcome, n_sample)) is not None:
        return failed(check, problem, **facts["store"])
    if verdict.right and in_one_vector(outcome.arrays):
        return needs_review(check, IN_ONE_VECTOR)
    if verdict.right and runs_backward(facts["store"]["likeness"]):
        return needs_review(check, "The frames of x_i_store run from the digits to the noise.")
    return verdict
