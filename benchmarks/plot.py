"""Small plots for the documentation."""

import statistics
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from benchmarks.show import machine

DOCS = Path(__file__).resolve().parents[1] / "docs"
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "ddpm", "font.family": "sans-serif"}


def draw(
    name: str,
    title: str,
    steps: Mapping[int, str],
    lines: Mapping[str, Sequence[Sequence[float]]],
    *,
    scale: str = "linear",
) -> None:
    """Into ``docs``: of each line the medians at ``steps``, with the least and the most."""
    with matplotlib.rc_context(STYLE):
        figure = Figure((7.2, 3.2), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.set_yscale(scale)
        for number, (label, samples) in enumerate(lines.items()):
            middle = [statistics.median(values) for values in samples]
            low, high = [min(values) for values in samples], [max(values) for values in samples]
            axes.plot(list(steps), middle, "o-", markersize=4, color=f"C{number}", label=label)
            axes.fill_between(list(steps), low, high, color=f"C{number}", alpha=0.2, linewidth=0)
        axes.set_xticks(list(steps), list(steps.values()))
        axes.minorticks_off()
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(alpha=0.3)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_ylim(bottom=0 if scale == "linear" else None)
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
        axes.set_xlabel(f"{date.today()}: {machine()}", fontsize=6, color="gray", loc="left")
        figure.savefig(DOCS / f"{name}.svg", metadata={"Date": None})
