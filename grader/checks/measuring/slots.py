"""What the network was given beside its images, by name: classes, t, masks.

An argument is known by what it carries over all calls, never by its place: one that was not given,
or was None, is a value like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grader.arrays import Array
from grader.messages.message import say

CLASSES = 10
ABSENT = -(2.0**100)  # the probe's word for what was not given
FEWEST_TIMES = 4  # values of t; a mask has fewer
IN_ONE_VECTOR = say("run.in_one_vector")


@dataclass(frozen=True, eq=False)
class Slot:
    """One argument: a row for each image of all calls; ``ids`` says which rows are the same, (N,),
    and ``first`` where each of them stands first, (K,)."""

    name: str
    rows: Array  # (N, width)
    ids: Array
    first: Array

    @classmethod
    def of(cls, name: str, rows: Array) -> "Slot":
        same = rounded(rows)
        whole = same[:, 0] if same.shape[1] == 1 else same.view(f"V{same.itemsize * same.shape[1]}")
        _, first, ids = np.unique(whole, return_index=True, return_inverse=True)
        order = np.argsort(first)  # numbered as they come
        number = np.empty_like(order)
        number[order] = np.arange(len(order))
        return cls(name, rows, number[ids.reshape(-1)], first[order])

    @property
    def count(self) -> int:
        """How many different values it has."""
        return len(self.first)

    @property
    def table(self) -> Array:
        """The different rows, (K, width)."""
        return np.asarray(self.rows[self.first])


def rounded(rows: Array) -> Array:
    """Vectors without what arithmetic in another order makes of them."""
    rows = np.asarray(rows, dtype=np.float64)
    if rows.shape[1] == 1:
        return np.ascontiguousarray(rows + 0.0)
    given = rows[rows != ABSENT]
    scale = float(np.abs(given).max()) if given.size else 1.0
    near = np.round(rows / (scale or 1), 5)
    return np.ascontiguousarray(np.where(rows == ABSENT, ABSENT, near) + 0.0)


@dataclass(frozen=True, eq=False)
class Coding:
    """What stands for each class: ``codes``, the id of each, (10,), and which images were shown
    without their class, (N,). ``behind``: the class whose own id stands for no class, too."""

    codes: Array
    hidden: Array
    behind: int | None = None


def coding_of(ids: Array, classes: Array) -> Coding | None:
    """How ids tell the classes of images, (N,); None if they do not.

    Each class has an id that no other class has. What several classes share stands for no class; it
    may be the id of one of them, as a label 0.
    """
    counts = np.zeros((CLASSES, int(ids.max()) + 1), dtype=np.int64)
    np.add.at(counts, (classes.astype(np.int64), ids), 1)
    shared = (counts > 0).sum(axis=0) > 1
    alone = np.where(shared, 0, counts)
    codes = alone.argmax(axis=1)
    without = alone.sum(axis=1) == 0
    if without.any():  # its id is what the others are hidden behind
        (missing, *more) = np.flatnonzero(without)
        own = np.flatnonzero(counts[missing])
        if more or len(own) != 1 or not (counts[missing] > 0)[shared].any():
            return None
        codes[missing] = own[0]
    behind = int(missing) if without.any() else None
    rare = alone.sum() - alone[np.arange(CLASSES), codes].sum()
    if without.sum() == 0 and rare > max(0.5 * alone.sum() / CLASSES, 3) and not by_halves(alone):
        return None
    if counts[np.arange(CLASSES), codes].min() == 0:
        return None
    return Coding(codes, codes[classes.astype(np.int64)] != ids, behind)


def by_halves(alone: Array) -> bool:
    """Whether each class has few ids of its own, as where a mask stands beside it."""
    return bool(np.all((alone > 0).sum(axis=1) <= 2))


def is_other_labels(slot: Slot, coding: Coding) -> bool:
    """Whether these are labels 0..9, or one-hot rows, but not those of the images."""
    labels = labels_of(slot.table[coding.codes])
    if labels is None or not np.all(np.isin(labels, np.arange(CLASSES))):
        return False
    return not np.array_equal(labels, np.arange(CLASSES))


def are_labels(slot: Slot, coding: Coding) -> bool:
    """Whether what stands for the classes are their numbers, or one-hot rows."""
    labels = labels_of(slot.table[coding.codes])
    return labels is not None and np.array_equal(labels, np.arange(CLASSES))


def labels_of(rows: Array) -> Array | None:
    """Class numbers from labels or one-hot rows, -1 for a row of zeros; None if it is neither."""
    if rows.shape[1] == 1:
        return rows[:, 0]
    sums = rows.sum(axis=1)
    if rows.shape[1] >= CLASSES and np.all(np.isin(rows, (0, 1))) and np.all(sums <= 1):
        return np.asarray(np.where(sums == 1, rows.argmax(axis=1), -1), dtype=np.float64)
    return None


@dataclass(frozen=True, eq=False)
class Named:
    """What each argument of training stands for."""

    classes: dict[str, Coding]
    time: tuple[str, ...]  # what may tell t
    others: tuple[str, ...]

    @classmethod
    def of(cls, slots: Mapping[str, Slot], labels: Array) -> "Named":
        codings = {
            name: coding
            for name, slot in slots.items()
            if (coding := coding_of(slot.ids, labels)) is not None
            and not is_other_labels(slot, coding)
        }
        rest = [slot for name, slot in slots.items() if name not in codings]
        time = [slot for slot in rest if slot.count >= FEWEST_TIMES and not depends(slot, labels)]
        time.sort(key=lambda slot: -slot.count)
        names = tuple(slot.name for slot in time)
        others = tuple(slot.name for slot in rest if slot.name not in names)
        return cls(codings, names, others)


def depends(slot: Slot, labels: Array) -> bool:
    """Whether the labels alone decide it, as those of other classes."""
    return slot.count <= CLASSES + 1 and len({*zip(slot.ids, labels, strict=True)}) <= 2 * CLASSES
