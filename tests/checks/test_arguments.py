import numpy as np
import pytest

from grader.checks.arguments import classes_given, coding_of
from grader.checks.cases import Array

CLASSES = np.random.default_rng(0).integers(0, 10, 500)
VECTORS = np.random.default_rng(1).normal(size=(10, 32))
DROPPED = np.random.default_rng(2).random((500, 1)) < 0.1


@pytest.mark.parametrize(
    ("argument", "how"),
    [
        (CLASSES[:, None], "labels"),
        (np.where(DROPPED, 10, CLASSES[:, None]), "labels"),
        (np.eye(10)[CLASSES] * ~DROPPED, "labels"),
        ((CLASSES[:, None] + 1) * ~DROPPED, "codes"),
        (2 * np.eye(10)[CLASSES] - 1, "codes"),
        (VECTORS[CLASSES] * ~DROPPED, "codes"),
        ((CLASSES[:, None] + 1) % 10, ""),
        (np.eye(10)[(CLASSES + 1) % 10] * ~DROPPED, ""),
        (VECTORS[CLASSES // 2], ""),
        (VECTORS[CLASSES] * DROPPED, ""),
        (np.random.default_rng(3).permutation(VECTORS[CLASSES]), ""),
        (np.random.default_rng(4).normal(size=(500, 32)), ""),
    ],
)
def test_classes_are_told_by_labels_or_by_one_code_each(argument: Array, how: str) -> None:
    arrays = {"c": CLASSES, "argument0": np.arange(500.0)[:, None], "argument1": argument}
    assert classes_given(arrays) == how


def test_a_coding_is_the_row_of_each_class() -> None:
    found = coding_of(VECTORS[CLASSES] * ~DROPPED, CLASSES)
    assert found is not None
    np.testing.assert_array_equal(found, VECTORS)
