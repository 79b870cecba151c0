"""Item ``beta_schedule``: the betas for hidden T, beta_1 and beta_T, linear and cosine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.arrays import Array
from grader.assignment import SCHEDULES
from grader.checks import oracle
from grader.checks.answers import ScheduleAnswer
from grader.checks.cases import Case
from grader.checks.items import Item, Known
from grader.checks.tolerances import DEFAULT, Tolerances
from grader.checks.verdict import Verdict, failed, missing, needs_review, not_run, passed
from grader.messages.message import Message, Said, say, sentence
from grader.sandbox import KernelSession, Status, derived
from grader.states import State

ITEM = "beta_schedule"
DRAWN = 40  # points of a curve that a person is shown


@dataclass(frozen=True)
class Finding:
    """How one returned array compares: ``kind`` is "right", "doubtful" or "wrong"."""

    kind: str
    reason: Said
    error: float  # largest deviation from the reference, relative to it


def close(got: Array, expected: Array, T: int, tolerances: Tolerances) -> bool:
    """Whether betas agree, or else the alphabars that they imply (1e-5 absolute)."""
    if np.allclose(got, expected, rtol=tolerances.beta_relative * T, atol=2e-7):
        return True
    products = np.cumprod(1 - got), np.cumprod(1 - expected)
    return T > 500 and bool(np.allclose(*products, rtol=0, atol=1e-5))


def used_part(values: Array, T: int) -> Array | None:
    """beta_1..beta_T of T values, or of T + 1 whose first is a small one that is never used."""
    if len(values) == T:
        return values
    if len(values) == T + 1 and -1e-9 <= values[0] <= values[1] + 1e-6:
        return values[1:]
    return None


def compare(values: Array, case: Case, schedule: str, tolerances: Tolerances = DEFAULT) -> Finding:
    """Judges what came back for one call."""
    T = case.T
    used = used_part(values, T)
    if not np.all(np.isfinite(values)):
        return Finding("wrong", say("beta_schedule.not_finite"), np.inf)
    if used is None:
        if len(values) in (T, T + 1):
            return Finding("wrong", say("beta_schedule.first_value"), np.inf)
        reason = say("beta_schedule.count", count=len(values), T=T)
        return Finding("wrong", reason, np.inf)
    forms = oracle.accepted_betas(case, schedule)
    error = min(float(np.max(np.abs(used - form) / form)) for form in forms)
    if any(close(used, form, T, tolerances) for form in forms):
        return Finding("right", "", error)
    if schedule == "cosine" and (clip := other_clip(used, case, tolerances)):
        return Finding("doubtful", clip, error)
    return Finding("wrong", describe(used, forms[0]), error)


def other_clip(used: Array, case: Case, tolerances: Tolerances) -> Message | None:
    """A phrase if the cosine's betas are right but for clip bounds other than 0 and 0.999."""
    T, raw = case.T, oracle.unclipped_cosine_betas(case.T)
    low, high = float(used.min()), float(used.max())
    plausible = low <= 1.01 * max(1e-3, case.beta1, float(raw.min())) and 0.99 <= high <= 1 - 5e-7
    if plausible and close(used, np.clip(raw, low, high), T, tolerances):
        below, above = low > 1.01 * float(raw.min()), abs(high - oracle.COSINE_CLIP) > 1e-6
        bounds: Said = ""
        if below and above:
            bounds = say("beta_schedule.within", low=low, high=high)
        elif below:
            bounds = say("beta_schedule.not_below", low=low)
        elif above:
            bounds = say("beta_schedule.not_above", high=high)
        return say("beta_schedule.clipped", bounds=bounds)
    return None


def describe(used: Array, expected: Array) -> Message:
    """Where the curve leaves the right one, without saying what is right."""
    if used.max() >= 1:
        return say("beta_schedule.reaches_one")
    if np.ptp(used) == 0:
        return say("beta_schedule.constant")
    relative = np.abs(used - expected) / expected
    if np.all(np.diff(used) < 0):
        return say("beta_schedule.falls")
    first = int(np.argmax(relative > min(0.01, float(relative.max()) / 2))) + 1
    return say("beta_schedule.leaves_curve", first=first, T=len(used))


def examine(known: Known) -> list[Verdict]:
    """Asks for both schedules and judges them; one verdict each."""
    seed = derived(known.seed, "betas")
    judged = [examine_schedule(known.session, seed, s, known.tolerances) for s in SCHEDULES]
    linear, cosine = judged
    lengths = [v.details.get("entries_beyond_T") for v in judged]
    if linear.right and cosine.right and lengths[0] != lengths[1]:
        said = say("beta_schedule.lengths_differ")
        return [linear, failed(cosine.check, said, **cosine.details)]
    return judged


