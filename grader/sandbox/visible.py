"""Which files of this machine the sandbox shows, and which of those it covers up.

Shown: the system's libraries, the interpreter, the installed packages, fonts and time zones.
Covered: everything of this project, wherever an install put it beside those packages.
"""

import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from grader import paths

DISTRIBUTION = "ddpm_grader"
PACKAGES = ("grader", "reference")

_SYSTEM = (
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/share/fonts",
    "/usr/share/fontconfig",
    "/usr/share/zoneinfo",
    "/usr/local/share/fonts",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
)
_LINKED = ("/lib", "/lib32", "/lib64")


def system_paths() -> list[Path]:
    """The system's folders and files that are shown, real ones (not symbolic links) only."""
    found = [Path(p) for p in _SYSTEM if Path(p).exists()]
    found += [Path(p) for p in _LINKED if Path(p).is_dir() and not Path(p).is_symlink()]
    return found


def system_links() -> list[tuple[str, Path]]:
    """(target, link) for the merged ``/lib -> usr/lib`` of most distributions."""
    return [(os.readlink(p), Path(p)) for p in _LINKED if Path(p).is_symlink()]


def interpreter_paths() -> list[Path]:
    """The interpreter's libraries and binary, and the virtual environment's packages."""
    wanted = [Path(sys.base_prefix) / "lib", Path(sys.base_prefix) / "lib64"]
    wanted += [Path(sys.prefix) / "lib", Path(sys.prefix) / "lib64"]
    wanted += [Path(sys.prefix) / "pyvenv.cfg", Path(os.path.realpath(sys.executable))]
    wanted += package_folders()
    return _outermost(p for p in wanted if p.exists() and not p.is_symlink())


def package_folders() -> list[Path]:
    """Every folder that packages are imported from (site-packages, dist-packages)."""
    candidates = [Path(p) for p in sys.path if p]
    candidates += [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    candidates += [Path(p) for p in site.getsitepackages()]
    for prefix in (sys.base_prefix, sys.prefix):
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        candidates.append(Path(prefix) / "lib" / version / "site-packages")
    names = {"site-packages", "dist-packages"}
    return _unique(p for p in candidates if p.name in names and p.is_dir())


def hidden_paths(shown: Iterable[Path]) -> list[Path]:
    """What must be covered up inside the shown folders: this project's packages and traces."""
    root = paths.PACKAGE.parent
    own = [paths.PACKAGE, root / "reference", paths.RUBRIC_DIR, paths.TEMPLATE_DIR]
    own += [root / "tests", root / "examples"] if (root / "pyproject.toml").is_file() else []
    shown = list(shown)
    hidden = [p for p in own if p.exists() and any(p.is_relative_to(s) for s in shown)]
    for folder in package_folders():
        hidden += hidden_in(folder, root)
    return _unique(hidden)


def hidden_in(folder: Path, root: Path) -> list[Path]:
    """This project's packages, metadata and editable-install files in one package folder.

    ``root`` is the checkout's folder: path files that lead there are covered as well.
    """
    hidden = [folder / name for name in PACKAGES if (folder / name).is_dir()]
    for entry in sorted(folder.iterdir()):
        name = entry.name.replace("-", "_")
        leads_here = entry.suffix in {".pth", ".egg-link"} and _mentions(entry, root)
        if DISTRIBUTION in name or leads_here:
            hidden.append(entry)
    cache = folder / "__pycache__"
    hidden += sorted(cache.glob(f"*{DISTRIBUTION}*")) if cache.is_dir() else []
    return hidden


def _mentions(file: Path, root: Path) -> bool:
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        return True
    return str(root) in text or DISTRIBUTION in text


def _unique(found: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(found))


def _outermost(found: Iterable[Path]) -> list[Path]:
    """Without the paths that lie inside others of the list."""
    ordered = sorted(set(found), key=lambda p: len(p.parts))
    kept: list[Path] = []
    for path in ordered:
        if not any(path.is_relative_to(k) for k in kept):
            kept.append(path)
    return kept
