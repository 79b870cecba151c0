"""``template``: builds what students are given, and proves it."""

import sys
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.text import Text

from grader.commands.options import (
    rubric_option,
    rubric_with_limits,
    sandbox_option,
    seed_option,
    warn_of_no_sandbox,
)
from grader.paths import TEMPLATE_DIR
from grader.sandbox import choose_sandbox

NOT_FINE = 1


@click.group("template")
def template_command() -> None:
    """What students are given: builds it, and proves that it can be solved."""


@template_command.command("build")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to write into; the current one by default.",
)
@click.option(
    "--gradescope", is_flag=True, help="Write the autograder bundle for Gradescope as well."
)
def build_command(output: Path, gradescope: bool) -> None:
    """Writes Assignment2.tar.gz: notebooks, CollectSubmission.sh and selfcheck.pyz."""
    from grader.kit.build import build_kit
    from grader.kit.gradescope import build_bundle

    click.echo(build_kit(output))
    if gradescope:
        click.echo(build_bundle(output))


@template_command.command("check")
@click.argument(
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=TEMPLATE_DIR,
    required=False,
)
@rubric_option
@sandbox_option
@seed_option
def check_command(
    folder: Path,
    rubric: Path,
    sandbox: Literal["auto", "bubblewrap", "none"],
    seed: int,
) -> None:
    """Proves the notebooks in FOLDER, the project's own by default; takes a minute or two.

    Exit code 1 if a check fails.
    """
    from grader.kit.given import look
    from grader.kit.proof import prove
    from grader.pipeline import Options

    console = Console(stderr=True)
    warn_of_no_sandbox(sandbox, console)
    options = Options(rubric_with_limits(rubric, ()), choose_sandbox(sandbox), seed=seed)
    fine = True
    with console.status("reading") as status:
        readable = True
        for found in look(folder):
            show(found.name, found.problem)
            fine &= not found.problem
            readable &= not (found.problem and found.name.startswith("valid"))
        if readable:
            for found in prove(folder, options, status.update):
                show(found.name, found.problem)
                fine &= not found.problem
    if not fine:
        sys.exit(NOT_FINE)


def show(name: str, problem: str) -> None:
    mark, style = ("✗", "red") if problem else ("✓", "green")
    Console().print(Text.assemble((mark, style), f" {name}{': ' if problem else ''}{problem}"))
