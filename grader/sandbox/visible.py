"""Which files of this machine the sandbox shows, and which of those it covers up.

Shown: the system's libraries, the interpreter, the installed packages, fonts and time zones.
Covered: everything of this project, wherever an install put it beside those packages.

All paths are real paths. The sandbox also has the symbolic links through which the interpreter
knows them.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader import paths
from grader.sandbox.packages import NAMES, lines_of, names_in, package_folders

DISTRIBUTION = "ddpm_grader"
PACKAGES = ("grader", "reference")

SYSTEM = (
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/share/fonts",
    "/usr/share/fontconfig",
    "/usr/share/zoneinfo",
    "/usr/local/share/fonts",
    "/etc/alternatives",  # nothing but links, by which Debian chooses among libraries
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
)


@dataclass(frozen=True)
class Layer:
    """One folder or file to mount: what lies at ``source``, or a cover if that is None."""

    place: Path
    source: Path | None

    @property
    def covers_folder(self) -> bool:
        return self.source is None and self.place.is_dir()


@dataclass(frozen=True)
class View:
    """``layers`` stand in the order in which they are mounted, so that a later one may lie inside
    an earlier one; ``links`` are the symbolic links outside of them, with their targets."""

    layers: tuple[Layer, ...]
    links: Mapping[Path, str]

    @property
    def covered_folders(self) -> list[Path]:
        """Empty ones are seen there."""
        return [layer.place for layer in self.layers if layer.covers_folder]

    @property
    def outermost(self) -> list[Path]:
        """The layers that lie in no other one."""
        places = {layer.place for layer in self.layers}
        return [layer.place for layer in self.layers if places.isdisjoint(layer.place.parents)]

    def sees(self, path: Path) -> bool:
        """Whether the machine's own file is seen at this path, links in it not followed."""
        return is_seen(path, {layer.place: layer.source is not None for layer in self.layers})


@cache
def view(scratch: tuple[Path, ...]) -> View:
    """What a kernel sees whose own folders lie at ``scratch``, as seen from inside."""
    names = [name for name in wanted() if os.path.exists(name)]
    shown = [real(name) for name in names]
    seen = layered(shown, [real(path) for path in hidden_paths(shown)])
    layers = [Layer(place, place if show else None) for place, show in seen.items()]
    links = {k: v for name in names for k, v in links_on(name) if not is_seen(k, seen)}
    # /home or /tmp may be a link itself; the kernel's own folders lie there, so what else is
    # wanted there is mounted twice
    for link in [k for k in links if any(place.is_relative_to(k) for place in scratch)]:
        del links[link]
        target = real(link)
        layers += [
            Layer(link / layer.place.relative_to(target), layer.source)
            for layer in layers
            if layer.place.is_relative_to(target)
        ]
        links |= {
            link / k.relative_to(target): v for k, v in links.items() if k.is_relative_to(target)
        }
    return View(tuple(layers), links)


def wanted() -> Iterator[Path]:
    """Everything that is shown, by its known names. Some of it may not exist."""
    yield from map(Path, SYSTEM)
    for program in (sys.executable, getattr(sys, "_base_executable", sys.executable)):
        yield Path(program)
        yield Path(os.path.realpath(program)).parent.parent / "lib"  # its own shared libraries
    for prefix in (sys.base_prefix, sys.prefix):
        yield from (Path(prefix) / name for name in ("lib", "lib64", "pyvenv.cfg"))
    yield from library_folders()
    for folder in package_folders():
        yield folder
        yield from linked_packages(folder)


def library_folders() -> list[Path]:
    """Those of ``LD_LIBRARY_PATH``, where clusters keep what their Python is linked with."""
    named = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    folders = [Path(name) for name in named if os.path.isabs(name)]
    return [f for f in folders if any(".so" in name for name in names_in(f))]


def linked_packages(folder: Path) -> Iterator[Path]:
    """What lies elsewhere of the packages in a folder: where links in it lead to, be it for whole
    packages or, as uv can do, for each of their files."""
    for path in (folder / name for name in names_in(folder)):
        if is_own(path):
            continue
        if path.is_symlink():
            yield path
        record = path / "METADATA"
        if path.suffix == ".dist-info" and record.is_symlink():
            yield (path / os.readlink(record)).parents[1]


def hidden_paths(shown: Iterable[Path]) -> Iterator[Path]:
    """What must be covered up if it lies inside the shown folders: the project and its traces, and
    what lies in the temporary folder, as other submissions do."""
    yield Path(tempfile.gettempdir())
    yield from [paths.PACKAGE, paths.PACKAGE.parent / "reference"]
    if paths.CHECKOUT is not None:
        yield paths.CHECKOUT
    others = (folder.glob(f"python3*/{name}") for folder in shown for name in NAMES)
    for folder in [*package_folders(), *(path for found in others for path in found)]:
        yield from hidden_in(folder)


def hidden_in(folder: Path) -> list[Path]:
    """This project's packages, metadata and editable-install files in one folder of packages."""
    cache = folder / "__pycache__"
    found = [folder / name for name in PACKAGES if os.path.isdir(folder / name)]
    found += [folder / name for name in names_in(folder) if is_own(folder / name)]
    found += [cache / name for name in names_in(cache) if DISTRIBUTION in name]
    return list(dict.fromkeys(found))


def installed(packages: Iterable[str]) -> list[Path]:
    """The folders of those of these packages that are installed where kernels look for them."""
    found = [folder / name for name in packages for folder in package_folders()]
    return sorted({real(path) for path in found if path.is_dir()})


def is_own(path: Path) -> bool:
    """Whether this entry of a folder of packages is this project's or leads to its sources."""
    if path.name in PACKAGES or DISTRIBUTION in path.name.replace("-", "_"):
        return True
    leads = path.suffix in {".pth", ".egg-link"} and paths.CHECKOUT is not None
    return leads and str(paths.CHECKOUT) in lines_of(path)


def layered(shown: Iterable[Path], hidden: Iterable[Path]) -> dict[Path, bool]:
    """From the outermost in, the paths at which something begins to be shown, or to be covered.

    Of what is shown as a part of a folder, or covered as a part of one, nothing more is said.
    """
    ordered = [*((path, True) for path in shown), *((path, False) for path in hidden)]
    layers: dict[Path, bool] = {}
    for path, show in sorted(ordered, key=lambda entry: (len(entry[0].parts), not entry[1])):
        if is_seen(path, layers) is not show:
            layers[path] = show
    return layers


def is_seen(path: Path, layers: Mapping[Path, bool]) -> bool:
    return next((layers[p] for p in (path, *path.parents) if p in layers), False)


def links_on(path: Path) -> Iterator[tuple[Path, str]]:
    """The symbolic links on the way to a file that is there, each with its target."""
    place, rest = Path("/"), list(path.absolute().parts[:0:-1])
    while rest:
        part = rest.pop()
        place = place.parent if part == ".." else place / part
        if place.is_symlink():
            target = os.readlink(place)
            yield place, target
            rest += Path(target).parts[::-1]
            place = place.parent


def real(path: Path) -> Path:
    return Path(os.path.realpath(path))
