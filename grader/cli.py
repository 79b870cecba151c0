"""The command line: parses, calls the pipeline, prints. Exit codes:

0 a result was produced, whatever the score; 1 a fault of the grader; 2 wrong usage or a missing
input; 3 the requested sandbox is unavailable; 130 stopped by Ctrl-C or SIGTERM.
``template check``, ``rubric check`` and ``compare`` also end with 1 if a check fails.
"""

import importlib
import sys
from typing import NamedTuple

import click

from grader.errors import STOPPED, GraderError, RubricError, SandboxUnavailable, UsageError


class Listed(NamedTuple):
    """A command that is imported once it is wanted: where it is, and its line in the help."""

    module: str
    attribute: str
    line: str


COMMANDS = {
    "grade": Listed("grade", "grade_command", "Grades one submission."),
    "batch": Listed("batch", "batch_command", "Grades a whole class."),
    "review": Listed("review", "review_command", "Opens a local page where TAs settle doubts."),
    "correct": Listed("batch", "correct_command", "Changes the points of one student."),
    "export": Listed("batch", "export_command", "Exports grades to Canvas, Gradescope or CSV."),
    "compare": Listed("compare", "compare_command", "Shows whose grades changed, and why."),
    "clarity": Listed("grade", "clarity_command", "Counts the clear digits in a figure."),
    "rubric": Listed("rubric", "rubric_command", "Shows the rubric or checks a changed one."),
    "template": Listed("template", "template_command", "Builds and checks the files for students."),
}


class Commands(click.Group):
    """Imports only the command that is wanted: all of them together take a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        listed = COMMANDS[cmd_name]
        module = importlib.import_module(f"grader.commands.{listed.module}")
        command: click.Command = getattr(module, listed.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with its line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.line) for name, listed in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ddpm-grader")
def cli() -> None:
    """Grades the diffusion-model assignment.

    Exit codes: 0 a result was produced, whatever the score; 1 a fault of the grader, or a failed
    check of template check, rubric check and compare; 2 wrong usage or a missing input; 3 the
    requested sandbox is unavailable; 130 stopped.
    """


def main(arguments: list[str] | None = None) -> None:
    """The command ``ddpm-grader``. Every error for people is one line."""
    try:
        sys.exit(cli.main(arguments, prog_name="ddpm-grader", standalone_mode=False) or 0)
    except click.UsageError as error:
        if error.ctx is not None and error.message == error.ctx.get_help():  # nothing was typed
            click.echo(error.message, err=True)
            sys.exit(error.exit_code)
        code, text = error.exit_code, usage_text(error)
    except click.ClickException as error:
        code, text = error.exit_code, error.format_message()
    except click.Abort:
        code, text = STOPPED, "Stopped."
    except SandboxUnavailable as error:
        code, text = 3, str(error)
    except (RubricError, UsageError) as error:
        code, text = 2, str(error)
    except GraderError as error:
        code, text = 1, str(error)
    except OSError as error:  # of a disk or a folder; everything else is a fault to be traced
        where = f" ({error.filename})" if error.filename else ""
        code, text = 1, f"{error.strerror or error}{where}"
    # a moment later, as they take longer to import than --help may
    from rich.console import Console

    from grader.sandbox.text import clean

    text = " ".join(clean(text).split())  # a student may have named the file
    console = Console(stderr=True)  # soft_wrap: one line, also in a log that is 80 letters wide
    console.print(f"Error: {text}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


def usage_text(error: click.UsageError) -> str:
    """The mistake in the command, and the help to read."""
    command = error.ctx.command_path if error.ctx is not None else "ddpm-grader"
    text = " ".join(error.format_message().split()).rstrip(".")
    return f"{text}. See {command} --help."
