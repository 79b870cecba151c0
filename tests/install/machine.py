"""A machine that has the project's wheel, and whoever works on it."""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.install.places import (
    beside_packages_here,
    clean_environment,
    new_environment,
    packages_here,
)

USER = 54321
BECOME = Path(__file__).with_name("become.py")


@dataclass(frozen=True)
class Machine:
    """Commands of the environment ``venv`` are run in ``home``, by whom ``become`` makes of us."""

    venv: Path
    home: Path
    become: Sequence[str] = field(default=())

    def run(self, *command: str | Path, code: int = 0, **environment: str) -> str:
        """What the command prints; it must end with this code."""
        own = {"HOME": str(self.home), "PATH": f"{self.venv}/bin:/usr/bin:/bin"}
        done = subprocess.run(
            [*self.become, *command],
            cwd="/" if self.become else self.home,
            env=clean_environment(**own, **environment),
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, (done.stdout[-2000:], done.stderr[-4000:])
        return done.stdout

    def give(self, file: Path, name: str = "") -> Path:
        """A copy that whoever works here owns, as the folders that it lies in."""
        copy = self.home / (name or file.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
        self.own(copy)
        return copy

    def own(self, path: Path) -> None:
        """Gives a file, or folder, and the folders above it to whoever works here."""
        owner = self.home.stat()
        for place in (path, *path.parents):
            if place.is_relative_to(self.home):
                os.chown(place, owner.st_uid, owner.st_gid)


def install(wheel: Path, folder: Path) -> None:
    """Installs the wheel into a new environment that has the packages of this one beside it."""
    beside_packages_here(new_environment(folder))
    command = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install"]
    command += ["--quiet", "--no-deps", "--no-index", "--force-reinstall", wheel]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def way_to_become(user: int, needed: Iterable[Path]) -> list[str]:
    """The start of a command by which root runs the rest as an ordinary user.

    Folders that only root may enter, as /root often is, are opened for it where they are needed,
    in a view of the files that nobody else has. Skips, with the reason, where that cannot be.
    """
    places = [Path(sys.base_prefix), packages_here(), *needed]
    closed = [f"{folder}={place}" for place in places for folder in closed_on_the_way(place)[:1]]
    start = ["unshare", "--mount", "--propagation", "private"] if closed else []
    become = [*start, sys.executable, "-I", str(BECOME), str(user), *closed, "--"]
    for command, reason in (
        (["true"], "root cannot become an ordinary user here"),
        (["unshare", "--user", "true"], "ordinary users may make no namespaces here"),
    ):
        environment = clean_environment(HOME="/")
        tried = subprocess.run([*become, *command], env=environment, capture_output=True, text=True)
        if tried.returncode != 0:
            pytest.skip(f"{reason}: {tried.stderr.strip()[-300:]}")
    return become


def closed_on_the_way(place: Path) -> list[Path]:
    """The folders above it, from the outermost in, that others than their owner cannot enter."""
    folders = [*reversed(place.resolve().parents), place.resolve()]
    return [folder for folder in folders if not folder.stat().st_mode & 0o001]
