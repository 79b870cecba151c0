"""Writes down the right answers to the public questions of the students' own check."""

import io
import zipfile
from collections.abc import Iterator

import numpy as np

from grader.arrays import Array
from grader.assignment import SCHEDULES
from grader.checks import oracle
from grader.checks.cases import Case
from grader.selfcheck import recorded

FORMS = 4  # in which the posterior's mean can be written, at most


def answers() -> bytes:
    """All that ``grader.selfcheck.recorded`` looks up, as the bytes of an .npz file."""
    found: dict[str, Array] = {}
    for case in {Case(*c) for cases in recorded.CASES.values() for c in cases}:
        for schedule in SCHEDULES:
            for number, form in enumerate(oracle.accepted_betas(case, schedule)):
                found[f"{recorded.key(case, schedule)}/{number}"] = form
        found[f"cosine_alphabar/{case.T}"] = oracle.cosine_alphabar(case.T)
        found[f"unclipped_cosine_betas/{case.T}"] = oracle.unclipped_cosine_betas(case.T)
    cases = [
        recorded.short_case(0),
        recorded.sampling_case(0),
        recorded.middle_case(0),
        recorded.long_case(),
    ]
    schedules = [known for case in cases for known in schedules_of(case)]
    for number, (beta, alphabar, before) in enumerate(schedules):
        reverse = oracle.Reverse(beta, alphabar, before)
        prefix, steps = f"reverse/{number}", range(len(beta))
        found[f"{prefix}/schedule"] = np.concatenate([beta, alphabar, [before]])
        found[f"{prefix}/posterior"] = np.array([padded(reverse.posterior(t)) for t in steps])
        found[f"{prefix}/variances"] = np.array([[*reverse.variances(t).values()] for t in steps])
        found[f"{prefix}/ddim"] = np.array([reverse.ddim(t, t - 1) for t in steps])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:  # an .npz, dated 1980
        for name in sorted(found):
            with packed.open(zipfile.ZipInfo(f"{name}.npy"), "w") as member:
                np.lib.format.write_array(member, found[name], allow_pickle=False)
    return buffer.getvalue()


def schedules_of(case: Case) -> Iterator[tuple[Array, Array, float]]:
    """Every (beta, alphabar, alphabar before step 1) that a right schedule may come to: by its
    form, its T or T + 1 entries, and the index that is step 1."""
    for schedule in SCHEDULES:
        for beta in oracle.accepted_betas(case, schedule):
            yield beta, np.cumprod(1 - beta), 1.0
    cosine = oracle.betas(case, "cosine")
    yield cosine, oracle.cosine_alphabar(case.T)[1:], 1.0  # not from the clipped betas
    longer = oracle.accepted_betas(case, "linear")[1]
    longer = np.concatenate([[case.beta1], longer])  # T + 1 entries, all of them real
    alphabar = np.cumprod(1 - longer)
    yield longer[1:], alphabar[1:], float(alphabar[0])
    yield longer[:-1], alphabar[:-1], 1.0


def padded(forms: list[tuple[float, float]]) -> Array:
    """(FORMS, 2), NaN where there are fewer."""
    table = np.full((FORMS, 2), np.nan)
    table[: len(forms)] = forms
    return table
