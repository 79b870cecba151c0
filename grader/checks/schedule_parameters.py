"""Item ``schedule_parameters``: the pre-computed entries, each judged against the student's betas.

A mistake costs its own entry only: an entry that follows rightly from another that is wrong counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from grader.arrays import Array
from grader.assignment import ENTRIES, SCHEDULES
from grader.checks import oracle
from grader.checks.answers import ScheduleAnswer
from grader.checks.cases import Case
from grader.checks.items import Item, Known
from grader.checks.tolerances import DEFAULT, Tolerances
from grader.checks.verdict import (
    NO_END,
    Verdict,
    failed,
    missing,
    needs_review,
    not_run,
    partial,
    passed,
)
from grader.messages.message import say
from grader.sandbox import KernelSession, Status, derived

ITEM = "schedule_parameters"
JUDGED = tuple(name for name in ENTRIES if name != "beta_t")
"""``beta_t`` is the template's own line; the other entries are the student's."""

_FROM_ALPHABAR = ("sqrtab", "sqrtmab", "bt_over_sqrtmab")


def valid_betas(values: Array | None, T: int) -> bool:
    """Whether betas, right or wrong, allow the other entries to be judged."""
    return (
        values is not None
        and len(values) in (T, T + 1)
        and bool(np.all(np.isfinite(values)))
        and bool(np.all((values >= 0) & (values <= 1)))
        and bool(np.any(values > 0))
    )


def close(got: Array | None, expected: Array, relative: float) -> bool:
    """Equal in float32; positions where the entry does not exist (0 / 0) are not looked at."""
    if got is None or got.shape != expected.shape:
        return False
    exists = np.isfinite(expected)
    rtol = relative if len(expected) < 100 else 3 * relative
    return bool(np.allclose(got[exists], expected[exists], rtol=rtol, atol=2e-6))


def right_alphabars(own: Mapping[str, Array], T: int, schedule: str) -> list[Array]:
    """Every alphabar that is right for these betas, shape of ``own["beta_t"]``."""
    beta_t = own["beta_t"]
    accepted = [np.cumprod(1 - beta_t)]
    if len(beta_t) == T + 1:  # index 0 may be no step, whatever stands there
        accepted.append(np.concatenate([[1.0], np.cumprod(1 - beta_t[1:])]))
    if schedule == "cosine":  # taken from the formula instead of from the clipped betas
        formula = oracle.cosine_alphabar(T)
        taken = formula if len(beta_t) == T + 1 else formula[1:]
        if np.allclose(taken[:-1], accepted[0][:-1], rtol=1e-2, atol=1e-5):
            accepted.append(taken)
    alpha_t = own.get("alpha_t")
    if alpha_t is not None and alpha_t.shape == beta_t.shape:
        accepted.append(np.cumprod(alpha_t))
    return accepted


def judge_case(
    own: Mapping[str, Array], T: int, schedule: str, tolerances: Tolerances = DEFAULT
) -> dict[str, bool]:
    """For each entry of one returned dict, whether it is right."""
    beta_t, relative = own["beta_t"], tolerances.entry_relative
    alphabars = right_alphabars(own, T, schedule)
    verdict: dict[str, bool] = {}
    verdict["alphabar_t"] = any(
        close(own.get("alphabar_t"), right, relative) for right in alphabars
    )
    bases = [oracle.entries(beta_t, alphabar) for alphabar in alphabars]
    own_alphabar = own.get("alphabar_t")
    if own_alphabar is not None and own_alphabar.shape == beta_t.shape:
        bases.append(oracle.entries(beta_t, own_alphabar))
    for name in ("sqrt_beta_t", "alpha_t", *_FROM_ALPHABAR):
        verdict[name] = any(close(own.get(name), base[name], relative) for base in bases)
    verdict["oneover_sqrta"] = any(
        close(own.get("oneover_sqrta"), right, relative) for right in right_oneover_sqrta(own)
    )
    own_sqrtmab = own.get("sqrtmab")
    if own_sqrtmab is not None and own_sqrtmab.shape == beta_t.shape:
        with np.errstate(all="ignore"):
            verdict["bt_over_sqrtmab"] |= close(
                own.get("bt_over_sqrtmab"), beta_t / own_sqrtmab, relative
            )
    return verdict


def right_oneover_sqrta(own: Mapping[str, Array]) -> Iterable[Array]:
    """1 / sqrt(alpha) of the right alpha and of the student's own."""
    alphas = [1 - own["beta_t"]]
    if "alpha_t" in own and own["alpha_t"].shape == own["beta_t"].shape:
        alphas.append(own["alpha_t"])
    with np.errstate(all="ignore"):
        return [1 / np.sqrt(alpha) for alpha in alphas]


def ask(
    session: KernelSession, schedule: str, cases: Sequence[Case], given: bool
) -> ScheduleAnswer:
    """``ddpm_schedules`` on the student's own betas, or on the reference's (``given``)."""
    described = [
        {**case.__dict__, "betas": oracle.betas(case, schedule).tolist() if given else None}
        for case in cases
    ]
    inputs = {"function": "ddpm_schedules", "schedule": schedule, "cases": described}
    outcome = session.probe("schedules", {**inputs, "own_betas": not given})
    return ScheduleAnswer.read(outcome, len(cases))


