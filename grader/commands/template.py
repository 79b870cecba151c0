"""``template``: builds and checks the files that students get."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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

if TYPE_CHECKING:
    from grader.kit.given import Finding

NOT_FINE = 1


@click.group("template")
def template_command() -> None:
    """Builds and checks the files for students."""


@template_command.command("build")
@click.option(
    "--out",
    "--output",
    "output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Write into this folder. The default is the current one.",
)
@click.option("--gradescope", is_flag=True, help="Also write the autograder bundle for Gradescope.")
def build_command(output: Path, gradescope: bool) -> None:
    """Builds Assignment2.tar.gz.

    It holds the notebooks, CollectSubmission.sh and selfcheck.pyz.
    """
    from grader.gradescope.bundle import build_bundle
    from grader.kit.build import build_kit

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
    """Checks the files that students get.

    FOLDER holds the notebooks and may hold a CollectSubmission.sh. The default is the template of
    this project. Prints one line for each check. Takes a minute or two. Exit code 0 if all pass, 1
    if one fails.
    """
    from grader.kit.given import look
    from grader.kit.proof import prove
    from grader.pipeline import Options

    console = Console(stderr=True)
    warn_of_no_sandbox(sandbox, console)
    options = Options(rubric_with_limits(rubric, ()), choose_sandbox(sandbox), seed=seed)
    with console.status("reading") as status:
        found = [show(finding) for finding in look(folder)]
        readable = all(f.passed for f in found if f.name.startswith("valid"))
        if readable:
            found += [show(finding) for finding in prove(folder, options, status.update)]
    if not all(finding.passed for finding in found):
        sys.exit(NOT_FINE)


def show(finding: "Finding") -> "Finding":
    """Prints its line."""
    mark, style = ("✓", "green") if finding.passed else ("✗", "red")
    line = Text.assemble((mark, style), f" {finding.name}: {finding.sentence}")
    Console().print(line, soft_wrap=True)
    return finding
