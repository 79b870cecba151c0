"""Pictures for whole submissions; and which cases are run with coverage."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.digits.conftest import random_grids, real_digits

__all__ = ["random_grids", "real_digits"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Coverage of one case in eight, as it makes judging a fifth slower and all go the same ways."""
    cases = [item for item in items if HERE in item.path.parents]
    for number, case in enumerate(cases):
        if number % 8:
            case.add_marker(pytest.mark.no_cover)
