import numpy as np
import pytest

from grader.arrays import Array
from grader.checks.measuring.slots import ABSENT, Named, Slot, coding_of

CLASSES = np.random.default_rng(0).integers(0, 10, 500)
VECTORS = np.random.default_rng(1).normal(size=(10, 32))
DROPPED = np.random.default_rng(2).random((500, 1)) < 0.1


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        (CLASSES[:, None], True),
        (np.where(DROPPED, 10, CLASSES[:, None]), True),
        (np.where(DROPPED, ABSENT, CLASSES[:, None]), True),
        (np.eye(10)[CLASSES] * ~DROPPED, True),
        ((CLASSES[:, None] + 1) * ~DROPPED, True),
        (CLASSES[:, None] * ~DROPPED, True),
        (2 * np.eye(10)[CLASSES] - 1, True),
        (VECTORS[CLASSES] * ~DROPPED, True),
        ((CLASSES[:, None] + 1) % 10, False),
        (np.eye(10)[(CLASSES + 1) % 10] * ~DROPPED, False),
        (VECTORS[CLASSES // 2], False),
        (VECTORS[CLASSES] * DROPPED, True),
        (np.random.default_rng(3).permutation(VECTORS[CLASSES]), False),
        (np.random.default_rng(4).normal(size=(500, 32)), False),
    ],
)
def test_classes_are_told_by_labels_or_by_one_code_each(argument: Array, told: bool) -> None:
    slots = {"t": Slot.of("t", np.arange(500.0)[:, None]), "c": Slot.of("c", 1.0 * argument)}
    named = Named.of(slots, CLASSES)
    assert ("c" in named.classes) is told
    assert "t" in named.time


def test_a_coding_is_the_row_of_each_class() -> None:
    slot = Slot.of("c", VECTORS[CLASSES] * ~DROPPED)
    found = coding_of(slot.ids, CLASSES)
    assert found is not None
    np.testing.assert_array_equal(slot.table[found.codes], VECTORS)
    np.testing.assert_array_equal(found.hidden, DROPPED[:, 0])
