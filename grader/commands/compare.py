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
    help="A reason for which grades may change; may be given several times.",
)
def compare_command(old: Path, new: Path, permitted: tuple[str, ...]) -> None:
    """Says whose grade changed from OLD to NEW, by how much, in which check, and why.

    OLD and NEW are folders of grades, or journals. It ends with 1 if a grade changed for a reason
    that no --allow names: so a frozen class holds the grader to its verdicts.
    """
    from grader.batch.compare import compare

    lines, is_permitted = compare(old, new, permitted)
    for line in lines:
        click.echo(clean(line))
    if not is_permitted:
        sys.exit(1)
