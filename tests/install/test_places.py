"""Wherever the project is installed, a submission sees the packages that it needs and nothing of the
project's."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.install.places import PLACES, Installed, clean_environment

LOOK = Path(__file__).with_name("look.py")
FOUND = ["torch", "torchvision", "numpy", "matplotlib", "ipykernel", "tqdm", "einops"]
SYSTEM = ["/usr/local", "/opt", "/home", "/etc"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """One whose path leads through no link, and is short enough for sockets."""
    made = tmp_path / "i"
    made.mkdir()
    yield made
    for path, _, _ in os.walk(made):
        os.chmod(path, 0o700)
    shutil.rmtree(made)


def look(installed: Installed, kind: str, *roots: Path | str) -> dict[str, Any]:
    done = subprocess.run(
        [installed.python, LOOK, kind, *map(str, roots), *SYSTEM],
        env=clean_environment(**installed.environment),
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(title: str, kind: str, folder: Path, wheel: Path) -> None:
    installed = PLACES[title](folder, wheel)
    seen = look(installed, kind, folder, sys.prefix, sys.base_prefix)
    assert Path(seen["package"]).is_relative_to(folder)
    assert seen["found"] == FOUND
    assert seen["own"] == seen["leaks"] == []
    assert seen["executable"] == str(installed.python)
    assert seen["warm"]


@pytest.mark.parametrize("title", PLACES)
def test_behind_the_walls(title: str, folder: Path, wheel: Path) -> None:
    check(title, "bare", folder, wheel)


@pytest.mark.slow
@pytest.mark.parametrize("title", PLACES)
def test_in_a_warm_kernel(title: str, folder: Path, wheel: Path) -> None:
    check(title, "warm", folder, wheel)
