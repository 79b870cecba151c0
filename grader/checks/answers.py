"""What probes answer: a record for each kind of question.

Records are made here alone, from the arrays and the JSON of a kernel. What no probe of ours
answers, be it forged, raises ``Malformed``, and the item that asked is for a TA.

N is the number of images in all calls of the network, P that of the pixels of an image as the
network is given it, 784 or more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike

from grader.arrays import Array
from grader.checks.measuring.slots import Slot
from grader.sandbox import Outcome, Status


def nothing() -> Array:
    return np.zeros(0)


class Malformed(ValueError):
    """No probe of ours gives this answer."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What every answer of the probe ``diffusion`` may tell.

    ``ended``: how the probe ended. All else is empty unless it went well, and where something is
    ``missing`` in the notebook or the ``interface`` of its class is another one. ``own_error``:
    what the notebook's own network raised, given images of ``own_shape``; ``forms``: the calls that
    it took. ``image``: the shape of an image as the network is given it. ``arguments``: what the
    network was given beside images, by name, (N, width). ``schedule``: the student's own entries in
    use, (T,) or (T + 1,) each.
    """

    measure: ClassVar[str]

    ended: Outcome = field(default_factory=lambda: Outcome(Status.ok))
    missing: str | None = None
    interface: str | None = None
    own_error: str | None = None
    own_shape: Sequence[Any] | None = None
    forms: Sequence[str] = ()
    image: Sequence[int] = ()
    arguments: Mapping[str, Array] = field(default_factory=dict)
    schedule: Mapping[str, Array] = field(default_factory=dict)

    @classmethod
    def read(cls, outcome: Outcome) -> Self:
        """Raises ``Malformed``."""
        missing = fact(outcome, "missing", str | None)
        interface = fact(outcome, "interface", str | None)
        answered = outcome.status is Status.ok and missing is None and interface is None
        return cls(
            ended=outcome,
            missing=missing,
            interface=interface,
            own_error=fact(outcome, "own_error", str | None),
            own_shape=fact(outcome, "own_shape", list | None),
            forms=fact(outcome, "forms", list | None) or (),
            image=fact(outcome, "image", list | None) or (),
            arguments=named(outcome, "slot/", 2),
            schedule=named(outcome, "schedule/", 1),
            **(cls.measured(outcome) if answered else {}),
        )

    @classmethod
    def measured(cls, outcome: Outcome) -> dict[str, Any]:
        """The fields that only this kind of answer has."""
        return {}

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """What the network was given beside images, by name."""
        return {name: Slot.of(name, rows) for name, rows in self.arguments.items()}


@dataclass(frozen=True, eq=False)
class NotebookAnswer(Answer):
    """With which numbers the notebook itself is run; None where it has none."""

    measure = "hyper_parameters"

    steps: int | None = None
    batch_size: int | None = None

    @classmethod
    def measured(cls, outcome: Outcome) -> dict[str, Any]:
        steps, batch_size = (fact(outcome, name, int | None) for name in ("n_T", "batch_size"))
        return {"steps": steps, "batch_size": batch_size}


@dataclass(frozen=True, eq=False)
class LossAnswer(Answer):
    """What ``forward`` did with batches of images.

    ``x``: all images, (images, 784), 0 to 1, and ``c``, their classes, (images,). ``calls``: how
    often the network was called for each batch, and ``loss``: what came back, (batches,). ``x_t``:
    what the network was given, ``answer``: what it answered, and ``gradient``: the loss's by that,
    (N, P) each. ``returned``: what came back if it is not ``differentiable``; ``size``: of how many
    numbers the loss is; ``wrapped``: what it came in, if it did not come alone.
    """

    measure = "loss"

    differentiable: bool = True
    returned: str = ""
    size: int = 1
    wrapped: str | None = None
    x: Array = field(default_factory=nothing)
    c: Array = field(default_factory=nothing)
    calls: Array = field(default_factory=nothing)
    loss: Array = field(default_factory=nothing)
    x_t: Array = field(default_factory=nothing)
    answer: Array = field(default_factory=nothing)
    gradient: Array = field(default_factory=nothing)

    @classmethod
    def measured(cls, outcome: Outcome) -> dict[str, Any]:
        found = {
            "differentiable": fact(outcome, "differentiable", bool),
            "returned": fact(outcome, "returned", str),
            "size": fact(outcome, "size", int),
            "wrapped": fact(outcome, "wrapped", str | None),
            "x": np.multiply(array(outcome, "x", 2), 1 / 4, dtype=np.float32),
            "c": array(outcome, "c", 1),
            "calls": array(outcome, "calls", 1),
            "loss": array(outcome, "loss", 1, np.float64),
        }
        if "x_t" in outcome.arrays:  # the network was called
            found["x_t"] = array(outcome, "x_t", 2, np.float32)
            found["answer"] = np.multiply(array(outcome, "answer", 2), 1 / 32, dtype=np.float32)
        if "gradient" in outcome.arrays:
            found["gradient"] = array(outcome, "gradient", 2, np.float32)
        return found


@dataclass(frozen=True, eq=False)
class Told:
    """What training tells the network as t: ``rows``, by argument, (M, width); and ``level``, how
    bright x_t then is, in parts of x_0, (M,)."""

    level: Array = field(default_factory=nothing)
    rows: Mapping[str, Array] = field(default_factory=dict)

    @classmethod
    def read(cls, outcome: Outcome) -> Self:
        """Empty where training could not be asked. Raises ``Malformed``."""
        if "level" not in outcome.arrays:
            return cls()
        return cls(array(outcome, "level", 1, np.float64), named(outcome, "told/", 2))


@dataclass(frozen=True, eq=False)
class ToldAnswer(Answer):
    """What training tells the network as t."""

    measure = "told"

    told: Told = Told()

    @classmethod
    def measured(cls, outcome: Outcome) -> dict[str, Any]:
        return {"told": Told.read(outcome)}


@dataclass(frozen=True)
class Store:
    """What came back beside the images: its ``shape``, how many ``frames`` and how many
    ``different`` ones. ``likeness``: of each frame the correlation with the x_t that is most like
    it, and which step that is; ``predicted``: the best with a predicted image; None where sizes do
    not tell."""

    shape: Sequence[int]
    frames: int
    different: int
    readable: bool
    likeness: Sequence[tuple[float, int]] | None
    predicted: float | None = None


@dataclass(frozen=True, eq=False)
class SamplingAnswer(Answer):
    """What ``sample`` did with a network that knows the image.

    A step is all that is asked about the same x_t, in S steps of R images together.

    ``result``: the images that came back, (images, 784), and ``store`` what came beside them; or,
    where no images did, ``returned``, what it is, and ``returned_shape``. ``by_chance``: whether
    the notebook's own network answers the same question differently. ``batches``: of how many
    images each of the ``network_calls`` was. ``at``: of each of N images the step, its place there,
    and which of the step's answers it got, (N, 3). ``steps``: of each step the number of images and
    of different answers, (S, 2). ``sums``: products of what a step's mean may depend on, summed
    over pixels, (S - 1, 6, 6). ``moments``: of each step, where the image is always the same, the
    means over dark and bright pixels and the variances, (S, 4). ``kept``: of each image of each
    step the pixels ``subset`` of x_t, (R, pixels), and ``bits``, which of them are bright in the
    first and in the second answer, (R, 2, pixels). ``states``: of some steps the whole x_t, and
    ``images`` and ``second_images``, what is answered, (images, 784) each.
    """

    measure = "sampling"

    network_calls: int = 0
    by_chance: bool = False
    returned: str | None = None
    returned_shape: Sequence[int] = ()
    store: Store | None = None
    result: Array = field(default_factory=nothing)
    batches: Array = field(default_factory=nothing)
    at: Array = field(default_factory=nothing)
    steps: Array = field(default_factory=nothing)
    sums: Array = field(default_factory=nothing)
    moments: Array = field(default_factory=nothing)
    kept: Array = field(default_factory=nothing)
    bits: Array = field(default_factory=nothing)
    subset: Array = field(default_factory=nothing)
    states: Mapping[int, Array] = field(default_factory=dict)
    images: Mapping[int, Array] = field(default_factory=dict)
    second_images: Mapping[int, Array] = field(default_factory=dict)
    told: Told = Told()

    @property
    def sampled(self) -> bool:
        """Whether images came back."""
        return len(self.result) > 0

    @classmethod
    def measured(cls, outcome: Outcome) -> dict[str, Any]:
        calls = {
            "network_calls": fact(outcome, "network_calls", int),
            "by_chance": fact(outcome, "by_chance", bool | None) or False,
        }
        if "returned" in outcome.facts:
            shape = fact(outcome, "returned_shape", list)
            return {**calls, "returned": fact(outcome, "returned", str), "returned_shape": shape}
        at, steps = array(outcome, "at", 2), array(outcome, "steps", 2)
        if at.shape[1] != 3 or steps.shape[1] != 2 or not len(at) or at.min() < 0:
            raise Malformed("at")
        if at[:, 0].max() >= len(steps) or np.any(at[:, 2] >= steps[at[:, 0], 1]):
            raise Malformed("at")
        kept, subset = array(outcome, "kept", 2), array(outcome, "subset", 1)
        bits = array(outcome, "bits", 3, np.uint8)
        if bits.shape[:2] != (len(kept), 2) or len(subset) != kept.shape[1]:
            raise Malformed("bits")
        try:
            store = Store(**fact(outcome, "store", dict))
        except TypeError as error:
            raise Malformed("store") from error
        return {
            **calls,
            "store": store,
            "result": array(outcome, "result", 2),
            "batches": array(outcome, "batch", 1),
            "at": at,
            "steps": steps,
            "sums": array(outcome, "sums", 3),
            "moments": outcome.arrays.get("moments", nothing()),
            "kept": kept,
            "bits": np.unpackbits(bits, axis=2, count=len(subset)),
            "subset": subset,
            "states": by_number(outcome, "state/"),
            "images": by_number(outcome, "image0/"),
            "second_images": by_number(outcome, "image1/"),
            "told": Told.read(outcome),
        }


@dataclass(frozen=True, eq=False)
class ConditionsAnswer(Answer):
    """What the notebook's own network answers under each of K different conditions.

    ``answers``: (K, numbers); ``conditions``: what it is told, by argument, (K, width). ``c``: the
    classes of the images of training, and ``trained``: their conditions, (images,) each.
    ``stirs``: whether the network answers the same question differently; ``drawn``: if so, what it
    answered the first images of training, (images, numbers). All empty where it cannot be asked.
    """

    measure = "conditions"

    answers: Array = field(default_factory=nothing)
    conditions: Mapping[str, Array] = field(default_factory=dict)
    c: Array = field(default_factory=nothing)
    trained: Array = field(default_factory=nothing)
    stirs: bool = True
    drawn: Array = field(default_factory=nothing)

    @classmethod
    def measured(cls, outcome: Outcome) -> dict[str, Any]:
        arrays = outcome.arrays
        if "answers" not in arrays:
            return {}
        answers, c = array(outcome, "answers", 2, np.float64), array(outcome, "c", 1)
        drawn = array(outcome, "drawn", 2, np.float64) if "drawn" in arrays else answers[:0]
        if drawn.shape[1] != answers.shape[1] or len(drawn) > len(c):
            raise Malformed("drawn")
        return {
            "answers": answers,
            "conditions": named(outcome, "condition/", 2),
            "c": c,
            "trained": array(outcome, "trained", 1),
            "stirs": fact(outcome, "stirs", bool),
            "drawn": drawn,
        }


@dataclass(frozen=True, eq=False)
class ScheduleAnswer:
    """What ``beta_schedule`` or ``ddpm_schedules`` returned in each case.

    ``ended``: how the probe ended; ``missing``: whether there is no such function. ``returned``:
    the type of what came back first. ``cases``: the entries by name, (n,) each; ``own_betas``:
    beside them what ``beta_schedule`` returns, (n,), None where that is not known.
    """

    ended: Outcome
    missing: bool
    returned: str
    cases: Sequence[Mapping[str, Array]]
    own_betas: Sequence[Array | None]

    @classmethod
    def read(cls, outcome: Outcome, count: int) -> Self:
        """The answer to so many cases. Raises ``Malformed``."""
        own = named(outcome, "own/", 1)
        return cls(
            ended=outcome,
            missing="missing" in outcome.facts,
            returned=(fact(outcome, "returned", list | None) or ["NoneType"])[0],
            cases=[named(outcome, f"{number}/", 1) for number in range(count)],
            own_betas=[own.get(str(number)) for number in range(count)],
        )


def fact(outcome: Outcome, name: str, kind: Any) -> Any:
    """A fact of this kind; None where there is none. Raises ``Malformed`` for other kinds."""
    value = outcome.facts.get(name)
    if not isinstance(value, kind):
        raise Malformed(name)
    return value


def array(outcome: Outcome, name: str, dimensions: int, dtype: DTypeLike | None = None) -> Array:
    """The array of that name. Raises ``Malformed`` if it is not there or has another shape."""
    found = outcome.arrays.get(name)
    if found is None or found.ndim != dimensions:
        raise Malformed(name)
    return np.asarray(found, dtype=dtype)


def named(outcome: Outcome, prefix: str, dimensions: int) -> dict[str, Array]:
    """Numbers by what stands behind the prefix, in float64. Raises ``Malformed``."""
    return {
        name.removeprefix(prefix): array(outcome, name, dimensions, np.float64)
        for name in outcome.arrays
        if name.startswith(prefix)
    }


def by_number(outcome: Outcome, prefix: str) -> dict[int, Array]:
    """Images of single steps, (images, P), by the step's number. Raises ``Malformed``."""
    names = [name for name in outcome.arrays if name.startswith(prefix)]
    if not all(name.removeprefix(prefix).isdecimal() for name in names):
        raise Malformed(prefix)
    return {int(name.removeprefix(prefix)): array(outcome, name, 2) for name in names}
