"""How measurements are gathered and written: medians with their range, and ratios of medians."""

import platform
import statistics
from collections.abc import Hashable, Sequence
from importlib.metadata import version
from typing import Any

import psutil


class Samples(dict[Any, list[float]]):
    """Measurements by name, in the order of their first one."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, str] = {}

    def add(self, name: Hashable, value: float) -> None:
        self.setdefault(name, []).append(value)


def spread(values: Sequence[float], digits: int = 2) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def ratio(values: Sequence[float], base: Sequence[float]) -> str:
    return f"x {statistics.median(values) / statistics.median(base):.2f}"


def machine() -> str:
    """One line: what this was measured on and with."""
    packages = ("torch", "torchvision", "ipykernel", "nbclient")
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.system()} {platform.release()}, {psutil.cpu_count()} cores, "
        f"{memory:.0f} GB, Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in packages)
    )
