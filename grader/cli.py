"""The command line: parses, calls the pipeline, prints. Exit codes:

0 a result was produced, whatever the score; 1 a fault of the grader's own; 2 wrong usage or an
input that is not there; 3 the sandbox that was asked for is not to be had; 130 stopped by Ctrl-C
or SIGTERM.
``template check``, ``rubric check`` and ``compare`` also end with 1 if something does not hold.
"""

import sys

import click
from rich.console import Console

from grader.commands.batch import STOPPED, batch_command, correct_command, export_command
from grader.commands.compare import compare_command
from grader.commands.grade import clarity_command, grade_command
from grader.commands.review import review_command
from grader.commands.rubric import rubric_command
from grader.commands.template import template_command
from grader.errors import GraderError, RubricError, SandboxUnavailable, UsageError
from grader.sandbox.text import clean


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ddpm-grader")
def cli() -> None:
    """Grades the diffusion-model assignment."""


for command in (
    *(grade_command, clarity_command, batch_command, export_command, correct_command),
    *(review_command, compare_command),
    *(template_command, rubric_command),
):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """The command ``ddpm-grader``; every error that is written for people is one line."""
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
    text = " ".join(clean(text).split())  # a student may have named the file
    console = Console(stderr=True)  # soft_wrap: one line, also in a log that is 80 letters wide
    console.print(f"Error: {text}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


def usage_text(error: click.UsageError) -> str:
    """What is wrong with what was typed, and where it is explained."""
    command = error.ctx.command_path if error.ctx is not None else "ddpm-grader"
    text = " ".join(error.format_message().split()).rstrip(".")
    return f"{text}. See {command} --help."
