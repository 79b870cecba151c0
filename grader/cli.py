"""The command line: parses, calls the pipeline, prints. Exit codes:

0 a result was produced, whatever the score; 1 a fault of the grader's own; 2 wrong usage or an
input that is not there; 3 the sandbox that was asked for is not to be had.
"""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.console import Console

from grader.errors import GraderError, Rejected, RubricError, SandboxUnavailable
from grader.paths import RUBRIC_DIR
from grader.report.terminal import print_clarity, print_result
from grader.results import Result, clarity_json, to_json
from grader.rubric import load_rubric
from grader.sandbox import Limits, choose_sandbox
from grader.sandbox.text import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

    from grader.digits.clarity import Clarity
    from grader.text_to_image.works import Works

DEFAULT_RUBRIC = RUBRIC_DIR / "assignment2.toml"
OVERLAY, SHEET = "clarity.png", "text_to_image.png"
LIMITS = {
    "cell-seconds": ("cell_seconds", 1),
    "probe-seconds": ("probe_seconds", 1),
    "submission-seconds": ("submission_seconds", 1),
    "memory-mebibytes": ("memory_bytes", 2**20),
    "processes": ("processes", 1),
    "file-mebibytes": ("file_bytes", 2**20),
    "output-mebibytes": ("output_bytes", 2**20),
}


class Limit(click.ParamType[tuple[str, float]]):
    """``NAME=NUMBER``, as a pair."""

    name = "NAME=NUMBER"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        name, _, number = str(value).partition("=")
        if name not in LIMITS:
            self.fail(f"{name!r} is no limit; there are {', '.join(LIMITS)}", param, ctx)
        try:
            amount = float(number)
        except ValueError:
            amount = 0.0
        if not 0 < amount < 1e9:
            self.fail(f"{number!r} is not a number above 0", param, ctx)
        return name, amount


json_option = click.option(
    "--json", "json_file", metavar="FILE|-", help="Write the result as JSON; - is stdout."
)
sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(["auto", "bubblewrap", "none"]),
    default="auto",
    show_default=True,
    help="The walls round what a student sent; none gives it everything that you may do.",
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
@click.option(
    "--rubric",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=DEFAULT_RUBRIC,
    show_default="assignment2.toml",
    help="Points and limits.",
)
@click.option(
    "--run",
    type=click.Choice(["definitions", "everything"]),
    default="definitions",
    show_default=True,
    help="Which cells run: what the four graded definitions need, or the whole notebook.",
)
@sandbox_option
@click.option(
    "--resample",
    is_flag=True,
    help="Where the notebook shows no hundred samples, draw them from its checkpoint: slow.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--limit",
    "limits",
    type=Limit(),
    multiple=True,
    help=f"Overrides one of the rubric's limits: {', '.join(LIMITS)}.",
)
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
    if sandbox == "none":
        errors.print(
            "Warning: without a sandbox the student's code can do all that you can.",
            style="yellow",
        )
    loaded = load_rubric(rubric)
    changed: dict[str, Any] = {LIMITS[name][0]: _amount(name, amount) for name, amount in limits}
    loaded = replace(loaded, limits=replace(loaded.limits, **changed))
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


def _amount(name: str, amount: float) -> float | int:
    unit = LIMITS[name][1]
    return amount if name.endswith("seconds") else int(amount * unit)


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
    except RubricError as error:
        code, text = 2, str(error)
    except GraderError as error:
        code, text = 1, str(error)
    Console(stderr=True).print(f"Error: {text}", style="red", markup=False, highlight=False)
    sys.exit(code)
