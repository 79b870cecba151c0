"""What a checkpoint shows: its schedule, its weights, and what its network predicts."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from grader.arrays import Array
from grader.messages.message import Said, said_by_probe, say
from grader.sandbox import InfraError, KernelSession, Outcome, Status
from grader.sandbox.noticed import noticed_in_words
from grader.squashing import SQUASHING

MOST_BYTES = 2**30
DIGITS, CALLS = 8, 2  # images a call, at most so many calls; t is drawn anew for each
CLEARLY = 0.5  # from which on the data's range need not be sought
TRAINED = 0.25  # part of its target's variance that a trained network explains, at least
LEARNT = 0.2  # part of what an untrained network leaves unexplained, at least
PLAIN = 2.0  # times both, which one call suffices for
ANSWER_SECONDS = 60.0
RANGES = ((1.0, 0.0), (2.0, -1.0), (1.0, -0.5), (1 / 0.3081, -0.1307 / 0.3081))
"""Scale and shift of the data: as the template has it, [-1, 1], [-0.5, 0.5], standardised."""


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file. ``problem`` says why it is not read; empty if it is. ``ours``: that is
    a fault of the grader's.

    ``schedule``: entries of the schedule by name, (T,) or (T + 1,). ``sample`` holds some of the
    weights, the same ones of networks of one shape.
    """

    problem: Said = ""
    ours: bool = False
    finite: bool = True
    weights: int = 0
    sample: Array = field(default_factory=lambda: np.zeros(0))
    schedule: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Behaviour:
    """What the restored network does. ``explains``: for "epsilon" and "sample", which part of that
    target's variance its answers explain, at most 1; ``untrained``: the same of the network as the
    notebook makes it. ``problem``: why that is not known; ``ours``: by a fault of the grader's."""

    explains: Mapping[str, float] = field(default_factory=dict)
    problem: Said = ""
    ours: bool = False
    untrained: Mapping[str, float] = field(default_factory=dict)

    @property
    def best(self) -> float:
        return max(self.explains.values(), default=-np.inf)

    @property
    def predicts(self) -> str | None:
        """ "epsilon" or "sample"; None if it explains neither, as when it was not trained."""
        return self.explained_by(1.0)

    @property
    def plain(self) -> bool:
        """Whether it is so well trained that a few images show it."""
        return self.explained_by(PLAIN) is not None

    def explained_by(self, factor: float, margin: float = 0.0) -> str | None:
        """The target of which it explains ``factor`` times what is asked of a trained network, and
        ``margin`` more."""
        best = self.best - margin
        if best < factor * TRAINED:
            return None
        name = max(self.explains, key=lambda name: self.explains[name])
        before = max(self.untrained.get(name, 0.0), 0.0)
        return name if best - before >= factor * LEARNT * (1 - before) else None


def read_checkpoint(session: KernelSession, path: Path, name: str) -> Checkpoint:
    """Reads a file in a kernel in which no student's code ran; ``name`` is what it is called there.

    Raises ``InfraError`` for faults of ours.
    """
    if path.stat().st_size > MOST_BYTES:
        return Checkpoint(say("checkpoint.too_large"))
    inputs = {"most_bytes": MOST_BYTES}
    outcome = session.probe("checkpoint", inputs, files={"path": (path, name)})
    if outcome.status is Status.infra_error:
        raise InfraError(outcome.said)
    if outcome.status is not Status.ok:
        return Checkpoint(say("checkpoint.reading_failed", message=outcome.said))
    if "problem" in outcome.facts:
        unknown = say("checkpoint.damaged", error="?")
        return Checkpoint(said_by_probe(outcome.facts) or unknown)
    entries = {
        key.removeprefix("schedule/"): np.asarray(array, np.float64)
        for key, array in outcome.arrays.items()
        if key.startswith("schedule/")
    }
    return Checkpoint(
        finite=bool(outcome.facts["finite"]),
        weights=int(outcome.facts["weights"]),
        sample=np.asarray(outcome.arrays["sample"], np.float64),
        schedule=entries,
    )


