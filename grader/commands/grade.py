"""``grade`` and ``clarity``: one submission or one picture, and what is written of it."""

import io
import json
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.console import Console

from grader.commands.options import (
    limit_option,
    resample_option,
    rubric_option,
    rubric_with_limits,
    run_option,
    sandbox_option,
    seed_option,
    warn_of_no_sandbox,
)
from grader.errors import Rejected, UsageError
from grader.report.terminal import print_clarity, print_result
from grader.results import ClearDigits, Graded
from grader.sandbox import Limits, choose_sandbox
from grader.sandbox.text import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

    from grader.digits.clarity import Clarity
    from grader.text_to_image.works import Works

OVERLAY, SHEET = "clarity.png", "text_to_image.png"
json_option = click.option(
    "--json",
    "json_file",
    metavar="FILE|-",
    help="Write the result as JSON to this file; - is stdout.",
)


@click.command("grade")
@click.argument("submission", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out",
    "--output",
    "out",
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
    """Grades one submission.

    SUBMISSION is a .tar.gz or an unpacked folder. The table shows each item's points and the reason
    for each lost one.
    """
    must_be_one_submission(submission)
    errors = Console(stderr=True)
    warn_of_no_sandbox(sandbox, errors)
    chosen = choose_sandbox(sandbox)
    loaded = rubric_with_limits(rubric, limits)
    from grader.pipeline import Options, grade  # a while, in which the warm parent imports torch

    options = Options(loaded, chosen, run, seed, resample)
    began = time.monotonic()
    with errors.status("starting") as status:
        graded = grade(submission, options, status.update)
    report(graded, out, json_file, time.monotonic() - began)


def must_be_one_submission(path: Path) -> None:
    """Raises ``UsageError`` for what many handed in, which is for ``batch``, and for what has no
    end, such as a pipe."""
    from grader.batch.gather import holds_submissions

    must_be_plain(path)
    if path.suffix.lower() == ".zip" and path.is_file() and holds_submissions(path):
        command = shlex.join(["ddpm-grader", "batch", str(path), "--out", "grades"])
        raise UsageError(f"{path} holds the submissions of a class. Grade them with: {command}")


def must_be_plain(path: Path) -> None:
    if not (path.is_file() or path.is_dir()):
        raise UsageError(f"{path} is no plain file.")


@click.command("clarity")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--labels",
    type=click.Choice(["columns", "none"]),
    default="columns",
    show_default=True,
    help="columns: a tile must show the digit of its column. none: any digit counts.",
)
@json_option
@click.option(
    "--overlay",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a PNG that marks each tile as clear or not.",
)
@sandbox_option
def clarity_command(
    file: Path,
    labels: Literal["columns", "none"],
    json_file: str | None,
    overlay: Path | None,
    sandbox: Literal["auto", "bubblewrap", "none"],
) -> None:
    """Counts the clear digits in a figure.

    FILE is a picture of samples or a notebook. In a notebook the last figure with a hundred tiles
    counts.
    """
    must_be_plain(file)
    chosen = choose_sandbox(sandbox)
    from grader.digits.choose import find_in_picture, find_samples
    from grader.intake import read_notebook
    from grader.pictures.decode import decode, decoding_session
    from grader.pictures.shown import Picture

    with decoding_session(chosen, Limits()) as session:
        if file.suffix.lower() == ".ipynb":
            try:
                found = find_samples(session, read_notebook(file), None, labels)
            except Rejected as error:
                raise UsageError(str(error)) from None
        else:
            data = file.read_bytes()
            decoded = decode(session, data)
            if decoded.pixels is None:
                raise UsageError(f"{file} cannot be read as a picture: {decoded.problem}")
            found = find_in_picture(session, Picture(data, one_line(file.name)), labels)
    print_clarity(found.clarity, found.seen, Console(stderr=json_file == "-"))
    _write_json(ClearDigits.of(found.clarity).to_json(), json_file)
    if overlay is not None and found.clarity is not None:
        write_overlay(found.clarity, overlay)


def report(
    graded: Graded, out: Path | None, json_file: str | None, seconds: float | None = None
) -> None:
    """The table for people and the JSON for machines; only one of them goes to stdout."""
    print_result(graded.result, Console(stderr=json_file == "-"), seconds)
    record, seen = graded.result.to_json(), graded.seen
    _write_json(record, json_file)
    if out is not None:
        _write_json(record, str(out / "result.json"))
        if seen.clarity is not None:
            write_overlay(seen.clarity, out / OVERLAY)
        if seen.works is not None and seen.works.own:
            write_sheet(seen.works, out / SHEET)


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
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
