"""``python -m grader.kit.example``: builds the submission that ``make demo`` grades.

It is packed as a student packs: by ``CollectSubmission.sh``, in a folder with the solved notebooks
and, as far as they were trained, the result folders of ``python -m reference.train``.
"""

import base64
import io
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output
from PIL import Image

from grader.errors import GraderError
from grader.kit.drawing import lighthouses
from grader.kit.fill import (
    DIFFUSION,
    HYPER_PARAMETERS,
    PICTURE,
    TEXT_TO_IMAGE,
    answer,
    read_template,
    solve,
)
from grader.kit.guided import guided
from grader.paths import COLLECT_SCRIPT

PACKED_AT = (
    1_700_000_000  # one moment for every file, so that the same input packs to the same bytes
)


def build(
    target: Path,
    results: Path | None = None,
    samples: Path | None = None,
    drawn: bool = False,
    thin: bool = False,
) -> list[str]:
    """Writes ``target`` (``<student id>.tar.gz``); returns what the collect script warned about.

    ``results`` holds ``results_*`` folders, of which only the final files are packed; notebook 2-1
    then shows the recipe that one of them was trained with. ``samples`` is a PNG file for the
    output that is graded there, the 100 samples. ``drawn``: notebook 2-2 shows a drawing of what
    its prompt asks for, as no model that paints can be run here.
    ``thin``: of each animation a fifth of the pictures in 16 grays, as the repository holds it.

    Raises ``GraderError`` if the name is no student number or packing fails.
    """
    student = target.name.removesuffix(".tar.gz")
    recipe = recipe_of(results)
    diffusion = solve(
        read_template(DIFFUSION),
        hyper_parameters={**HYPER_PARAMETERS, **hyper_parameters_of(recipe)},
    )
    if recipe.get("guidance"):
        diffusion = guided(diffusion, recipe["guidance"])
    text_to_image = painted() if drawn else answer(read_template(TEXT_TO_IMAGE))
    if samples is not None:
        show_picture(diffusion, "num_samples = 100", samples.read_bytes())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, notebook in ((DIFFUSION, diffusion), (TEXT_TO_IMAGE, text_to_image)):
            nbformat.write(notebook, folder / file)
        for trained in sorted(results.glob("results_*")) if results else []:
            shutil.copytree(trained, folder / trained.name)
            if (animation := folder / trained.name / "gif_final.gif").is_file() and thin:
                thin_animation(animation)
        for path in folder.rglob("*"):
            os.utime(path, (PACKED_AT, PACKED_AT))
        command = ["sh", str(COLLECT_SCRIPT.resolve()), student]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise GraderError(done.stderr.splitlines()[0].removeprefix("error: "))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / f"{student}.tar.gz", target)
    return done.stderr.splitlines()


def thin_animation(path: Path, every: int = 5) -> None:
    """Rewrites an animation: the first picture, every fifth and the last, in 16 grays."""
    with Image.open(path) as gif:
        last = getattr(gif, "n_frames", 1) - 1
        kept = [*range(0, last, every), last]
        frames = []
        for number in kept:
            gif.seek(number)
            frames.append(gif.convert("L").quantize(16))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=200, loop=0)


def recipe_of(results: Path | None) -> Mapping[str, Any]:
    """What the first trained setting was trained with; nothing if there is none."""
    for record in sorted(results.glob("results_*/losses.json")) if results else []:
        recipe: Mapping[str, Any] = json.loads(record.read_text("utf-8"))["recipe"]
        return recipe
    return {}


def hyper_parameters_of(recipe: Mapping[str, Any]) -> dict[str, str]:
    """Hyper-parameters for notebook 2-1, as Python text: the recipe's."""
    names = {
        "n_epoch": "epochs",
        "n_T": "n_T",
        "n_feat": "n_feat",
        "lr": "learning_rate",
        "prediction_type": "prediction",
        "schedule": "schedule",
    }
    return {name: repr(recipe[key]) for name, key in names.items()} if recipe else {}


def painted(settings: Mapping[str, str] = PICTURE, palette: str = "black and red") -> NotebookNode:
    """Notebook 2-2 with these answers, and a drawing of a lighthouse as what they made."""
    notebook, file = answer(read_template(TEXT_TO_IMAGE), settings), io.BytesIO()
    lighthouses(palette, int(settings["SEED"])).save(file, "PNG", optimize=True)
    show_picture(notebook, "image_grid(images", file.getvalue())
    return notebook


def show_picture(notebook: NotebookNode, landmark: str, picture: bytes) -> None:
    """Puts a PNG into the outputs of the last code cell that holds ``landmark``."""
    cell = [c for c in notebook.cells if c.cell_type == "code" and landmark in c.source][-1]
    data = {"image/png": base64.b64encode(picture).decode("ascii")}
    cell.outputs = [new_output("display_data", data=data)]


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--results",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with results_* folders; without it the example has none.",
)
@click.option(
    "--samples",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PNG for the output of the 100 samples in 2-1.",
)
@click.option("--drawn", is_flag=True, help="Show a drawing in 2-2 in place of a model's picture.")
@click.option("--thin", is_flag=True, help="Keep a fifth of the animations' pictures.")
def main(target: Path, results: Path | None, samples: Path | None, drawn: bool, thin: bool) -> None:
    """Builds TARGET, for example examples/2023-12345.tar.gz, and says what it lacks."""
    try:
        warnings = build(target, results, samples, drawn, thin)
    except GraderError as error:
        raise click.ClickException(str(error)) from error
    for line in warnings:
        click.echo(line, err=True)
    click.echo(f"wrote {target}, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
