"""Curves of schedules that differ from the reference's, drawn as SVG."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader.batch.gradebook import GradedItem

WIDTH, HEIGHT = 360, 180
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 24  # of what is drawn, to the edges
UNSEEN = 0.01  # of the axis: about a pixel
TICKS = 4  # about so many on each axis


@dataclass(frozen=True)
class Curve:
    """The betas of a student beside the reference's, at the time steps ``t`` of 1 to ``T``."""

    check: str
    T: int
    t: Sequence[int]
    got: Sequence[float]
    expected: Sequence[float]

    @property
    def name(self) -> str:
        return self.check.partition(".")[2]

    @property
    def top(self) -> float:
        """The upper end of the axis; what lies beyond is drawn on it."""
        return max(1e-12, 1.15 * max(self.expected))

    @property
    def difference(self) -> list[float]:
        return [one - other for one, other in zip(self.got, self.expected, strict=True)]

    @property
    def hidden(self) -> bool:
        """Whether they differ by too little to be seen: then the difference is drawn, or a student
        asks what is wrong with a curve that looks right."""
        return max(map(abs, self.difference)) < UNSEEN * self.top

    @property
    def furthest(self) -> int:
        """The place of the time step at which they are furthest apart."""
        apart = [abs(value) for value in self.difference]
        return apart.index(max(apart))

    @property
    def mark(self) -> int:
        """The time step at which they are furthest apart."""
        return self.t[self.furthest]

    @property
    def svg(self) -> Markup:
        """With axes, ticks and the time step ``mark``; only numbers stand in it. The page says
        in words what it shows."""
        return Markup("".join(_drawn(self)))


def curves_of(item: GradedItem) -> list[Curve]:
    """One for each check whose details hold one."""
    found = []
    for check in item.checks:
        curve = check.details.get("curve")
        if curve:
            values = curve["got"], curve["expected"]
            found.append(Curve(check.id, curve["T"], curve["t"], *values))
    return found


def _drawn(curve: Curve) -> Iterator[str]:
    """The parts of the picture."""
    most = max(map(abs, curve.difference)) * 1.15 or 1.0
    low, high = (-most, most) if curve.hidden else (0.0, curve.top)
    lines = {"own": curve.difference} if curve.hidden else {"own": curve.got}
    lines |= {} if curve.hidden else {"theirs": curve.expected}
    yield f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
    yield f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
    yield f'height="{HEIGHT - TOP - BOTTOM}"/>'
    for value in ticks(low, high):
        y = _up(value, low, high)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'
    for step in dict.fromkeys([1, *(round(curve.T * part / 4) for part in (1, 2, 3, 4))]):
        if step >= 1:
            x = _across(step, curve.T)
            yield f'<path class="grid" d="M{x:.1f} {HEIGHT - BOTTOM}v4"/>'
            yield f'<text x="{x:.1f}" y="{HEIGHT - 7}" text-anchor="middle">{step}</text>'
    x = _across(curve.mark, curve.T)
    side = ("end", -4) if x > WIDTH / 2 else ("start", 4)
    yield f'<path class="mark" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
    for name, values in lines.items():
        pairs = zip(values, curve.t, strict=True)
        points = " ".join(f"{_across(t, curve.T):.1f},{_up(v, low, high):.1f}" for v, t in pairs)
        yield f'<polyline class="{name}" points="{points}"/>'
    yield f'<text class="mark" x="{x + side[1]:.1f}" y="{TOP + 12}" text-anchor="{side[0]}">'
    yield f"t = {curve.mark}</text></svg>"


def _across(step: int, T: int) -> float:
    return LEFT + (step - 1) * (WIDTH - LEFT - RIGHT) / max(1, T - 1)


def _up(value: float, low: float, high: float) -> float:
    """Values beyond the axis lie on its end."""
    part = min(max((value - low) / (high - low), 0.0), 1.0)
    return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``."""
    rough = (high - low) / TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * n for n in (1, 2, 5, 10) if unit * n >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [n * step for n in range(first, last + 1)]
