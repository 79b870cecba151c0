"""Installs the project in the ways that people do, each in a folder of its own.

The heavy packages are not installed again: they are found where they lie beside these tests, in a
folder in which no path leads to the checkout.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = getattr(sys, "_base_executable", sys.executable)
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
OWN = {"grader", "reference", "ddpm_grader"}


@dataclass(frozen=True)
class Installed:
    """How to start the Python that has the project."""

    python: Path
    environment: Mapping[str, str] = field(default_factory=dict)


Place = Callable[[Path, Path], Installed]
PLACES: dict[str, Place] = {}


def place(title: str) -> Callable[[Place], Place]:
    """Adds a way of installing the wheel (second argument) into a folder (first argument)."""

    def add(install: Place) -> Place:
        PLACES[title] = install
        return install

    return add


def clean_environment(**more: str) -> dict[str, str]:
    """This process's, without what Python and the tests put into it."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
    return inherited | {"LC_ALL": "C.UTF-8"} | more


def packages_here() -> Path:
    return Path(sysconfig.get_paths()["purelib"])


def new_environment(folder: Path, *options: str, python: Path | str = BASE) -> Path:
    """A virtual environment without packages of its own; its folder of packages."""
    command = [python, "-m", "venv", "--without-pip", *options, folder]
    subprocess.run(command, check=True, env=clean_environment())
    return folder / "lib" / VERSION / "site-packages"


def beside_packages_here(packages: Path) -> Path:
    """Has the folder lead to the packages of this Python, too."""
    packages.mkdir(parents=True, exist_ok=True)
    (packages / "heavy.pth").write_text(f"{packages_here()}\n", "utf-8")
    return packages


def without(folder: Path, names: Iterable[str]) -> Path:
    """A folder in which the packages of this Python are seen, but for some and the project's."""
    folder.mkdir()
    for path in packages_here().iterdir():
        if path.suffix != ".pth" and path.name.split("-")[0] not in {*names, *OWN}:
            (folder / path.name).symlink_to(path)
    return folder


def unpack(wheel: Path, packages: Path) -> None:
    """As pip does, without the script."""
    packages.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(packages)


def checkout_in(folder: Path) -> Path:
    """The part of a checkout that an editable install needs, and some that must not be seen."""
    for name in ("grader", "reference", "rubrics", "student_template"):
        ignore = shutil.ignore_patterns("__pycache__", "labelled")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("pyproject.toml", "CollectSubmission.sh"):
        shutil.copy(ROOT / name, folder)
    (folder / ".git").mkdir()
    (folder / ".git" / "history").write_text("of the reference")
    return folder


def editable(checkout: Path, packages: Path) -> None:
    """As ``pip install --editable`` does."""
    beside_packages_here(packages)
    (packages / "_editable_impl_ddpm_grader.pth").write_text(f"{checkout}\n", "utf-8")
    record = packages / "ddpm_grader-0.1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: ddpm-grader\nVersion: 0.1.0\n")


@place("a virtual environment")
def in_environment(folder: Path, wheel: Path) -> Installed:
    unpack(wheel, beside_packages_here(new_environment(folder / "venv")))
    return Installed(folder / "venv/bin/python")


@place("an environment with its own copy of the interpreter, only for its owner")
def in_copies(folder: Path, wheel: Path) -> Installed:
    before = os.umask(0o077)
    try:
        unpack(wheel, beside_packages_here(new_environment(folder / "venv", "--copies")))
    finally:
        os.umask(before)
    return Installed(folder / "venv/bin/python")


@place("an environment that nobody may write to")
def in_read_only(folder: Path, wheel: Path) -> Installed:
    installed = in_environment(folder, wheel)
    for path, _, files in os.walk(folder, topdown=False):
        for name in [*files, "."]:
            if not os.path.islink(os.path.join(path, name)):
                os.chmod(os.path.join(path, name), 0o444 if name != "." else 0o555)
    return installed


@place("a path with blanks and Korean letters")
def in_odd_path(folder: Path, wheel: Path) -> Installed:
    return in_environment(folder / "my courses, '26/딥 러닝", wheel)


@place("pip install --target")
def in_target(folder: Path, wheel: Path) -> Installed:
    new_environment(folder / "venv")
    unpack(wheel, folder / "libraries")
    path = os.pathsep.join([str(folder / "libraries"), str(packages_here())])
    return Installed(folder / "venv/bin/python", {"PYTHONPATH": path})


@place("pip install --user")
def in_user_folder(folder: Path, wheel: Path) -> Installed:
    unpack(wheel, beside_packages_here(folder / "home/lib" / VERSION / "site-packages"))
    return Installed(Path(BASE), {"PYTHONUSERBASE": str(folder / "home")})


