"""Builds ``autograder.zip`` for Gradescope: the project's sources and the scripts that it runs."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from grader import paths
from grader.errors import UsageError

BUNDLE = "autograder.zip"
SCRIPTS = paths.PACKAGE / "gradescope" / "scripts"
DATE = (2020, 1, 1, 0, 0, 0)
SOURCES = ("grader", "reference", "rubrics", "student_template")
FILES = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "CollectSubmission.sh")
LEFT_OUT = {"__pycache__", "_shipped"}


def build_bundle(output: Path) -> Path:
    """Writes the bundle into ``output`` and returns its path; the same for the same sources.

    Raises ``UsageError`` where the sources are not at hand, as in an installed wheel, or it cannot
    be written.
    """
    root = paths.PACKAGE.parent
    if not (root / "pyproject.toml").is_file():
        raise UsageError("The Gradescope bundle is built in the project's folder only.")
    bundle = output / BUNDLE
    try:
        output.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, path in sorted(members(root)):
                about = zipfile.ZipInfo(name, DATE)
                about.compress_type = zipfile.ZIP_DEFLATED
                mode = 0o755 if path.parent == SCRIPTS or path.suffix == ".sh" else 0o644
                about.external_attr = mode << 16
                packed.writestr(about, path.read_bytes())
    except OSError as error:
        raise UsageError(f"The bundle cannot be built: {error}") from None
    return bundle


def members(root: Path) -> Iterator[tuple[str, Path]]:
    """Every file by its name in the bundle."""
    for script in ("setup.sh", "run_autograder"):
        yield script, SCRIPTS / script
    for name in FILES:
        yield name, root / name
    for folder in SOURCES:
        for path in (root / folder).rglob("*"):
            if path.is_file() and not LEFT_OUT & set(path.relative_to(root).parts):
                yield path.relative_to(root).as_posix(), path
