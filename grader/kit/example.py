"""``python -m grader.kit.example``: builds the submission that ``make demo`` grades.

It is packed as a student packs: by ``CollectSubmission.sh``, in a folder with the solved notebooks
and, as far as they were trained, the result folders of ``python -m reference.train``.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import click
import nbformat

from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE, read_template, solve
from grader.paths import COLLECT_SCRIPT


def build(target: Path, results: Path | None) -> list[str]:
    """Writes ``target`` (``<student id>.tar.gz``); returns what the collect script warned about.

    ``results`` holds ``results_*`` folders, of which only the final files are packed.
    Raises ``subprocess.CalledProcessError`` if packing fails.
    """
    student = target.name.removesuffix(".tar.gz")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebooks = {DIFFUSION: solve(read_template(DIFFUSION))}
        notebooks[TEXT_TO_IMAGE] = read_template(TEXT_TO_IMAGE)
        for file, notebook in notebooks.items():
            nbformat.write(notebook, folder / file)  # type: ignore[no-untyped-call]
        for trained in sorted(results.glob("results_*")) if results else []:
            shutil.copytree(trained, folder / trained.name)
        command = ["sh", str(COLLECT_SCRIPT.resolve()), student]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / f"{student}.tar.gz", target)
    return done.stderr.splitlines()


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--results", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(target: Path, results: Path | None) -> None:
    """Builds TARGET, for example examples/2023-12345.tar.gz."""
    for line in build(target, results):
        click.echo(line, err=True)
    click.echo(f"wrote {target}, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