@place("an environment that system packages are seen in")
def in_environment_with_system(folder: Path, wheel: Path) -> Installed:
    new_environment(folder / "venv", "--system-site-packages")
    unpack(wheel, beside_packages_here(folder / "home/lib" / VERSION / "site-packages"))
    return Installed(folder / "venv/bin/python", {"PYTHONUSERBASE": str(folder / "home")})


@place("packages reached through a link")
def in_linked_packages(folder: Path, wheel: Path) -> Installed:
    packages = new_environment(folder / "venv")
    unpack(wheel, beside_packages_here(folder / "elsewhere/site-packages"))
    packages.rmdir()
    packages.symlink_to(folder / "elsewhere/site-packages")
    return Installed(folder / "venv/bin/python")


@place("an environment reached through links")
def in_linked_environment(folder: Path, wheel: Path) -> Installed:
    (folder / "disk").mkdir()
    (folder / "home").symlink_to("disk")
    (folder / "ta").symlink_to(folder / "home")
    return in_environment(folder / "ta/course", wheel)


@place("every package a link to a store")
def in_links_to_store(folder: Path, wheel: Path) -> Installed:
    packages = new_environment(folder / "venv")
    unpack(wheel, folder / "store")
    packages.rmdir()
    without(packages, ())
    for path in (folder / "store").iterdir():
        (packages / path.name).symlink_to(path)
    return Installed(folder / "venv/bin/python")


@place("every file a link to a store")
def in_links_for_files(folder: Path, wheel: Path) -> Installed:
    packages = beside_packages_here(new_environment(folder / "venv"))
    unpack(wheel, folder / "store/ddpm")
    names = ("einops", "tqdm")  # in front of those of the other folder
    for name in names:
        record = importlib.metadata.distribution(name)
        for file in record.files or ():
            if ".." not in file.parts:
                stored = folder / "store" / name / file
                stored.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), stored)
    for store in (folder / "store").iterdir():
        for stored in filter(Path.is_file, store.rglob("*")):
            link = packages / stored.relative_to(store)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(stored)
    (packages / "heavy.pth").write_text(f"{without(folder / 'others', names)}\n", "utf-8")
    return Installed(folder / "venv/bin/python")


@place("an interpreter at the end of a chain of links")
def in_chain(folder: Path, wheel: Path) -> Installed:
    installed = in_environment(folder, wheel)
    python = installed.python
    end = os.path.realpath(python)
    for name in ("python", "python3", VERSION):
        python.with_name(name).unlink()
    (folder / "tools").mkdir()
    (folder / "tools" / "py").symlink_to(end)
    python.with_name(VERSION).symlink_to("../../tools/py")
    python.with_name("python3").symlink_to(VERSION)
    python.symlink_to("python3")
    return installed


@place("an interpreter whose folder is a link to its latest version")
def in_linked_interpreter(folder: Path, wheel: Path) -> Installed:
    (folder / "python").symlink_to(sys.base_prefix)
    start = folder / "python/bin" / Path(BASE).name
    unpack(wheel, beside_packages_here(new_environment(folder / "venv", python=start)))
    return Installed(folder / "venv/bin/python")


@place("a checkout that holds the environment")
def in_checkout(folder: Path, wheel: Path) -> Installed:
    checkout = checkout_in(folder / "ddpm-grader")
    editable(checkout, new_environment(checkout / ".venv"))
    return Installed(checkout / ".venv/bin/python")


@place("a checkout among the environment's libraries")
def in_checkout_below(folder: Path, wheel: Path) -> Installed:
    packages = new_environment(folder / "venv")
    editable(checkout_in(folder / "venv/lib/ddpm-grader"), packages)
    return Installed(folder / "venv/bin/python")


@place(
    "a checkout among the system's libraries that holds the environment and all that is unpacked"
)
def in_checkout_among_libraries(folder: Path, wheel: Path) -> Installed:
    libraries = folder / "cluster/lib"
    checkout = checkout_in(libraries / "ddpm-grader")
    editable(checkout, new_environment(checkout / ".venv"))
    (libraries / "libcourse.so").touch()
    (checkout / "t").mkdir()
    named = {"LD_LIBRARY_PATH": str(libraries), "TMPDIR": str(checkout / "t")}
    return Installed(checkout / ".venv/bin/python", named)


@place("a checkout named by PYTHONPATH")
def in_checkout_on_path(folder: Path, wheel: Path) -> Installed:
    checkout = checkout_in(folder / "ddpm-grader")
    beside_packages_here(new_environment(folder / "venv"))
    return Installed(folder / "venv/bin/python", {"PYTHONPATH": str(checkout)})


@place("two environments, each with the project")
def in_two(folder: Path, wheel: Path) -> Installed:
    unpack(wheel, folder / "venv/lib/python3.9/site-packages")
    return in_environment(folder, wheel)
