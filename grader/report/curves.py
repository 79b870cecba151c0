"""Curves of schedules that differ from the reference's, as points of an SVG's lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.batch.gradebook import GradedItem

WIDTH, HEIGHT, MARGIN = 320, 130, 8
UNSEEN = 0.01  # of the axis: about a pixel


@dataclass(frozen=True)
class Curve:
    """``got`` and ``expected`` are for ``<polyline points>``; ``top`` is the axis' upper end.

    ``hidden`` where they differ by too little to be seen: the page must say so, or a student asks
    what is wrong with a curve that looks right.
    """

    name: str
    T: int
    top: float
    got: str
    expected: str
    hidden: bool


def curves_of(item: GradedItem) -> list[Curve]:
    """One for each check whose details hold one."""
    found = []
    for check in item.checks:
        curve = check["details"].get("curve")
        if curve:
            got, expected = curve["got"], curve["expected"]
            top = max(1e-12, 1.15 * max(expected))
            name = check["id"].split(".")[-1]
            drawn, right = (
                points(values, curve["t"], curve["T"], top) for values in (got, expected)
            )
            apart = max(abs(one - other) for one, other in zip(got, expected, strict=True))
            found.append(Curve(name, curve["T"], top, drawn, right, hidden=apart < UNSEEN * top))
    return found


def points(values: Sequence[float], t: Sequence[int], T: int, top: float) -> str:
    """Values beyond the axis lie on its end."""
    across = (WIDTH - 2 * MARGIN) / max(1, T - 1)
    up = HEIGHT - 2 * MARGIN
    pairs = [
        (MARGIN + (step - 1) * across, HEIGHT - MARGIN - up * min(max(value / top, 0.0), 1.0))
        for value, step in zip(values, t, strict=True)
    ]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)
