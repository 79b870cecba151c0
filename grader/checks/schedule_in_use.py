"""The schedule on which loss and sampling are judged: the student's where it is right.

Where it is wrong, the reference's is put in its place, so that one mistake costs one item.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from grader.arrays import Array
from grader.checks import oracle
from grader.checks.answers import Answer
from grader.checks.cases import Case
from grader.checks.tolerances import DEFAULT, Tolerances
from grader.messages.message import say
from grader.sandbox import KernelSession, Outcome, Status

MOST_ROWS, FEW_ROWS = 100, 10_000
"""Of T: what calls of the network leave of one sampling. Thirty images, one at a time and with
guidance, leave 60 T rows."""
K = TypeVar("K", bound=Answer)


@dataclass(frozen=True)
class ScheduleInUse:
    """``stand_in`` is None for the student's own schedule, else T or T + 1: the reference's
    entries, with a leading beta of 0 in the second case.

    ``from_zero``: of T + 1 entries the first T are used. ``derived``: the student's own entries
    are wrong, and what they should be follows from the betas."""

    schedule: str
    stand_in: str | None = None  # None, "T" or "T+1"
    from_zero: bool = False
    derived: bool = False
    call_own: bool = True  # false: the student's ddpm_schedules does not come to an end
    tolerances: Tolerances = DEFAULT

    def given(self, case: Case) -> dict[str, Any] | None:
        """What the probe puts in place of the student's schedule."""
        if self.stand_in is None:
            return None
        entries = self.reference_entries(case)
        clean = {key: np.nan_to_num(value).tolist() for key, value in entries.items()}
        return {"betas": clean["beta_t"], "entries": clean, "call_own": self.call_own}

    def steps(self, entries: Mapping[str, Array], case: Case) -> "Steps":
        return Steps.of(entries, case.T, self.tolerances.standard_errors, self.from_zero)

    def reference_entries(self, case: Case) -> dict[str, Array]:
        beta_t = oracle.betas(case, self.schedule)
        if self.stand_in == "T+1":
            beta_t = np.concatenate([[0.0], beta_t])
        return oracle.entries(beta_t)

    def entries(self, case: Case, own: Mapping[str, Array]) -> Mapping[str, Array]:
        """The entries in use, shape (T,) or (T + 1,): the student's own or the reference's."""
        if self.stand_in is not None:
            return self.reference_entries(case)
        if own and "beta_t" not in own:  # its betas are right, but are returned without their name
            return replace(self, stand_in="T").reference_entries(case)
        return self.corrected(own)

    def corrected(self, own: Mapping[str, Array]) -> Mapping[str, Array]:
        """What the student's entries are, or should be if they are known to be wrong."""
        return oracle.entries(own["beta_t"]) if self.derived and "beta_t" in own else own


@dataclass(frozen=True)
class Steps:
    """beta_1..beta_T and alphabar_0..alphabar_T as the schedule in use has them.

    ``alphabar_prev`` is the product before step 1: 1, but for schedules of T + 1 entries
    whose first is not a dummy.
    """

    beta: Array  # (T,)
    alphabar: Array  # (T,)
    alphabar_prev: float
    first_index: int  # where step 1 stands in the student's arrays
    too_far: float  # standard errors between what is measured and what is right

    @classmethod
    def of(
        cls, entries: Mapping[str, Array], T: int, too_far: float, from_zero: bool = False
    ) -> "Steps":
        beta, alphabar = entries["beta_t"], entries["alphabar_t"]
        if from_zero:
            beta, alphabar = beta[:T], alphabar[:T]
        first = len(beta) - T
        before = float(alphabar[0]) if first else 1.0
        return cls(beta[first:], alphabar[first:], before, first, too_far)


def schedules_to_judge(
    betas_right: Mapping[str, bool],
    entries_right: Mapping[str, bool],
    from_zero: Mapping[str, bool],
    call_own: bool,
    tolerances: Tolerances,
) -> list[list[ScheduleInUse]]:
    """Groups of schedules, each group's members alternatives of which the best counts.

    Schedules that are right are all judged; where they have T + 1 real entries (``from_zero``), as
    used from 1 to T or from 0 to T - 1. If none is right, the reference's linear schedule stands
    in, in both indexings that students use; or wrong entries stay, as DDPM may make up for them.
    """
    right = [s for s in betas_right if betas_right[s] and entries_right[s]]
    if right:
        return [
            [
                ScheduleInUse(s, from_zero=first, tolerances=tolerances)
                for first in ((False, True) if from_zero[s] else (False,))
            ]
            for s in right
        ]
    stand_ins = [
        ScheduleInUse("linear", form, call_own=call_own, tolerances=tolerances)
        for form in ("T", "T+1")
    ]
    own = [
        ScheduleInUse(s, derived=True, tolerances=tolerances) for s in betas_right if betas_right[s]
    ]
    return [[*stand_ins, *(own[:1] if call_own else [])]]


def ask(
    session: KernelSession,
    kind: type[K],
    in_use: ScheduleInUse,
    case: Case,
    prediction: str,
    **inputs: Any,
) -> K:
    """Runs the ``diffusion`` probe with one schedule, for this kind of answer. Raises
    ``Malformed``."""
    outcome = session.probe(
        "diffusion",
        {
            **case.__dict__,
            "measure": kind.measure,
            "schedule": in_use.schedule,
            "prediction_type": prediction,
            "given": in_use.given(case),
            **inputs,
        },
    )
    return kind.read(too_many_calls(outcome, case.T) or outcome)


def too_many_calls(outcome: Outcome, T: int) -> Outcome | None:
    """What there is to say if there is far more in an answer than calls of the network can leave:
    a hundred images a step, one at a time; None if there is not."""
    rows = max((len(array) for array in outcome.arrays.values() if array.ndim), default=0)
    if rows <= MOST_ROWS * T + FEW_ROWS:
        return None
    return Outcome(Status.doubtful, say("run.too_many_calls"))
