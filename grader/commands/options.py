"""Options that several commands share, and what they mean."""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from grader.paths import DEFAULT_RUBRIC

if TYPE_CHECKING:
    from grader.rubric import Rubric

LIMITS = (
    "cell-seconds",
    "probe-seconds",
    "submission-seconds",
    "memory-mebibytes",
    "processes",
    "file-mebibytes",
    "output-mebibytes",
)
NONE = "none"  # in place of an option's value: what is remembered of it is forgotten


grades_argument = click.argument(
    "grades", type=click.Path(exists=True, file_okay=False, path_type=Path)
)

if TYPE_CHECKING:
    Pair = click.ParamType[tuple[str, float]]
else:  # before click 8.4 it takes no type
    Pair = click.ParamType


class Limit(Pair):
    """``NAME=NUMBER``, as a pair; ``none`` if ``forgets``."""

    name = "NAME=NUMBER"

    def __init__(self, *, forgets: bool = False) -> None:
        self.forgets = forgets

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        name, _, number = str(value).partition("=")
        if self.forgets and value == NONE:
            return NONE, 0.0
        if name not in LIMITS:
            close = difflib.get_close_matches(name, LIMITS, 1)
            which = f"did you mean {close[0]}?" if close else f"there are {', '.join(LIMITS)}"
            self.fail(f"{name!r} is no limit ({which})", param, ctx)
        try:
            amount = float(number)
        except ValueError:
            amount = 0.0
        if not 0 < amount < 1e9:
            self.fail(f"{number!r} is not a number above 0", param, ctx)
        if not name.endswith("seconds") and amount < 1:
            self.fail(f"{name} must be at least 1", param, ctx)
        return name, amount


class FileOrNone(click.Path):
    """A file that is there, or the word ``none``."""

    name = "file"

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        return Path(NONE) if str(value) == NONE else super().convert(value, param, ctx)


sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(["auto", "bubblewrap", "none"]),
    default="auto",
    show_default=True,
    help="How student code is confined. With none it can do everything that you can.",
)


rubric_option = click.option(
    "--rubric",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=DEFAULT_RUBRIC,
    show_default="assignment2.toml",
    help="Points and limits, as TOML.",
)
run_option = click.option(
    "--run",
    type=click.Choice(["definitions", "everything"]),
    default="definitions",
    show_default=True,
    help="Which cells run: those that the four graded definitions need, or all of them.",
)
resample_option = click.option(
    "--resample",
    is_flag=True,
    help="If the notebook shows no figure of 100 samples, generate them from its checkpoint. Slow.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Selects the hidden inputs. The same seed gives the same result.",
)
limit_option = click.option(
    "--limit",
    "limits",
    type=Limit(),
    multiple=True,
    help=f"Override one limit of the rubric: {', '.join(LIMITS)}. Can be given several times.",
)


def warn_of_no_sandbox(sandbox: str, console: Console) -> None:
    if sandbox == "none":
        console.print(
            "Warning: without a sandbox the student's code can do everything that you can.",
            style="yellow",
        )


def rubric_with_limits(path: Path, limits: Sequence[tuple[str, float]]) -> "Rubric":
    """The rubric of that file, some limits changed. Raises ``RubricError``."""
    from grader.rubric import load_rubric  # a while

    return load_rubric(path).limited(by_name(limits))


def by_name(limits: Sequence[tuple[str, float]]) -> dict[str, float]:
    """As the rubric names them; none where what is remembered is to be forgotten."""
    return {name.replace("-", "_"): amount for name, amount in limits if name != NONE}
