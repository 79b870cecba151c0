"""``rubric``: shows the rubric, and proves one that was changed."""

import sys
from pathlib import Path

import click

from grader.commands.options import DEFAULT_RUBRIC
from grader.errors import RubricError
from grader.rubric import Rubric, load_rubric

NOT_FINE = 1


@click.group("rubric")
def rubric_command() -> None:
    """Points and limits: shows the rubric, and checks one that you changed."""


@rubric_command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_command(file: Path) -> None:
    """Says whether FILE is a rubric that makes sense. Exit code 0 if it does, 1 if not."""
    try:
        rubric = load_rubric(file)
    except RubricError as error:
        click.echo(str(error), err=True)
        sys.exit(NOT_FINE)
    click.echo(f"{file} is a valid rubric: {told(rubric)}.")


@rubric_command.command("show")
def show_command() -> None:
    """Prints the rubric that is used where no other is given, as TOML.

    Change a copy of it: ddpm-grader rubric show > mine.toml
    """
    click.echo(DEFAULT_RUBRIC.read_text("utf-8"), nl=False)


def told(rubric: Rubric) -> str:
    """What it comes to, in one line."""
    count = len(rubric.items)
    late = rubric.late
    rule = "nothing is deducted for being late"
    if late.percent_per_day:
        rule = (
            f"{late.percent_per_day:g} % are deducted for each day late, "
            f"at most {late.most_percent:g} %"
        )
    return f"{count} item{'s' if count != 1 else ''}, {rubric.max_points:g} points; {rule}"
