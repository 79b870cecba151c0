"""The wheel, built once, and machines that it is installed on."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.machine import USER, Machine, install, way_to_become
from tests.install.places import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``pip install`` installs, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*command, "-w", folder, ROOT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def away(wheel: Path) -> Iterator[Path]:
    """A folder that everybody may enter, far from the checkout; the wheel is installed in it."""
    folder = Path(tempfile.mkdtemp(prefix="ddpm-install-", dir="/tmp"))
    folder.chmod(0o755)
    install(wheel, folder / "venv")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def root(away: Path) -> Machine:
    """The superuser's commands."""
    if os.getuid() != 0:
        pytest.skip("these tests do not run as root")
    return Machine(away / "venv", work_folder(away / "root"))


@pytest.fixture(scope="session")
def user(away: Path) -> Machine:
    """An ordinary user's commands; others cannot enter the home folder."""
    home = work_folder(away / "home")
    if os.getuid() != 0:
        return Machine(away / "venv", home)
    os.chown(home, USER, USER)
    return Machine(away / "venv", home, way_to_become(USER, [away]))


def work_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder
