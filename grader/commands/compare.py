"""``compare``: whose grade changed, and why."""

import sys
from pathlib import Path

import click

from grader.sandbox.text import clean


@click.command("compare")
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--allow",
    "permitted",
    multiple=True,
    type=click.Choice(["rubric", "grader", "file", "correction", "late"]),
    help="Grades may change for this reason. Repeat the option for several.",
)
def compare_command(old: Path, new: Path, permitted: tuple[str, ...]) -> None:
    """Shows whose grades changed, and why.

    OLD and NEW are folders that batch wrote, or their journals. The exit code is 1 if a grade
    changed for a reason that no --allow names, so a course's CI can hold a frozen class to its
    verdicts.
    """
    from grader.batch.compare import compare

    lines, is_permitted = compare(old, new, permitted)
    for line in lines:
        click.echo(clean(line))
    if not is_permitted:
        sys.exit(1)