def examine_schedule(
    session: KernelSession, seed: int, schedule: str, tolerances: Tolerances
) -> Verdict:
    cases = oracle.beta_cases(seed)
    order = [int(i) for i in np.random.default_rng([seed, len(schedule)]).permutation(len(cases))]
    order.append(order[0])  # asked twice, and not one after the other
    inputs = {
        "function": "beta_schedule",
        "schedule": schedule,
        "cases": [cases[index].__dict__ for index in order],
    }
    answer = ScheduleAnswer.read(session.probe("schedules", inputs), len(order))
    key = "betas"
    if answer.missing:  # it may have been written into ddpm_schedules
        inputs, key = {**inputs, "function": "ddpm_schedules"}, "beta_t"
        answer = ScheduleAnswer.read(session.probe("schedules", inputs), len(order))
    found = [one.get(key) for one in answer.cases]
    by_case = {i: array for i, array in zip(order, found, strict=True) if array is not None}
    arrays = [by_case.get(index) for index in range(len(cases))]
    verdict = judge(schedule, cases, answer, arrays, tolerances)
    if verdict.state is State.PASSED and not same(found[0], found[-1]):
        said = say("beta_schedule.changes", schedule=schedule)
        return needs_review(verdict.check, said, **verdict.details)
    return verdict


def same(first: Array | None, again: Array | None) -> bool:
    """Whether the last case, which is the first once more, came out the same."""
    return first is not None and again is not None and np.allclose(first, again, rtol=1e-4)


def judge(
    schedule: str,
    cases: Sequence[Case],
    answer: ScheduleAnswer,
    arrays: Sequence[Array | None],
    tolerances: Tolerances = DEFAULT,
) -> Verdict:
    """The verdict on one schedule from what came back in each case."""
    check = f"{ITEM}.{schedule}"
    if answer.ended.status is not Status.ok:
        return not_run(check, f"beta_schedule(..., schedule='{schedule}')", answer.ended)
    if answer.missing:
        return missing(check, say("beta_schedule.not_found"))
    if (verdict := not_betas(check, schedule, answer.returned, arrays, cases)) is not None:
        return verdict
    empty = np.zeros(0)
    findings = [
        compare(empty if array is None else array, case, schedule, tolerances)
        for array, case in zip(arrays, cases, strict=True)
    ]
    details: dict[str, Any] = {
        "cases": [
            {
                **case.__dict__,
                "kind": f.kind,
                "reason": sentence(f.reason),
                "relative_error": finite(f.error),
            }
            for case, f in zip(cases, findings, strict=True)
        ]
    }
    if all(array is not None for array in arrays):
        beyond = {len(a) - c.T for a, c in zip(arrays, cases, strict=True) if a is not None}
        first = min((float(array[0]) for array in arrays if array is not None), default=0.0)
        details["index_0_usable"] = beyond == {1} and first > 0
        details["entries_beyond_T"] = beyond.pop() if len(beyond) == 1 else None
    wrong = [f for f in findings if f.kind == "wrong"]
    details |= curve_that_differs(arrays, cases, findings, schedule)
    if wrong:
        said = say("beta_schedule.wrong", schedule=schedule, reason=wrong[0].reason)
        return failed(check, said, **details)
    doubtful = [f for f in findings if f.kind == "doubtful"]
    if doubtful:
        said = say("beta_schedule.doubtful", schedule=schedule, reason=doubtful[0].reason)
        return needs_review(check, said, **details)
    return passed(check, say("beta_schedule.right", schedule=schedule), **details)


def not_betas(
    check: str,
    schedule: str,
    returned: str,
    arrays: Sequence[Array | None],
    cases: Sequence[Case],
) -> Verdict | None:
    """The verdict if something else than numbers, or more than the betas, came back."""
    lengths = [0 if array is None else len(array) for array in arrays]
    if returned == "tuple" and all(
        length not in (case.T, case.T + 1) for length, case in zip(lengths, cases, strict=True)
    ):
        return needs_review(check, say("beta_schedule.more_than_betas"), fraction=0)
    if any(lengths):
        return None
    if returned not in ("NoneType", "dict"):
        said = say("beta_schedule.not_numbers", schedule=schedule)
        return failed(check, said, returned=returned)
    return missing(check, say("beta_schedule.not_implemented", schedule=schedule))


def curve_that_differs(
    arrays: Sequence[Array | None],
    cases: Sequence[Case],
    findings: Sequence[Finding],
    schedule: str,
) -> dict[str, Any]:
    """``curve``: the betas of the first case that differs, beside the reference's, some of them."""
    for array, case, finding in zip(arrays, cases, findings, strict=True):
        used = None if array is None else used_part(array, case.T)
        if finding.kind == "right" or used is None or not np.all(np.isfinite(used)):
            continue
        t = np.unique(np.linspace(1, case.T, min(case.T, DRAWN)).round().astype(int))
        got, expected = (v[t - 1].tolist() for v in (used, oracle.betas(case, schedule)))
        rounded = {"got": [float(f"{v:.4g}") for v in got]}
        rounded["expected"] = [float(f"{v:.4g}") for v in expected]
        return {"curve": {"T": case.T, "t": t.tolist(), **rounded}}
    return {}


def finite(value: float) -> float | None:
    """JSON knows no infinity."""
    return float(value) if np.isfinite(value) else None


ITEMS = (
    Item(
        ITEM,
        SCHEDULES,
        {"en": "Noise schedule", "ko": "노이즈 스케줄"},
        notebook="2-1",
        target="beta_schedule",
        examine=examine,
        order=1,
    ),
)
