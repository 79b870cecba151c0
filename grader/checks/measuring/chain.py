"""What a sampler did, in order: about which steps and images it asked the network, and what it told
of their classes."""

from dataclasses import dataclass

import numpy as np

from grader.arrays import Array
from grader.checks.answers import SamplingAnswer
from grader.checks.measuring.classes import NONE, UNKNOWN, Classes
from grader.checks.measuring.clock import Clock
from grader.checks.measuring.slots import CLASSES, Slot, labels_of
from grader.messages.message import Message, say

NOT_AS_TRAINED = say("sampling.t_not_as_trained")


@dataclass(frozen=True, eq=False)
class Chain:
    """``passes``: of each group of images that are sampled one after the other, the steps by number
    and the first image; ``visited``: the time steps, from 0, that each pass asks about.

    ``kinds``: of each step, what its answers are told of the classes, the first answer first:
    "right", "none", "other" or "unknown"."""

    seen: SamplingAnswer
    passes: list[tuple[range, int]]
    visited: list[int]
    kinds: list[tuple[str, ...]]

    @property
    def rows(self) -> Array:
        """How many images each step is about."""
        return self.seen.steps[:, 0]

    @property
    def fresh(self) -> bool:
        """Whether the oracle's image was another one at every step."""
        return not len(self.seen.moments)

    @property
    def answers(self) -> int:
        """How many different answers a step was given, at most."""
        return max(len(kinds) for kinds in self.kinds)


def read_chain(
    seen: SamplingAnswer, T: int, clock: Clock | None, classes: Classes | None
) -> Chain | Message:
    """The chain, or a message that says why there is none."""
    visited = path_of(seen, clock)
    if clock is not None:
        slots = seen.slots
        if any(differs_within_a_step(slots[n], seen.at) for n in clock.rows if n in slots):
            return say("sampling.t_differs_in_a_batch")
        if visited is None:
            return NOT_AS_TRAINED
    passes = passes_of(seen, visited)
    if passes is None:
        return say("sampling.not_as_many_images")
    if visited is None:
        visited = [T - 1 - n + steps.start for steps, _ in passes for n in steps]
    paths = [visited[steps.start : steps.stop] for steps, _ in passes]
    if any(path != paths[0] for path in paths):
        return say("sampling.parts_differ")
    visited = paths[0]
    kinds = kinds_of(seen, passes, classes)
    return Chain(seen, passes, visited, kinds)


def path_of(seen: SamplingAnswer, clock: Clock | None) -> list[int] | None:
    """The time step of each step by what it tells; None where training tells no such thing."""
    if clock is None:
        return None
    told, firsts = seen.arguments, np.unique(seen.at[:, 0], return_index=True)[1]
    return clock.visited({n: told[n][firsts] for n in clock.rows if n in told})


def differs_within_a_step(slot: Slot, at: Array) -> bool:
    ids = slot.ids
    firsts = np.unique(at[:, 0], return_index=True)
    first_of = np.zeros(int(at[:, 0].max()) + 1, dtype=np.int64)
    first_of[firsts[0]] = firsts[1]
    return bool(np.any(ids != ids[first_of[at[:, 0]]]))


def passes_of(seen: SamplingAnswer, visited: list[int] | None) -> list[tuple[range, int]] | None:
    """The steps of each group of images, and its first image; None if images are missing."""
    rows, n_sample = seen.steps[:, 0], len(seen.result)
    if np.all(rows == n_sample):
        return [(range(len(rows)), 0)]
    starts = [0]
    for number in range(1, len(rows)):
        again = visited is not None and visited[number] > visited[number - 1]
        if again or rows[number] != rows[number - 1]:
            starts.append(number)
    if visited is None and len(starts) == 1 and n_sample % rows[0] == 0:
        count = n_sample // int(rows[0])
        if len(rows) % count:
            return None
        starts = list(range(0, len(rows), len(rows) // count))
    ends = [*starts[1:], len(rows)]
    images = np.cumsum([0, *(rows[start] for start in starts)])
    if images[-1] != n_sample:
        return None
    return [(range(s, e), int(i)) for s, e, i in zip(starts, ends, images, strict=False)]


def kinds_of(
    seen: SamplingAnswer,
    passes: list[tuple[range, int]],
    classes: Classes | None,
) -> list[tuple[str, ...]]:
    """Of each step and each of its answers, what is told of the classes."""
    at, steps_count = seen.at, len(seen.steps)
    first_image = np.zeros(steps_count, dtype=np.int64)
    for steps, image in passes:
        first_image[steps.start : steps.stop] = image
    expected = (first_image[at[:, 0]] + at[:, 1]) % CLASSES
    classes = classes or labels_alone(seen, expected)
    meaning = classes.of_rows(seen.arguments, len(at))
    kind = np.where(meaning == expected, 0, 3)
    kind = np.where(meaning == NONE, 1, np.where(meaning == UNKNOWN, 2, kind))
    answers = int(at[:, 2].max()) + 1
    given = np.zeros((steps_count, answers, 4), dtype=bool)
    given[at[:, 0], at[:, 2], kind] = True
    names = np.array(["right", "none", "unknown", "other"])
    found = np.where(given.sum(axis=2) == 1, names[given.argmax(axis=2)], "other")
    return [tuple(row[:c].tolist()) for row, c in zip(found, seen.steps[:, 1], strict=True)]


def labels_alone(seen: SamplingAnswer, expected: Array) -> Classes:
    """Where training does not show it, labels or one-hot rows are what stands for the classes."""
    slots, first = seen.slots, seen.at[:, 2] == 0
    for slot in slots.values():
        labels = labels_of(slot.rows)
        if labels is not None and np.array_equal(labels[first], expected[first]):
            table = np.arange(CLASSES)[:, None] if slot.rows.shape[1] == 1 else np.eye(CLASSES)
            others = tuple(name for name in slots if name != slot.name)
            padded = np.zeros((CLASSES, slot.rows.shape[1]))
            padded[:, : table.shape[1]] = table
            return Classes({slot.name: padded}, np.arange(CLASSES), others)
    return Classes({}, np.full(1, UNKNOWN), tuple(slots))