@cache
def real_digits(seed: int = 0) -> tuple[Array, tuple[int, ...]]:
    """A few clear digits, bytes (N, 784), and their classes, chosen by the seed: such as lie
    nowhere in the sandbox, so that a network cannot look them up."""
    from grader.digits.labelled import labelled_tiles  # which the students' own check leaves out

    held_out = labelled_tiles("held_out")
    clear = np.flatnonzero(held_out.clear)
    chosen = np.random.default_rng(seed).choice(clear, DIGITS, replace=False)
    pixels = np.rint(held_out.ink[chosen] * 255).astype(np.uint8)
    return pixels.reshape(-1, 784), tuple(int(digit) for digit in held_out.column[chosen])


def question(setting: str, seed: int = 0, **more: Any) -> dict[str, Any]:
    """Inputs for the probe ``network``, which also wants the checkpoint's ``path``. A seed of their
    own has all settings and ranges seen under the same draws."""
    prediction, schedule = setting.split("_")
    known = {"prediction_type": prediction, "schedule": schedule, "seed": seed}
    return {**known, **more}


def observe_untrained(
    session: KernelSession, path: Path, setting: str, digits: int = 0
) -> Mapping[str, float]:
    """What the network explains with the weights that the notebook made it with, before any other
    are put into it: one that hands its input on explains much of the noise.

    Nothing if that cannot be seen. Raises ``InfraError`` for faults of ours.
    """
    inputs = question(setting, untrained=True, digits=digits)
    seen = ask_network(session, path, inputs, *RANGES[0])
    return explained(*seen) if isinstance(seen, tuple) else {}


def observe(
    session: KernelSession,
    path: Path,
    setting: str,
    untrained: Mapping[str, float],
    digits: int = 0,
) -> Behaviour:
    """Has the student's own model, with these weights, look at noisy digits, those of the seed
    ``digits``.

    They come in the range of the template's data; where the network makes nothing of them,
    in others that students choose when they read the data. Raises ``InfraError`` for faults of
    ours.
    """
    seen = []
    for scale, shift in RANGES:
        behaviour = observe_in(session, path, setting, scale, shift, untrained, digits)
        seen.append(behaviour)
        if behaviour.problem or behaviour.best >= CLEARLY:
            return behaviour
    return max(seen, key=lambda behaviour: behaviour.best)


def ask_even_grays(session: KernelSession, path: Path, setting: str, digits: int = 0) -> Array:
    """(N, 784): what the network answers to even grays, which two that were trained apart answer
    differently; nothing if that cannot be seen."""
    pixels, labels = real_digits(digits)
    shown = base64.b64encode(pixels.tobytes()).decode()
    inputs = question(setting, measure="even", pixels=shown, labels=list(labels))
    outcome = session.probe("network", inputs, ANSWER_SECONDS, {"path": (path, "weights.pth")})
    answer = np.asarray(outcome.arrays.get("answer", np.zeros(0)), np.float64)
    usable = answer.ndim == 2 and answer.shape[1] == 784 and bool(np.all(np.isfinite(answer)))
    return answer if usable else np.zeros((0, 784))


def observe_in(
    session: KernelSession,
    path: Path,
    setting: str,
    scale: float,
    shift: float,
    untrained: Mapping[str, float],
    digits: int = 0,
) -> Behaviour:
    """The same in one range: by a single call where that leaves no doubt."""
    parts = []
    for call in range(CALLS):
        part = ask_network(session, path, question(setting, seed=call, digits=digits), scale, shift)
        if not isinstance(part, tuple):
            return Behaviour(problem=part)
        parts.append(part)
        x, x_t, answer = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        behaviour = Behaviour(explained(x, x_t, answer), untrained=untrained)
        if behaviour.plain:
            break
    return behaviour


