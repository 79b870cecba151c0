"""``rubric``: shows the rubric and checks a changed one."""

import sys
from pathlib import Path

import click

from grader.errors import RubricError
from grader.paths import DEFAULT_RUBRIC
from grader.rubric import Rubric, load_rubric

NOT_FINE = 1


@click.group("rubric")
def rubric_command() -> None:
    """Shows the rubric or checks a changed one."""


@rubric_command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_command(file: Path) -> None:
    """Checks a rubric.

    Exit code 0 if FILE is a valid rubric, 1 if it is not.
    """
    try:
        rubric = load_rubric(file)
    except RubricError as error:
        click.echo(str(error), err=True)
        sys.exit(NOT_FINE)
    click.echo(f"{file} is a valid rubric: {told(rubric)}.")


@rubric_command.command("show")
def show_command() -> None:
    """Prints the default rubric as TOML.

    To change it, start from a copy: ddpm-grader rubric show > mine.toml
    """
    click.echo(DEFAULT_RUBRIC.read_text("utf-8"), nl=False)


def told(rubric: Rubric) -> str:
    """The rubric in one line."""
    count = len(rubric.items)
    late = rubric.late
    rule = "no deduction for being late"
    if late.percent_per_day:
        rule = f"each day late costs {late.percent_per_day:g} %, at most {late.most_percent:g} %"
    return f"{count} item{'s' if count != 1 else ''}, {rubric.max_points:g} points; {rule}"
