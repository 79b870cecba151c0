"""Packs ``selfcheck.pyz``: the grader's checks in one file, without the reference and its answers.

Reproducible byte for byte: the same sources give the same file.
"""

import io
import os
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from grader import paths
from grader.kit.catalogue import compiled
from grader.kit.record import answers

INTERPRETER = b"#!/usr/bin/env python3\n"
DATE = (2020, 1, 1, 0, 0, 0)  # of every member: when it was built must not show
KEPT = (
    "checks",
    "digits",
    "intake",
    "messages",
    "pictures",
    "probes",
    "sandbox",
    "selfcheck",
    "settings",
    "text_to_image",
)
FILES = (
    "__init__.py",
    "arrays.py",
    "assignment.py",
    "bounded.py",
    "errors.py",
    "lateness.py",
    "paths.py",
    "pipeline.py",
    "results.py",
    "memory.py",
    "scratch.py",
    "squashing.py",
    "states.py",
)
LEFT_OUT = ("digits/labelled/", "digits/training/", "checks/oracle.py", "selfcheck/start.py")
SUFFIXES = (".py", ".safetensors", ".toml")


def build_selfcheck(path: Path) -> None:
    """Writes the file. Raises ``OSError`` if it cannot be written."""
    buffer = io.BytesIO()
    buffer.write(INTERPRETER)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, content in sorted(members()):
            about = zipfile.ZipInfo(name, DATE)
            about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(about, content)
    path.write_bytes(buffer.getvalue())
    os.chmod(path, 0o755)


def members() -> Iterator[tuple[str, bytes]]:
    """Every file by its name in the archive."""
    package = paths.PACKAGE
    yield "__main__.py", (package / "selfcheck" / "start.py").read_bytes()
    for file in (*FILES, "rubric.py"):
        yield f"grader/{file}", (package / file).read_bytes()
    for room in KEPT:
        for path in sorted((package / room).rglob("*")):
            name = path.relative_to(package).as_posix()
            if path.suffix in SUFFIXES and not name.startswith(LEFT_OUT):
                yield f"grader/{name}", path.read_bytes()
    yield "grader/checks/oracle.py", (package / "selfcheck" / "recorded.py").read_bytes()
    yield "grader/selfcheck/answers.npz", answers()
    for path in sorted((package / "selfcheck" / "locale").rglob("*.po")):
        name = path.relative_to(package).with_suffix(".mo").as_posix()
        yield f"grader/{name}", compiled(path)
    for path in sorted(paths.MNIST_DIR.rglob("*ubyte")):
        yield f"grader/{path.relative_to(package).as_posix()}", path.read_bytes()
    rubric = paths.DEFAULT_RUBRIC
    yield "grader/_shipped/rubrics/assignment2.toml", rubric.read_bytes()
    example = paths.TEMPLATE_DIR / "Assignment2-2_TTI.ipynb"  # its prompt is no one's own
    yield f"grader/_shipped/student_template/{example.name}", example.read_bytes()
    known = f"Metadata-Version: 2.1\nName: ddpm-grader\nVersion: {version('ddpm-grader')}\n"
    yield "ddpm_grader.dist-info/METADATA", known.encode()
