"""Pictures for whole submissions."""

from tests.digits.conftest import random_grids, real_digits

__all__ = ["random_grids", "real_digits"]
