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
    grades_argument,
    sandbox_option,
    warn_of_no_sandbox,
)
from grader.errors import STOPPED


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
    "--output",
    "grades",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the journal, the pages and each student's result.json into this folder.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="number of cores",
    help="Grade this many submissions at the same time on this machine.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Grade on the workers of this Dask scheduler (tcp://...) instead of this machine.",
)
@click.option(
    "--roster",
    type=FileOrNone(),
    metavar="FILE|none",
    help="The class list: CSV, .xlsx or a gradebook exported from Canvas. Students without a "
    "submission are listed as missing. The column 'submitted' decides who is late, the column "
    "'deadline' gives single students other time.",
)
@click.option(
    "--deadline",
    metavar="ISO|none",
    help="For example 2026-05-01T23:59. That minute still counts as on time. Korean time unless "
    "it has a time zone.",
)
@click.option(
    "--rerun",
    metavar="ID|failed|all",
    help="Grade again: one student, everything, or what failed through a fault of the grader "
    "(this happens in every run).",
)
@click.option(
    "--rubric",
    type=FileOrNone(),
    metavar="FILE|none",
    show_default="assignment2.toml",
    help="Points and limits, as TOML.",
)
@click.option(
    "--run",
    type=click.Choice(["definitions", "everything"]),
    show_default="definitions",
    help="Which cells run: those that the four graded definitions need, or all of them.",
)
@sandbox_option
@click.option(
    "--resample/--no-resample",
    default=None,
    show_default="no-resample",
    help="If the notebook shows no figure of 100 samples, generate them from its checkpoint. Slow.",
)
@click.option(
    "--lang",
    type=click.Choice(["en", "ko", "both"]),
    show_default="en",
    help="The language of the students' pages, also in exports to feedback, Gradescope and "
    "gallery. With both, each message stands in Korean and in English.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    show_default="drawn at the first run",
    help="Selects the hidden inputs. The same seed gives the same result. Keep it secret.",
)
@click.option(
    "--limit",
    "limits",
    type=Limit(forgets=True),
    multiple=True,
    help=f"Override one limit of the rubric: {', '.join(LIMITS)}. Can be given several times.",
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
    lang: Literal["en", "ko", "both"] | None,
    seed: int | None,
    limits: tuple[tuple[str, float], ...],
) -> None:
    """Grades a whole class.

    PATH is an archive, a folder of archives, or the submissions.zip of Canvas.

    Run the same command again to continue after an interruption. It also grades again what failed
    through a fault of the grader. The folder remembers the roster, deadline, rubric, limits, seed,
    --run, --resample and --lang until you give others. The word none forgets one of the first four.
    """
    from grader.batch.remember import Asked
    from grader.commands.run_batch import run_batch

    console = Console(stderr=True)
    warn_of_no_sandbox(sandbox, console)
    changed = by_name(limits) if limits else None
    asked = Asked(rubric, roster, deadline, changed, seed, run, resample, lang, sandbox)
    if not run_batch(paths, grades, asked, jobs, scheduler, rerun, console):
        sys.exit(STOPPED)


@click.command("export")
@grades_argument
@click.option(
    "--to",
    type=click.Choice(
        ["csv", "canvas", "gradescope", "feedback", "gallery", "decisions", "requests"]
    ),
    required=True,
    help="What to write: a plain CSV, the gradebook of Canvas, results.json files for Gradescope, "
    "a zip of the students' pages for Canvas's upload of submissions, a page with the students' "
    "own pictures, the decisions of TAs, or their answers to regrade requests.",
)
@click.option(
    "--out",
    "--output",
    "output",
    metavar="PATH|-",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Write to this path; - is stdout. The default is GRADES/export/.",
)
@click.option(
    "--gradebook",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For canvas: the gradebook that you exported as CSV. Its scores are filled in.",
)
@click.option(
    "--assignment",
    metavar="TITLE|NUMBER",
    help="For canvas: the column to fill in. The default is the column with the rubric's title.",
)
@click.option(
    "--consent",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For gallery: a file with the ids of the students who agree to be shown.",
)
@click.option("--names", is_flag=True, help="For gallery: show names. The default is anonymous.")
@click.option(
    "--provisional", is_flag=True, help="For feedback: also students whose score is provisional."
)
@click.option(
    "--all",
    "everybody",
    is_flag=True,
    help="For feedback: also pages that did not change since the last export.",
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
    """Exports grades to Canvas, Gradescope or CSV.

    GRADES is the folder that batch wrote. It can also export each student's page as a comment in
    Canvas, a page of pictures, the decisions of TAs and their answers to regrade requests.
    """
    from grader.commands.export import Wanted, export

    wanted = Wanted(gradebook, assignment, consent, names, provisional, everybody)
    text, lines = export(grades, to, output, wanted)
    for line in lines:
        click.echo(line, err=True)
    if text is not None:
        click.echo(text, nl=False)


@click.command("correct")
@grades_argument
@click.argument("student", required=False)
@click.argument("target", metavar="[ITEM|CHECK]", required=False)
@click.argument("points", type=float, required=False)
@click.option(
    "--accept", is_flag=True, help="Settle the doubt: the provisional points become final."
)
@click.option("--comment", default="", help="The reason. The student sees it.")
@click.option("--who", help="The name of the TA who decides. The default is your login name.")
@click.option(
    "--withdraw", is_flag=True, help="Remove the decision. The automatic points count again."
)
@click.option(
    "--from",
    "table",
    metavar="CSV",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Apply every decision of a table that export --to decisions wrote.",
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
    """Changes the points of one student.

    STUDENT is an id, the end of an id, a name of the roster, or the name of the student's folder.
    It must mean one student only. POINTS count for the ITEM or CHECK instead of the automatic ones,
    also after later runs. A student without a submission can get points, too.
    """
    from grader.commands.correct import correct, correct_from

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
