"""The command line: parses, calls the pipeline, prints. Exit codes:

0 a result was produced, whatever the score; 1 a fault of the grader's own; 2 wrong usage or an
input that is not there; 3 the sandbox that was asked for is not to be had; 130 stopped by Ctrl-C.
"""

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.console import Console

from grader.errors import GraderError, Rejected, RubricError, SandboxUnavailable, UsageError
from grader.options import (
    limit_option,
    resample_option,
    rubric_option,
    rubric_with_limits,
    run_option,
    sandbox_option,
    seed_option,
    warn_of_no_sandbox,
)
from grader.report.terminal import print_clarity, print_result
from grader.results import Result, clarity_json, to_json
from grader.sandbox import Limits, choose_sandbox
from grader.sandbox.text import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

    from grader.digits.clarity import Clarity
    from grader.text_to_image.works import Works

OVERLAY, SHEET = "clarity.png", "text_to_image.png"
STOPPED = 130  # as a shell says for Ctrl-C
json_option = click.option(
    "--json", "json_file", metavar="FILE|-", help="Write the result as JSON; - is stdout."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ddpm-grader")
def cli() -> None:
    """Grades the diffusion-model assignment."""


@cli.command("grade")
@click.argument("submission", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write result.json, clarity.png and text_to_image.png into this folder.",
)
@json_option
@rubric_option
@run_option
@sandbox_option
@resample_option
@seed_option
@limit_option
def grade_command(
    submission: Path,
    out: Path | None,
    json_file: str | None,
    rubric: Path,
    run: Literal["definitions", "everything"],
    sandbox: Literal["auto", "bubblewrap", "none"],
    resample: bool,
    seed: int,
    limits: tuple[tuple[str, float], ...],
) -> None:
    """Grades one SUBMISSION, a .tar.gz or an unpacked folder."""
    errors = Console(stderr=True)
    warn_of_no_sandbox(sandbox, errors)
    loaded = rubric_with_limits(rubric, limits)
    chosen = choose_sandbox(sandbox)
    from grader.pipeline import Options, grade  # a while, in which the warm parent imports torch

    options = Options(loaded, chosen, run, seed, resample)
    with errors.status("starting") as status:
        result = grade(submission, options, status.update)
    report(result, out, json_file)


@cli.command("clarity")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--labels",
    type=click.Choice(["columns", "none"]),
    default="columns",
    show_default=True,
    help="Whether a tile must show the digit of its column, or any.",
)
@json_option
@click.option(
    "--overlay",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a PNG that shows every tile, and how it was read.",
)
@sandbox_option
def clarity_command(
    file: Path,
    labels: Literal["columns", "none"],
    json_file: str | None,
    overlay: Path | None,
    sandbox: Literal["auto", "bubblewrap", "none"],
) -> None:
    """Counts the clear digits of FILE, a picture of samples or a notebook that shows one.

    Of a notebook it is the last figure with a hundred tiles that counts.
    """
    chosen = choose_sandbox(sandbox)
    from grader.digits.choose import find_in_picture, find_samples
    from grader.digits.decode import decoding_session
    from grader.digits.pictures import Picture
    from grader.intake import read_notebook

    with decoding_session(chosen, Limits()) as session:
        if file.suffix.lower() == ".ipynb":
            try:
                found = find_samples(session, read_notebook(file), None, labels)
            except Rejected as error:
                raise click.UsageError(str(error)) from None
        else:
            found = find_in_picture(
                session, Picture(file.read_bytes(), one_line(file.name)), labels
            )
    print_clarity(found.clarity, found.seen, Console(stderr=json_file == "-"))
    _write_json(clarity_json(found.clarity), json_file)
    if overlay is not None and found.clarity is not None:
        write_overlay(found.clarity, overlay)


@cli.command("batch")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="PATH...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--out",
    "grades",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of grades: journal, pages and result.json of every student.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="number of cores",
    help="Submissions graded at the same time on this machine.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Grade on the workers of this Dask scheduler (tcp://...) instead.",
)
@click.option(
    "--roster",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of the class; names who is missing. Its column 'submitted' tells who is late.",
)
@click.option(
    "--deadline",
    metavar="ISO",
    help="Such as 2026-05-01T23:59; Korean time if it names no zone.",
)
@click.option(
    "--rerun",
    metavar="ID|failed|all",
    help="Grade again: one student, what failed by a fault of the grader's, or everything.",
)
@rubric_option
@run_option
@sandbox_option
@resample_option
@seed_option
@limit_option
def batch_command(
    paths: tuple[Path, ...],
    grades: Path,
    jobs: int,
    scheduler: str | None,
    roster: Path | None,
    deadline: str | None,
    rerun: str | None,
    rubric: Path,
    run: Literal["definitions", "everything"],
    sandbox: Literal["auto", "bubblewrap", "none"],
    resample: bool,
    seed: int,
    limits: tuple[tuple[str, float], ...],
) -> None:
    """Grades a class: tarballs, folders of them, or Canvas's submissions.zip.

    The same command again goes on where the last one stopped.
    """
    from grader.batch.command import run_batch
    from grader.batch.work import Task
    from grader.lateness import parse_moment

    console = Console(stderr=True)
    warn_of_no_sandbox(sandbox, console)
    task = Task(rubric_with_limits(rubric, limits), sandbox, run, seed, resample)
    moment = parse_moment(deadline) if deadline else None
    done = run_batch(paths, grades, task, jobs, scheduler, roster, moment, rerun, console)
    if not done:
        sys.exit(STOPPED)