def judgeable(answer: ScheduleAnswer, cases: Sequence[Case]) -> bool:
    return answer.ended.status is Status.ok and all(
        valid_betas(own.get("beta_t"), case.T)
        for own, case in zip(answer.cases, cases, strict=True)
    )


def examine(known: Known) -> list[Verdict]:
    """A verdict an entry. Notes for each schedule whether every entry is right on the own betas.

    Where ``beta_schedule`` did not come to an end at all, it is not called again and the
    reference's betas take its place.
    """
    session, seed = known.session, derived(known.seed, "entries")
    betas_ran = {name: v.state not in NO_END for name, v in known.of("beta_schedule").items()}
    asked, given = oracle.entry_cases(seed), oracle.given_cases(seed)
    cases = dict.fromkeys(SCHEDULES, asked)
    answers: dict[str, ScheduleAnswer] = {}
    natural: dict[str, bool] = {}
    for schedule in SCHEDULES:
        natural[schedule] = False
        if betas_ran[schedule]:
            answers[schedule] = ask(session, schedule, asked, given=False)
            natural[schedule] = judgeable(answers[schedule], asked)
        first = answers.get(schedule)
        if not natural[schedule] and (first is None or not first.missing):
            cases[schedule] = given
            answers[schedule] = ask(session, schedule, given, given=True)
    found = {s: judge_schedule(answers[s], cases[s], s, known.tolerances) for s in SCHEDULES}
    for schedule in SCHEDULES:
        if natural[schedule] and not own_betas_kept(answers[schedule], asked):
            found[schedule] = dict.fromkeys(JUDGED, False)
    known.entries_right = {
        s: natural[s] and bool(found[s]) and all(found[s].values()) for s in SCHEDULES
    }
    return [judge_entry(name, answers, found) for name in JUDGED]


def own_betas_kept(answer: ScheduleAnswer, cases: Sequence[Case]) -> bool:
    """Whether ``beta_t`` is what ``beta_schedule`` returns for this schedule, where it does."""
    for betas, own, case in zip(answer.own_betas, answer.cases, cases, strict=True):
        kept = own["beta_t"]
        if betas is None or len(betas) not in (case.T, case.T + 1):
            continue  # it cannot be told
        if not np.allclose(betas[-case.T :], kept[-case.T :], rtol=1e-3, atol=1e-6):
            return False
    return True


def judge_schedule(
    answer: ScheduleAnswer, cases: Sequence[Case], schedule: str, tolerances: Tolerances
) -> dict[str, bool]:
    """For each entry whether it is right in all cases; empty if nothing could be judged."""
    if not judgeable(answer, cases):
        return {}
    judged = [
        judge_case(own, case.T, schedule, tolerances)
        for own, case in zip(answer.cases, cases, strict=True)
    ]
    return {name: all(case[name] for case in judged) for name in JUDGED}


def without_names(answer: ScheduleAnswer) -> bool:
    """Whether something came back, but none of the entries: a list of them, say."""
    found = any(name in answer.cases[0] for name in ENTRIES)
    return answer.returned not in ("NoneType", "dict") and not found


def judge_entry(
    name: str, answers: Mapping[str, ScheduleAnswer], found: Mapping[str, Mapping[str, bool]]
) -> Verdict:
    """One entry over both schedules; half of its points each."""
    check = f"{ITEM}.{name}"
    ran = [s for s in SCHEDULES if answers[s].ended.status is Status.ok]
    if not ran:
        return not_run(check, "ddpm_schedules", answers[SCHEDULES[0]].ended)
    if any(answers[s].missing for s in ran):
        return missing(check, say("schedule_parameters.not_found"))
    if all(without_names(answers[s]) for s in ran):
        return needs_review(check, say("schedule_parameters.without_names"), fraction=0)
    if not any(name in answers[s].cases[0] for s in ran):
        return missing(check, say("schedule_parameters.not_there"))
    right = [s for s in SCHEDULES if found[s].get(name, False)]
    details: dict[str, Any] = {s: found[s].get(name) for s in SCHEDULES}
    if len(right) == len(SCHEDULES):
        return passed(check, say("schedule_parameters.right"), **details)
    if right:
        (wrong,) = set(SCHEDULES) - set(right)
        said = (
            say("schedule_parameters.does_not_work", schedule=wrong)
            if not found[wrong]
            else say("schedule_parameters.one_schedule", right=right[0], wrong=wrong)
        )
        outcome = answers[wrong].ended
        if outcome.status is not Status.ok:
            details |= {"raised": outcome.message, "traceback": outcome.traceback}
        return partial(check, 0.5, said, **details)
    if not any(found.values()):
        return failed(check, say("schedule_parameters.no_betas"), **details)
    return failed(check, say("schedule_parameters.wrong"), **details)


ITEMS = (
    Item(
        ITEM,
        JUDGED,
        {"en": "Pre-computed entries", "ko": "미리 계산한 값"},
        notebook="2-1",
        target="ddpm_schedules",
        examine=examine,
        order=2,
    ),
)
