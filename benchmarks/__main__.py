"""``make bench``: where the time of one submission goes, with and without the sandbox.

Both are measured in turns in one run, because machines are shared and noisy: compare the columns,
not the seconds with those of another day.
"""

import statistics
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from grader.cli import DEFAULT_RUBRIC
from grader.pipeline import Options, grade
from grader.rubric import load_rubric
from grader.sandbox import choose_sandbox

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "2023-12345.tar.gz"
SANDBOXES = ("bubblewrap", "none")


@click.command()
@click.option("--runs", type=click.IntRange(min=3), default=5, show_default=True)
def main(runs: int) -> None:
    """Grades the example RUNS times in each sandbox and prints each stage's median."""
    console, rubric = Console(), load_rubric(DEFAULT_RUBRIC)
    seconds: dict[str, dict[str, list[float]]] = {name: {} for name in SANDBOXES}
    for _ in track(range(runs), description="grading", console=Console(stderr=True)):
        for name in SANDBOXES:
            result = grade(EXAMPLE, Options(rubric, choose_sandbox(name)))  # type: ignore[arg-type]
            stages = {**result.seconds, "all": sum(result.seconds.values())}
            for stage, value in stages.items():
                seconds[name].setdefault(stage, []).append(value)
    table = Table(title=f"one submission, seconds, median of {runs} (least to most)")
    table.add_column("stage")
    for name in SANDBOXES:
        table.add_column(f"sandbox {name}", justify="right")
    for stage in seconds[SANDBOXES[0]]:
        table.add_row(stage, *(_spread(seconds[name][stage]) for name in SANDBOXES))
    console.print(table)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
