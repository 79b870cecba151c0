"""What sampling makes of two answers of the network for one x_t: classifier-free guidance (Ho and
Salimans 2022, eq. 6), (1 + w) times the answer for the class minus w times that for no class."""

from collections.abc import Sequence

import numpy as np

from grader.arrays import Array
from grader.checks.measuring.chain import Chain
from grader.checks.measuring.classes import Classes
from grader.checks.measuring.scan import off_at
from grader.checks.measuring.transitions import Transition
from grader.messages.message import Message, say

SURELY = 0.02  # a part of the answer that counts
LABELS = say("sampling.classes_not_told")
OTHER_CLASSES = say("sampling.other_classes_mixed")


def strengths(
    chain: Chain, measured: Sequence[Transition]
) -> list[tuple[Transition, float, float, str]]:
    """Of each step with two answers: w by the pixels where only the one image is bright, by those
    where only the other is, and what the answer beside that for the class was told."""
    found = []
    for place, m in enumerate(measured):
        number = chain.passes[0][0][place]
        kinds = chain.kinds[number]
        if len(kinds) != 2 or not np.isfinite(m.error_share) or m.error_share > 0.2:
            continue
        only, other = m.shares
        if kinds[0] == "right":
            found.append((m, only, other, kinds[1]))
        elif kinds[1] == "right":
            found.append((m, -only - 1, -other - 1, kinds[0]))
    return found


def labels_problem(chain: Chain, classes: Classes | None) -> tuple[Message, bool] | None:
    """A message unless at every step an answer was asked for with the classes 0..9 in turn, and
    whether a person must look."""
    if all("right" in kinds for kinds in chain.kinds):
        return None
    told_otherwise = all({*kinds} <= {"unknown", "none"} for kinds in chain.kinds)
    if told_otherwise and classes is not None and not classes.sure:
        text = say("sampling.classes_told_otherwise")
        return text, True
    return LABELS, False


def guidance_problem(
    chain: Chain, measured: Sequence[Transition], classes: Classes | None, too_far: float
) -> tuple[Message, bool] | None:
    """A message if the two answers are not put together as guidance does, and whether a person
    must look at it rather than that it is wrong."""
    found = strengths(chain, measured)
    if not found:
        return None
    weights = np.array([[only, other] for _, only, other, _ in found])
    errors = np.array([m.error_share for m, *_ in found]) + 1e-3
    second = {kind for *_, kind in found}
    if np.all(np.abs(weights) <= SURELY + too_far * errors[:, None]) and unused(weights, errors):
        return None
    if "other" in second:
        return OTHER_CLASSES, False
    if classes is not None and "right" not in second:
        if below(weights + 0.5, errors, too_far).any():
            text = say("sampling.guidance_reversed")
            return text, False
        if below(weights + SURELY, errors, too_far).any():
            text = say("sampling.guidance_added")
            return text, True
    if "unknown" in second and classes is not None and not classes.tells_none:
        text = say("sampling.guidance_not_trained")
        return text, not classes.sure
    if "unknown" in second and classes is not None:
        text = say("sampling.no_class_told_otherwise")
        return text, not classes.sure
    return None


def unused(weights: Array, errors: Array) -> bool:
    """Whether the second answer does not count, over all steps together."""
    precise = 1 / errors**2
    return bool(abs(np.average(weights.mean(axis=1), weights=precise)) <= SURELY)


def below(values: Array, errors: Array, too_far: float) -> Array:
    """At which steps a value is below 0 by more than chance allows."""
    lowest = values.min(axis=1)
    return np.asarray(off_at(np.minimum(lowest / errors, 0)[None], too_far)[0])
