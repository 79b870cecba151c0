"""What the network is told of classes, and what that means: a class, none, or something that
training never told.

Where labels stand for the classes and nothing else is told, that is plain. Else two ways of telling
are the same if the notebook's own network answers the same (``grader.probes.conditions``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grader.arrays import Array
from grader.checks.answers import ConditionsAnswer
from grader.checks.measuring.slots import ABSENT, CLASSES, Named, Slot, are_labels, coding_of
from grader.messages.message import Message, say

NONE, UNKNOWN = -1, -2
SAME = 1e-4  # of the spread of a network's answers; rounding is a thousandth of it
OFTEN = 0.55  # images without their class; the paper on guidance knows up to a half
NEARLY_ALWAYS = 0.65
FAR = 3.0  # standard errors


@dataclass(frozen=True, eq=False)
class Classes:
    """``tables``: of each argument that may tell of classes, a row a condition, (K, width);
    ``meaning``: of each condition, the class, ``NONE`` or ``UNKNOWN``, (K,).

    ``sure``: whether no class can have been hidden in training unseen. ``hidden``: in which part of
    training images the class was, and its standard error; ``behind``: behind which class."""

    tables: Mapping[str, Array]
    meaning: Array
    time: tuple[str, ...]
    sure: bool = True
    hidden: float = 0.0
    error: float = 0.0
    behind: int | None = None

    def of_rows(self, arguments: Mapping[str, Array], count: int) -> Array:
        """What so many images were told by these arguments, (count, width) each; (count,)."""
        told = {name: rows for name, rows in arguments.items() if name not in self.time}
        fits = np.ones((count, len(self.meaning)), dtype=bool)
        for name in {*told, *self.tables}:
            rows = told.get(name, np.full((count, 1), ABSENT))
            table = self.tables.get(name, np.full((len(self.meaning), 1), ABSENT))
            fits &= alike(rows, table)
        known = fits.any(axis=1)
        return np.where(known, self.meaning[fits.argmax(axis=1)], UNKNOWN)

    @property
    def tells_none(self) -> bool:
        """Whether training hides classes at all."""
        return bool(np.any(self.meaning == NONE))


def alike(rows: Array, table: Array) -> Array:
    """Which rows are which of a table's, (N, K), but for rounding."""
    width = max(rows.shape[1], table.shape[1])
    rows, table = (
        np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=ABSENT)
        for part in (rows, table)
    )
    slot = Slot.of("", rows)
    gap = np.abs(slot.table[:, None] - table[None]).max(axis=2)
    largest = np.abs(table[table != ABSENT]).max(initial=0.0)
    return np.asarray((gap <= SAME * largest)[slot.ids])


def plain_classes(slots: Mapping[str, Slot], named: Named) -> Classes | None:
    """The classes where their labels are told and nothing else that differs; else None."""
    if len(named.classes) != 1 or any(tells_something(slots[name]) for name in named.others):
        return None
    ((name, coding),) = named.classes.items()
    if coding.hidden.any() or not are_labels(slots[name], coding):
        return None
    tables = {name: slots[name].table[coding.codes]}
    for other in named.others:
        tables[other] = np.repeat(slots[other].table, CLASSES, axis=0)
    return Classes(tables, np.arange(CLASSES), named.time)


def tells_something(slot: Slot) -> bool:
    """Whether an argument may say more than its class of an image; one number may hide all."""
    return slot.count > 1 or bool(np.any(slot.table != ABSENT))


def classes_as_told(slots: Mapping[str, Slot], named: Named, labels: Array, calls: int) -> Classes:
    """The classes by what was told alone, where no network can say what it means."""
    names = [*named.classes, *named.others]
    together = np.stack([slots[name].ids for name in names], axis=1).astype(np.float64)
    keys = Slot.of("", together)
    coding = coding_of(keys.ids, labels)
    tables = {name: slots[name].rows[keys.first] for name in names}
    if coding is None:
        return Classes(tables, np.full(keys.count, UNKNOWN), named.time, sure=False)
    meaning = np.full(keys.count, NONE)
    meaning[coding.codes] = np.arange(CLASSES)
    part = part_hidden(coding.hidden, calls)
    return Classes(tables, meaning, named.time, False, *part, coding.behind)


