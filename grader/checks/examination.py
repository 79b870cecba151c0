"""The four items that code alone can earn, in order; what one finds, the next builds on."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from grader.checks import beta_schedule, loss, sampling, schedule_parameters
from grader.checks.alternatives import Training
from grader.checks.setting import PREDICTIONS, settings_to_judge
from grader.checks.tolerances import DEFAULT, Tolerances
from grader.checks.verdict import Verdict, not_run
from grader.intake import Plan
from grader.results import State
from grader.sandbox import InfraError, KernelSession, Outcome, Status

logger = logging.getLogger(__name__)

TARGET_OF = {
    "beta_schedule": "beta_schedule",
    "schedule_parameters": "ddpm_schedules",
    "loss": "DDPM",
    "sampling": "DDPM",
}
"""What of the notebook an item judges."""

CHECKS_OF = {
    "beta_schedule": beta_schedule.SCHEDULES,
    "schedule_parameters": schedule_parameters.JUDGED,
    "loss": PREDICTIONS,
    "sampling": PREDICTIONS,
}


def examine(
    session: KernelSession,
    seed: int,
    tolerances: Tolerances = DEFAULT,
    spaces: Callable[[], Collection[tuple[float, float]]] = frozenset,
) -> list[Verdict]:
    """A verdict for every check of the four items. A fault of the grader's is one, too.

    ``spaces`` gives the (scale, shift) to which the notebook may bring its data, to three decimals.
    """
    betas = _guarded("beta_schedule", lambda: beta_schedule.examine(session, seed, tolerances))
    ran = {v.check.split(".")[1]: v.state not in _NO_END for v in betas}
    right = {v.check.split(".")[1]: v.right for v in betas}

    entries_right: dict[str, bool] = dict.fromkeys(right, False)

    def schedule_entries() -> list[Verdict]:
        verdicts, found = schedule_parameters.examine(session, seed, ran, tolerances)
        entries_right.update(found)
        return verdicts

    entries = _guarded("schedule_parameters", schedule_entries)
    ended = not any(v.state in _NO_END for v in entries)
    from_zero = {v.check.split(".")[1]: bool(v.details.get("index_0_usable")) for v in betas}
    groups = settings_to_judge(right, entries_right, from_zero, ended, tolerances)
    trainings: dict[tuple[str, str], Training] = {}

    def losses() -> list[Verdict]:
        verdicts, found = loss.examine(session, seed, groups)
        trainings.update(found)
        return verdicts

    losses_judged = _guarded("loss", losses)
    sampled = _guarded(
        "sampling", lambda: sampling.examine(session, seed, groups, trainings, spaces)
    )
    return [*betas, *entries, *losses_judged, *sampled]


_NO_END = (State.TIMEOUT, State.KILLED, State.OUT_OF_MEMORY)


def _guarded(item: str, run: Callable[[], list[Verdict]]) -> list[Verdict]:
    """The item's verdicts; ``infra_error`` for each of its checks if the grader itself fails."""
    try:
        return run()
    except InfraError as error:
        reason = str(error)
    except Exception as error:
        logger.exception("judging %s failed", item)
        reason = f"{type(error).__name__} in the grader"
    text = f"The grader could not judge this: {reason}"
    return [Verdict(f"{item}.{name}", State.INFRA_ERROR, 0.0, text) for name in CHECKS_OF[item]]


def explain(
    verdicts: Sequence[Verdict],
    plan: Plan,
    failures: Mapping[int, Outcome],
    forbidden: Sequence[str],
) -> list[Verdict]:
    """The same verdicts, in the light of what happened when the notebook's own cells ran.

    ``forbidden`` are the packages among the imported ones that solve the assignment already.
    """
    explained = [_with_cause(verdict, plan, failures) for verdict in verdicts]
    if not forbidden:
        return explained
    note = f"The notebook imports {', '.join(forbidden)}, which already solves the assignment."
    return [
        replace(v, state=State.NEEDS_REVIEW, message=f"{v.message} {note}")
        if v.state is State.PASSED
        else v
        for v in explained
    ]


def _with_cause(verdict: Verdict, plan: Plan, failures: Mapping[int, Outcome]) -> Verdict:
    """Why something is missing or raised: a definition that failed, a library that is not here."""
    target = TARGET_OF[verdict.check.split(".")[0]]
    absent = [o for o in failures.values() if o.message.startswith("ModuleNotFoundError")]
    if verdict.state is State.ERROR and absent:
        text = f"The notebook needs a library that the grader does not have: {absent[0].message}"
        return replace(verdict, state=State.NEEDS_REVIEW, message=text)
    if verdict.state is not State.MISSING:
        return verdict
    own = [
        outcome
        for index, outcome in failures.items()
        if target in plan.statements[index].binds and outcome.status is not Status.ok
    ]
    if own:
        judged = not_run(verdict.check, f"the cell that defines {target}", own[-1])
        return replace(judged, message=judged.message[0].upper() + judged.message[1:])
    if target not in plan.defined and plan.problems:
        return replace(verdict, message=f"{verdict.message} Note: {plan.problems[0]}.")
    return verdict