def ask_network(
    session: KernelSession, path: Path, inputs: Mapping[str, Any], scale: float, shift: float
) -> tuple[Array, Array, Array] | Said:
    """What ``forward`` made of digits, pixels from 0 to 1 times ``scale`` plus ``shift``: x, x_t
    and the network's answer, each (N, 784); or why that is not known. ``inputs["digits"]`` is the
    seed that chooses them."""
    found = probe_network(session, path, {**inputs, "measure": "answers"}, scale, shift)
    if not isinstance(found, tuple):
        return found
    pixels, outcome = found
    x_t, answer = (np.asarray(outcome.arrays[n], np.float64) for n in ("x_t", "answer"))
    if not (np.all(np.isfinite(x_t)) and np.all(np.isfinite(answer))):
        return say("trial.not_finite")
    x = np.broadcast_to(pixels, x_t.shape)
    return x.reshape(-1, 784), x_t.reshape(-1, 784), answer.reshape(-1, 784)


def probe_network(
    session: KernelSession, path: Path, inputs: Mapping[str, Any], scale: float, shift: float
) -> tuple[Array, Outcome] | Said:
    """The digits that ``forward`` was given, (N, 784), and what the probe found; or why it found
    nothing. Raises ``InfraError`` for faults of ours."""
    told = dict(inputs)
    pixels, labels = real_digits(told.pop("digits", 0))  # the seed itself stays outside
    shown = base64.b64encode(pixels.tobytes()).decode()
    known = {**told, "pixels": shown, "labels": list(labels), "scale": scale, "shift": shift}
    outcome = session.probe("network", known, ANSWER_SECONDS, {"path": (path, "weights.pth")})
    if outcome.status is Status.infra_error:
        raise InfraError(outcome.said)
    if outcome.status is Status.timeout:
        return say("trial.too_slow")
    if outcome.status is not Status.ok:
        return outcome.said
    if session.noticed:
        return say("trial.interferes", what=noticed_in_words(session.noticed))
    if problem := said_by_probe(outcome.facts):
        return problem
    return pixels / 255.0 * scale + shift, outcome


def explained(
    x: Array, x_t: Array, answer: Array, rows: Array | slice = slice(None)
) -> dict[str, float]:
    """Which part of the variance of noise and image the answers explain; ``x`` and ``x_t`` are
    (N, 784), and ``answer`` is that to their ``rows``.

    How much noise is in x_t, and to which range ``forward`` brought the image, is read off x_t
    itself, so that neither schedule nor range need be known.
    """
    slope, offset, noise = split(x, x_t)
    alphabar = np.clip(1 - noise.var(axis=1), 0, 1)
    weight = np.sqrt(alphabar) / np.maximum(1 - alphabar, 1e-6)
    weight /= max(float(np.sum(weight * np.sqrt(alphabar))), 1e-9)
    x_0 = float(weight @ slope) * x + float(weight @ offset)  # least squares over all images
    unit = noise / np.maximum(noise.std(axis=1, keepdims=True), 1e-9)
    meant = [answer, *(squashing.value(answer) for squashing in SQUASHING)]
    image = max(part_explained(one[rows], given) for given in meant for one in (x, x_0))
    return {"epsilon": part_explained(unit[rows], answer), "sample": image}


def split(x: Array, x_t: Array) -> tuple[Array, Array, Array]:
    """x_t = slope x + offset + noise for each image: (N,), (N,) and (N, 784)."""
    centred = x - x.mean(axis=1, keepdims=True)
    slope = np.sum(centred * x_t, axis=1) / np.sum(centred**2, axis=1)
    offset = x_t.mean(axis=1) - slope * x.mean(axis=1)
    return slope, offset, x_t - slope[:, None] * x - offset[:, None]


def part_explained(target: Array, answer: Array) -> float:
    """1 if the answers are the target, 0 if they are no better than its mean."""
    rest = float(np.mean((answer - target) ** 2))
    return round(1 - rest / max(float(np.var(target)), 1e-9), 4)
