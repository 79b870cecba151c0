"""Options that several commands share, and what they mean."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from grader.paths import RUBRIC_DIR
from grader.rubric import Rubric, load_rubric

DEFAULT_RUBRIC = RUBRIC_DIR / "assignment2.toml"
LIMITS = {
    "cell-seconds": ("cell_seconds", 1),
    "probe-seconds": ("probe_seconds", 1),
    "submission-seconds": ("submission_seconds", 1),
    "memory-mebibytes": ("memory_bytes", 2**20),
    "processes": ("processes", 1),
    "file-mebibytes": ("file_bytes", 2**20),
    "output-mebibytes": ("output_bytes", 2**20),
}


if TYPE_CHECKING:
    Pair = click.ParamType[tuple[str, float]]
else:  # before click 8.4 it takes no type
    Pair = click.ParamType


class Limit(Pair):
    """``NAME=NUMBER``, as a pair."""

    name = "NAME=NUMBER"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        name, _, number = str(value).partition("=")
        if name not in LIMITS:
            self.fail(f"{name!r} is no limit; there are {', '.join(LIMITS)}", param, ctx)
        try:
            amount = float(number)
        except ValueError:
            amount = 0.0
        if not 0 < amount < 1e9:
            self.fail(f"{number!r} is not a number above 0", param, ctx)
        return name, amount


sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(["auto", "bubblewrap", "none"]),
    default="auto",
    show_default=True,
    help="The walls round what a student sent; none gives it everything that you may do.",
)


rubric_option = click.option(
    "--rubric",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=DEFAULT_RUBRIC,
    show_default="assignment2.toml",
    help="Points and limits.",
)
run_option = click.option(
    "--run",
    type=click.Choice(["definitions", "everything"]),
    default="definitions",
    show_default=True,
    help="Which cells run: what the four graded definitions need, or the whole notebook.",
)
resample_option = click.option(
    "--resample",
    is_flag=True,
    help="Where the notebook shows no hundred samples, draw them from its checkpoint: slow.",
)
seed_option = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
limit_option = click.option(
    "--limit",
    "limits",
    type=Limit(),
    multiple=True,
    help=f"Overrides one of the rubric's limits: {', '.join(LIMITS)}.",
)


def warn_of_no_sandbox(sandbox: str, console: Console) -> None:
    if sandbox == "none":
        console.print(
            "Warning: without a sandbox the student's code can do all that you can.",
            style="yellow",
        )


def rubric_with_limits(path: Path, limits: Sequence[tuple[str, float]]) -> Rubric:
    """The rubric of that file, some limits changed. Raises ``RubricError``."""
    rubric = load_rubric(path)
    changed: dict[str, Any] = {LIMITS[name][0]: _amount(name, amount) for name, amount in limits}
    return replace(rubric, limits=replace(rubric.limits, **changed))


def _amount(name: str, amount: float) -> float | int:
    unit = LIMITS[name][1]
    return amount if name.endswith("seconds") else int(amount * unit)
