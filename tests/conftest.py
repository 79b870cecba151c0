"""For all tests."""

import pytest
from hypothesis import settings

# how long an example takes says more about the machine than about the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("first") is None)
