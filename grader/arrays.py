"""The type of the arrays that rooms hand to each other; docstrings tell their shapes."""

from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