def part_hidden(hidden: Array, calls: int) -> tuple[float, float]:
    """The part of images without their class, and its error; whole batches count as one."""
    by_batch = hidden.reshape(calls, -1).astype(np.int64)
    part = float(hidden.mean())
    whole = bool(np.all(np.ptp(by_batch, axis=1) == 0))
    draws = calls if whole else hidden.size
    return part, float(np.sqrt(max(part * (1 - part), 1e-4) / draws))


def classes_by_network(answer: ConditionsAnswer, time: tuple[str, ...]) -> Classes | None:
    """The classes by what the notebook's own network answers; None where it does not tell them."""
    answers, labels, trained = answer.answers, answer.c, answer.trained
    if not len(answers) or not np.all(np.isfinite(answers)):
        return None
    if len(trained) != len(labels):
        return None
    kinds, sure = kinds_of(answers), not answer.stirs
    shown = kinds[trained]
    if (drawn := kinds_drawn(answer)) is not None:
        kinds, shown = drawn
        labels, sure = labels[: len(shown)], True
    coding = coding_of(shown, labels)
    if coding is None and len(np.unique(shown)) == 1:
        return Classes({}, np.full(1, NONE), time, hidden=1.0)
    if coding is None:
        return None
    meaning = np.full(len(answers), UNKNOWN)
    for place, kind in enumerate(kinds):
        if kind in coding.codes:
            meaning[place] = int(np.flatnonzero(coding.codes == kind)[0])
        elif np.any(shown == kind):
            meaning[place] = NONE
    tables = {name: rows for name, rows in answer.conditions.items() if name not in time}
    calls = len(labels) // CLASSES
    return Classes(tables, meaning, time, sure, *part_hidden(coding.hidden, calls), coding.behind)


def kinds_drawn(answer: ConditionsAnswer) -> tuple[Array, Array] | None:
    """The kinds of all conditions, and of what a network that drops classes itself answered single
    images of training; None where it does something else by chance, too."""
    drawn = answer.drawn
    if not len(drawn) or not np.all(np.isfinite(drawn)):
        return None
    kinds, shown = np.split(
        kinds_of(np.concatenate([answer.answers, drawn])), [len(answer.answers)]
    )
    if coding_of(shown, answer.c[: len(shown)]) is None:
        return None
    trained = answer.trained[: len(shown)]
    for place in np.unique(trained):  # one answer alone may be that without a class
        kinds[place] = np.bincount(shown[trained == place]).argmax()
    return kinds, shown


def kinds_of(answers: Array) -> Array:
    """A number for each answer, the same for those that do not differ, (K,)."""
    scale = float(np.abs(answers - answers.mean(axis=0)).max())
    kinds = np.full(len(answers), -1)
    heads: list[Array] = []
    for place, answer in enumerate(answers):
        near = [k for k, head in enumerate(heads) if np.abs(answer - head).max() <= SAME * scale]
        if not near:
            near = [len(heads)]
            heads.append(answer)
        kinds[place] = near[0]
    return kinds


def hiding_problem(classes: Classes) -> tuple[Message, bool] | None:
    """What to say of classes that are hidden too often in training, and whether that is certain."""
    if classes.hidden == 1:
        return say("loss.class_always_hidden"), True
    if classes.behind is not None:
        return say("loss.class_behind_another", digit=classes.behind), True
    surely = classes.hidden - FAR * classes.error
    if surely > NEARLY_ALWAYS:
        return say("loss.class_nearly_always_hidden", percent=100 * float(classes.hidden)), True
    if surely > OFTEN:
        return say("loss.class_often_hidden", percent=100 * float(classes.hidden)), False
    return None
