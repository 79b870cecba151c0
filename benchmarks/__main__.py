"""``make bench``: every table, or those that are named."""

from collections.abc import Callable

import click
from rich.console import Console
from rich.table import Table

from benchmarks import (
    batch,
    clarity,
    full_size,
    independent,
    intake,
    memory,
    mistakes,
    passes,
    review,
    settings,
    speed,
    waiting,
    watch,
)
from benchmarks.show import machine

TABLES: dict[str, Callable[[int], Table]] = {
    "start": speed.start,
    "single": speed.single,
    "stages": speed.stages,
    "throughput": speed.throughput,
    "memory": memory.concurrent,
    "growth": memory.growth,
    "class": batch.whole_class,
    "width": full_size.by_width,
    "full-size": full_size.stages,
    "full-size-memory": full_size.memory,
    "intake": intake.one_pass,
    "large": waiting.large,
    "number": waiting.by_number,
    "watch": watch.watch,
    "rubric": batch.rubric_change,
    "review": review.review,
    "mistakes": mistakes.mistakes,
    "settings": settings.settings,
    "passes": passes.passes,
    "agreement": clarity.agreement,
    "invariance": clarity.invariance,
    "matrix": clarity.matrix,
    "independent": independent.independent,
}


@click.command()
@click.argument("tables", nargs=-1, type=click.Choice(list(TABLES)))
@click.option("--rounds", type=click.IntRange(min=3), default=5, show_default=True)
def main(tables: tuple[str, ...], rounds: int) -> None:
    """Measures in turns, ROUNDS times, and prints medians (least to most) and ratios."""
    console = Console(width=110)
    console.print(machine())
    for name in tables or TABLES:
        console.print(TABLES[name](rounds))


if __name__ == "__main__":
    main()
