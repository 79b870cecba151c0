"""Where this Python's packages lie, and what a Python with another home needs to find them.

They lie in a virtual environment, the system's or the user's own folder, or in any folder that
``PYTHONPATH`` names.
"""

import os
import site
import sys
from collections.abc import Iterator
from pathlib import Path

from grader import paths

NAMES = {"site-packages", "dist-packages"}
METADATA = (".dist-info", ".egg-info")


def package_folders() -> list[Path]:
    """Every folder that installed packages are imported from, in the order of ``sys.path``.

    The project's own folder is none of them, although it may stand on ``sys.path``.
    """
    found = {Path(p): None for p in sys.path if p and os.path.isdir(p)}
    own = paths.CHECKOUT
    return [p for p in found if holds_packages(p) and Path(os.path.realpath(p)) != own]


def holds_packages(folder: Path) -> bool:
    """By its name, or because pip has left its records there (``pip install --target``)."""
    return folder.name in NAMES or any(n.endswith(METADATA) for n in names_in(folder))


def names_in(folder: Path) -> list[str]:
    """What lies in the folder, in order; nothing if it cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def python_environment() -> dict[str, str]:
    """The variables by which a Python whose home is another finds the same packages as this one.

    What it finds by itself is not named: what ``PYTHONPATH`` names comes before the standard
    library.
    """
    found = {"PYTHONNOUSERSITE": "1"}
    known = {Path(p) for p in site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        found = {"PYTHONUSERBASE": site.getuserbase()}
        known.add(Path(site.getusersitepackages()))
    known |= {path for folder in known for path in added_by_path_files(folder)}
    others = [str(folder) for folder in package_folders() if folder not in known]
    return found | ({"PYTHONPATH": os.pathsep.join(others)} if others else {})


def added_by_path_files(folder: Path) -> Iterator[Path]:
    """What the ``*.pth`` files in a folder of packages add to ``sys.path``."""
    for name in names_in(folder):
        if name.endswith(".pth"):
            yield from (folder / line for line in lines_of(folder / name))


def lines_of(file: Path) -> list[str]:
    """Its lines without the blanks round them; none if it cannot be read."""
    try:
        return [line.strip() for line in file.read_text("utf-8", errors="replace").splitlines()]
    except OSError:
        return []