@cli.command("export")
@click.argument("grades", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", type=click.Choice(["csv", "canvas", "gradescope", "gallery"]), required=True)
@click.option(
    "--output",
    metavar="PATH|-",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Where to; - is stdout. GRADES/export/ by default.",
)
@click.option(
    "--gradebook",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For canvas: the gradebook that you exported there; it is filled in.",
)
@click.option("--assignment", metavar="TITLE|NUMBER", help="For canvas: the column to fill in.")
@click.option(
    "--consent",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For gallery: a file with the ids of the students who agreed to be shown.",
)
@click.option("--names", is_flag=True, help="For gallery: with names instead of anonymously.")
def export_command(
    grades: Path,
    to: str,
    output: Path | None,
    gradebook: Path | None,
    assignment: str | None,
    consent: Path | None,
    names: bool,
) -> None:
    """Writes the GRADES of a batch as CSV, for Canvas or Gradescope, or the class's own pictures
    of notebook 2-2 on one page."""
    from grader.report.export import Wanted, export

    text, lines = export(grades, to, output, Wanted(gradebook, assignment, consent, names))
    for line in lines:
        click.echo(line, err=True)
    if text is not None:
        click.echo(text, nl=False)


@cli.command("correct")
@click.argument("grades", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("student")
@click.argument("item")
@click.argument("points", type=float, required=False)
@click.option("--comment", default="", help="Why; the student reads it, too.")
@click.option("--who", help="Who corrects; your login name by default.")
@click.option("--withdraw", is_flag=True, help="Back to the automatic points.")
def correct_command(
    grades: Path,
    student: str,
    item: str,
    points: float | None,
    comment: str,
    who: str | None,
    withdraw: bool,
) -> None:
    """Gives STUDENT other POINTS for an ITEM; they win over every automatic result."""
    from grader.batch.command import correct

    if withdraw == (points is not None):
        raise click.UsageError("give either POINTS or --withdraw")
    click.echo(correct(grades, student, item, points, comment, who))


def report(result: Result, out: Path | None, json_file: str | None) -> None:
    """The table for people and the JSON for machines; only one of them goes to stdout."""
    print_result(result, Console(stderr=json_file == "-"))
    _write_json(to_json(result), json_file)
    if out is not None:
        _write_json(to_json(result), str(out / "result.json"))
        if result.clarity is not None:
            write_overlay(result.clarity, out / OVERLAY)
        if result.works is not None and result.works.own:
            write_sheet(result.works, out / SHEET)


def _write_json(content: dict[str, Any], file: str | None) -> None:
    """Into the file; on stdout if it is "-"."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    if file == "-":
        click.echo(text, nl=False)
    elif file is not None:
        _write(Path(file), text.encode())


def write_overlay(clarity: "Clarity", path: Path) -> None:
    """The picture of what was read, as PNG."""
    from grader.digits.overlay import draw_overlay

    _write_png(draw_overlay(clarity), path)


def write_sheet(works: "Works", path: Path) -> None:
    """The pictures of notebook 2-2 with what was asked, as PNG."""
    from grader.text_to_image.sheet import draw_sheet

    _write_png(draw_sheet(works), path)


def _write_png(picture: "Image", path: Path) -> None:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    _write(path, buffer.getvalue())


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from None


def main(arguments: list[str] | None = None) -> None:
    """The command ``ddpm-grader``; turns errors written for people into one line."""
    try:
        sys.exit(cli.main(arguments, prog_name="ddpm-grader", standalone_mode=True))
    except SandboxUnavailable as error:
        code, text = 3, str(error)
    except (RubricError, UsageError) as error:
        code, text = 2, str(error)
    except GraderError as error:
        code, text = 1, str(error)
    Console(stderr=True).print(f"Error: {text}", style="red", markup=False, highlight=False)
    sys.exit(code)
