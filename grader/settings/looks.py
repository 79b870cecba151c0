"""What a checkpoint's network predicts, from as few images as leave no doubt: a sequential test.

``forward`` makes many noisy digits, which costs nothing; the network, which costs all, answers the
one that is asked for, and more only where that leaves a doubt. ``LOOKS`` says how many times the
digits' variance the noise has in each, where trained networks differ most from those that hand on,
blur or average what they are given. 2.5 is a fifth of noise in the template's range; it tells
prediction types apart, and trained networks from untrained ones. 15 is three fifths; it tells a
trained network from a filter.

After k answers a network counts as trained if what it explains exceeds ``PLAIN`` times the limits
by ``SURE * SPREAD / sqrt(k)``: 0.85, 0.75 and 0.675 after 1, 2 and 4. ``SPREAD`` is the standard
deviation of what one answer explains, from image to image; of weak networks it is 0.02 to 0.1. For
answers spread so, at most 1 network in 1000 is called trained that explains less than the half of
its target (three looks at 3.5 standard deviations each). It would be wrong only of one that
explains less than a quarter over all steps. Filters are those that come nearest: they are spread by
up to 0.15, and 1 in 2000 of the best of them passes.

Nobody is called untrained by few answers. Where they do not suffice, where the network cannot be
asked for single images, or where x_t holds other noise than was wanted, nothing is said here, and
``observe`` asks for all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from grader.arrays import Array
from grader.messages.message import Said
from grader.sandbox import KernelSession
from grader.settings.checkpoint import (
    CLEARLY,
    PLAIN,
    RANGES,
    Behaviour,
    explained,
    probe_network,
    question,
    split,
)

LOOKS = ((2.5,), (15.0,), (2.5, 15.0))  # noise in what is asked for, one look after another
NEAR = 2.0  # times so much noise, or so little, may be in x_t
COPIES = 8  # of each digit, from which the nearest is chosen
SPREAD, SURE = 0.1, 3.5
GRAY = {"epsilon": 0.0, "sample": 0.5}  # by which networks that were trained apart differ most


@dataclass(frozen=True)
class Look:
    """All digits of one call, noisy ones and the ``rows`` that were answered: (N, 784), (N, 784),
    (k,) and (k, 784); ``even``: the answer to a gray, (1, 784) or nothing."""

    x: Array
    x_t: Array
    rows: Array
    answer: Array
    even: Array = field(default_factory=lambda: np.zeros((0, 784)))


@dataclass(frozen=True)
class Glance:
    """What few answers show. ``behaviour`` is None where they leave a doubt."""

    behaviour: Behaviour | None
    even: Array = field(default_factory=lambda: np.zeros((0, 784)))


def glance(
    session: KernelSession,
    path: Path,
    setting: str,
    untrained: Mapping[str, float],
    digits: int = 0,
) -> Glance:
    """What the student's own model, with these weights, shows by few of the noisy digits of the
    seed ``digits``, in the first range of the data in which it makes something of them.

    Raises ``InfraError`` for faults of ours.
    """
    even = np.zeros((0, 784))
    for scale, shift in RANGES:
        seen: list[Look] = []
        for levels in LOOKS:
            call = len(seen)
            first = call == 0 and (scale, shift) == RANGES[0]
            inputs: dict[str, Any] = {"seed": call, "digits": digits}
            if first:
                inputs["gray"] = GRAY[setting.split("_", maxsplit=1)[0]]
            found = ask_few(session, path, setting, levels, scale, shift, **inputs)
            if found is None:
                return Glance(None, even)
            if not isinstance(found, Look):
                return Glance(Behaviour(problem=found), even)
            even = found.even if first else even
            seen.append(found)
            behaviour = Behaviour(explained_by_few(seen), untrained=untrained)
            if beyond_doubt(behaviour, sum(len(look.rows) for look in seen)):
                return Glance(behaviour, even)
            if behaviour.best < CLEARLY:
                break
    return Glance(None, even)


def glance_untrained(
    session: KernelSession, path: Path, setting: str, digits: int = 0
) -> Mapping[str, float] | None:
    """The same answer's worth of the network as the notebook makes it, before any weights are put
    into it; None if it cannot be asked for few."""
    inputs = {"seed": 0, "digits": digits, "untrained": True}
    found = ask_few(session, path, setting, LOOKS[0], *RANGES[0], **inputs)
    return explained_by_few([found]) if isinstance(found, Look) else None


def beyond_doubt(behaviour: Behaviour, answers: int) -> bool:
    return behaviour.explained_by(PLAIN, SURE * SPREAD / math.sqrt(answers)) is not None


def explained_by_few(seen: Sequence[Look]) -> dict[str, float]:
    """What the answers of all looks together explain of each target."""
    before = np.cumsum([0, *(len(look.x) for look in seen)])
    rows = [look.rows + n for look, n in zip(seen, before, strict=False)]
    x, x_t, answer = (
        np.concatenate([getattr(look, name) for look in seen]) for name in ("x", "x_t", "answer")
    )
    return explained(x, x_t, answer, np.concatenate(rows))


def ask_few(
    session: KernelSession,
    path: Path,
    setting: str,
    levels: Sequence[float],
    scale: float,
    shift: float,
    **inputs: Any,
) -> Look | Said | None:
    """Asks for one answer at each level of noise, in one range of the data. A text says why nothing
    can be asked at all; None: not for few, or the noise is not what was wanted."""
    asked = question(setting, measure="few", levels=list(levels), copies=COPIES, **inputs)
    found = probe_network(session, path, asked, scale, shift)
    if not isinstance(found, tuple):
        return found
    pixels, outcome = found
    if "not_few" in outcome.facts:
        return None
    x_t, answer = (np.asarray(outcome.arrays[n], np.float64) for n in ("x_t", "answer"))
    rows = np.asarray(outcome.arrays["rows"], np.int64)
    shown = COPIES * len(pixels)
    if x_t.shape[1:] != (shown, 784) or answer.shape != (len(x_t), len(levels), 784):
        return None
    if not (np.all(np.isfinite(x_t)) and np.all(np.isfinite(answer))):
        return None
    calls = len(x_t)
    x = np.tile(pixels, (COPIES * calls, 1))
    rows = np.concatenate([rows + call * shown for call in range(calls)])
    seen = Look(x, x_t.reshape(-1, 784), rows, answer.reshape(-1, 784), gray(outcome.arrays))
    slope, _, noise = split(seen.x[rows], seen.x_t[rows])
    times = noise.var(axis=1) / np.maximum(slope**2 * pixels.var(), 1e-12) / np.tile(levels, calls)
    return seen if np.all((times >= 1 / NEAR) & (times <= NEAR)) else None


def gray(arrays: Mapping[str, Array]) -> Array:
    even = np.asarray(arrays.get("even", np.zeros(0)), np.float64)
    usable = even.shape == (1, 784) and bool(np.all(np.isfinite(even)))
    return even if usable else np.zeros((0, 784))
