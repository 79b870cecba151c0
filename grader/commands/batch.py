"""``batch``, ``export`` and ``correct``: a whole class."""

import os
import sys
from pathlib import Path
from typing import Literal

import click
from rich.console import Console

from grader.commands.options import (
    LIMITS,
    FileOrNone,
    Limit,
    by_name,
    sandbox_option,
    warn_of_no_sandbox,
)

STOPPED = 130  # as a shell says for Ctrl-C


@click.command("batch")
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
    type=FileOrNone(),
    metavar="FILE|none",
    help="The class as CSV or .xlsx, or the gradebook that Canvas exports; names who is missing. "
    "Its column 'submitted' tells who is late, its column 'deadline' who was given other time.",
)
@click.option(
    "--deadline",
    metavar="ISO|none",
    help="Such as 2026-05-01T23:59, to the end of that minute; Korean time if it names no zone.",
)
@click.option(
    "--rerun",
    metavar="ID|failed|all",
    help="Grade again: one student, what failed by a fault of the grader's (as is done without "
    "being asked), or everything.",
)
@click.option(
    "--rubric",
    type=FileOrNone(),
    metavar="FILE|none",
    show_default="assignment2.toml",
    help="Points and limits.",
)
@click.option(
    "--run",
    type=click.Choice(["definitions", "everything"]),
    show_default="definitions",
    help="Which cells run: what the four graded definitions need, or the whole notebook.",
)
@sandbox_option
@click.option(
    "--resample/--no-resample",
    default=None,
    show_default="no-resample",
    help="Where the notebook shows no hundred samples, draw them from its checkpoint: slow.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    show_default="drawn at the first run, and kept",
    help="Decides the hidden inputs; the same seed gives the same result. Keep it secret.",
)
@click.option(
    "--limit",
    "limits",
    type=Limit(forgets=True),
    multiple=True,
    help=f"Overrides one of the rubric's limits: {', '.join(LIMITS)}.",
)
def batch_command(
    paths: tuple[Path, ...],
    grades: Path,
    jobs: int,
    scheduler: str | None,
    roster: Path | None,
    deadline: str | None,
    rerun: str | None,
    rubric: Path | None,
    run: Literal["definitions", "everything"] | None,
    sandbox: Literal["auto", "bubblewrap", "none"],
    resample: bool | None,
    seed: int | None,
    limits: tuple[tuple[str, float], ...],
) -> None:
    """Grades a class: archives, folders of them, or Canvas's submissions.zip.

    The same command again goes on where the last one stopped, and grades again what failed by a
    fault of the grader's. The roster, deadline, rubric, limits, seed and choice of cells are
    remembered in GRADES: they count until others are given; with the word none they are dropped.
    """
    from grader.batch.command import run_batch
    from grader.batch.remember import Asked

    console = Console(stderr=True)
    warn_of_no_sandbox(sandbox, console)
    changed = by_name(limits) if limits else None
    asked = Asked(rubric, roster, deadline, changed, seed, run, resample, sandbox)
    if not run_batch(paths, grades, asked, jobs, scheduler, rerun, console):
        sys.exit(STOPPED)


@click.command("export")
@click.argument("grades", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--to",
    type=click.Choice(
        ["csv", "canvas", "gradescope", "feedback", "gallery", "decisions", "requests"]
    ),
    required=True,
    help="The form: a plain CSV, Canvas's gradebook, results.json files for Gradescope, the pages "
    "as a zip for Canvas's upload of submissions, the class's own pictures on one page, what "
    "people decided, or their answers to regrade requests.",
)
@click.option(
    "--output",
    metavar="PATH|-",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Where to; - is stdout. GRADES/export/ by default.",
)
@click.option(
    "--gradebook",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For canvas: the gradebook that you exported there as CSV; it is filled in.",
)
@click.option(
    "--assignment",
    metavar="TITLE|NUMBER",
    help="For canvas: the column to fill in; by default the one that is called as the rubric is.",
)
@click.option(
    "--consent",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For gallery: a file with the ids of the students who agreed to be shown.",
)
@click.option("--names", is_flag=True, help="For gallery: with names instead of anonymously.")
@click.option(
    "--provisional", is_flag=True, help="For feedback: also where a person must still look."
)
@click.option(
    "--all",
    "everybody",
    is_flag=True,
    help="For feedback: also the pages that say nothing new since the last export.",
)
def export_command(
    grades: Path,
    to: str,
    output: Path | None,
    gradebook: Path | None,
    assignment: str | None,
    consent: Path | None,
    names: bool,
    provisional: bool,
    everybody: bool,
) -> None:
    """Writes the GRADES of a batch as CSV, for Canvas or Gradescope, each student's page as a
    comment for Canvas, the class's own pictures of
    notebook 2-2 on one page, or what people decided and answered."""
    from grader.report.export import Wanted, export

    wanted = Wanted(gradebook, assignment, consent, names, provisional, everybody)
    text, lines = export(grades, to, output, wanted)
    for line in lines:
        click.echo(line, err=True)
    if text is not None:
        click.echo(text, nl=False)


@click.command("correct")
@click.argument("grades", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("student", required=False)
@click.argument("target", metavar="[ITEM|CHECK]", required=False)
@click.argument("points", type=float, required=False)
@click.option("--accept", is_flag=True, help="What is in doubt there keeps the points it has.")
@click.option("--comment", default="", help="Why; the student reads it, too.")
@click.option("--who", help="Who decides; your login name by default.")
@click.option("--withdraw", is_flag=True, help="Back to the automatic points.")
@click.option(
    "--from",
    "table",
    metavar="CSV",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Takes over every decision of a table, as export --to decisions writes it.",
)
def correct_command(
    grades: Path,
    student: str | None,
    target: str | None,
    points: float | None,
    accept: bool,
    comment: str,
    who: str | None,
    withdraw: bool,
    table: Path | None,
) -> None:
    """Gives STUDENT other POINTS for an ITEM or a CHECK; they win over every automatic result.

    STUDENT is the folder's name, a name of the class list or the end of an id, where only one has
    it. Also a student who handed in nothing can be given points.
    """
    from grader.batch.correct import correct, correct_from

    if table is not None:
        if student is not None or accept or withdraw or comment:
            raise click.UsageError("--from takes everything from the table")
        for line in correct_from(grades, table, who):
            click.echo(line)
        return
    if student is None or target is None:
        raise click.UsageError("give STUDENT and ITEM or CHECK, or --from CSV")
    if (points is not None) + accept + withdraw != 1:
        raise click.UsageError("give one of POINTS, --accept and --withdraw")
    click.echo(correct(grades, student, target, points, comment, who, accept=accept))
