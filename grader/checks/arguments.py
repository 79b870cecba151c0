"""What the network was given beside its images, (images, width) an argument: classes, t, masks."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.checks.cases import Array

CLASSES = 10
IN_ONE_VECTOR = "Class and time are told to the network in one vector; a person must look."


def extra_arguments(arrays: Mapping[str, Any], name: str = "argument") -> list[Array]:
    found = [key for key in arrays if key.startswith(name)]
    return [np.asarray(arrays[key], dtype=np.float64) for key in sorted(found)]


def distinct(argument: Array) -> Array:
    """The different rows of an argument, in order; of one column, their numbers."""
    rows = argument[:, 0] if argument.shape[1] == 1 else argument
    return np.asarray(np.unique(rows, axis=0))


def labels_of(argument: Array) -> Array | None:
    """Class numbers from labels or one-hot rows, -1 for a row of zeros; None if it is neither."""
    if argument.shape[1] == 1:
        return argument[:, 0]
    sums = argument.sum(axis=1)
    if argument.shape[1] >= CLASSES and np.all(np.isin(argument, (0, 1))) and np.all(sums <= 1):
        return np.asarray(np.where(sums == 1, argument.argmax(axis=1), -1), dtype=np.float64)
    return None


def is_class_argument(argument: Array, classes: Array) -> bool:
    """Whether these are the labels, or what stands for them."""
    if are_labels(argument, classes):
        return True
    labels = labels_of(argument)
    if labels is not None and np.all(np.isin(labels, np.arange(-1, CLASSES))):
        return False  # of other classes
    return coding_of(argument, classes) is not None


def are_labels(argument: Array, classes: Array) -> bool:
    """Whether these are the labels; some may be dropped for one empty class (guidance)."""
    labels = labels_of(argument)
    if labels is None or labels.shape != classes.shape:
        return False
    others = labels[labels != classes]
    return len(others) == 0 or (len(others) < len(labels) / 2 and np.ptp(others) == 0)


def coding_of(argument: Array, classes: Array) -> Array | None:
    """What stands for each class, (10, width), where that is one row for each and another one for
    every other: an embedding, numbers from 1 on, one-hot rows of -1 and 1."""
    if len(argument) != len(classes):
        return None
    _, first, member = np.unique(argument, axis=0, return_index=True, return_inverse=True)
    member = member.reshape(-1)
    counts = np.zeros((CLASSES, len(first)), dtype=np.int64)
    np.add.at(counts, (classes.astype(np.int64), member), 1)
    usual = counts.argmax(axis=1)
    dropped = member != usual[classes.astype(np.int64)]
    if len(np.unique(usual)) < CLASSES or dropped.mean() >= 0.5:
        return None
    if len(np.unique(member[dropped])) > 1:
        return None
    return np.asarray(argument[first[usual]])


def classes_given(arrays: Mapping[str, Any]) -> str:
    """How the network is told the classes of its images: as "labels", by "codes", or not ("")."""
    classes = np.asarray(arrays["c"], dtype=np.float64)
    found = extra_arguments(arrays)
    if any(are_labels(argument, classes) for argument in found):
        return "labels"
    return "codes" if any(is_class_argument(argument, classes) for argument in found) else ""
