"""The temporary folder of this process. All its temporary files are below it.

It is removed at exit. A process that is killed leaves it behind, with up to gigabytes of unpacked
submissions; the next one that makes its own removes those whose processes are gone.
"""

import atexit
import contextlib
import itertools
import os
import re
import shutil
import tempfile
import uuid
from pathlib import Path

import psutil

from grader.errors import GraderError

try:
    import fcntl
except ImportError:  # Windows, where only students check their own work: nothing is swept
    fcntl = None  # type: ignore[assignment]  # mypy takes the name for a module only

_NAME = re.compile(r"ddpm-(\d+)-\w{8}")
_SOCKETS_BELOW = 72  # bytes of a path; sockets lie 28 below, and their names end at 104
_FOLDERS: dict[tuple[int, str], Path] = {}


def scratch(below: str | None = None) -> Path:
    """This process's folder ``below`` the system's temporary one, or another; made on first use.

    Raises ``GraderError`` if it cannot be had.
    """
    base = below or tempfile.gettempdir()
    key = os.getpid(), base
    if key not in _FOLDERS:
        if fcntl is not None:
            with contextlib.suppress(OSError):
                sweep(Path(base))
        try:
            _FOLDERS[key] = _make(base)
        except OSError as error:
            raise GraderError(f"No folder can be made in {base}: {error.strerror}.") from None
    return _FOLDERS[key]


def scratch_for_sockets() -> Path:
    """The same, its name short enough for the sockets of kernels that lie below."""
    folder = scratch()
    fits = os.name != "posix" or len(os.fsencode(folder)) <= _SOCKETS_BELOW
    return folder if fits else scratch("/tmp")


def _make(base: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"ddpm-{os.getpid()}-", dir=base)).resolve()
    # held until this process ends, however it does: a number alone is used again, and means
    # another process in a container that shares the folder
    if fcntl is not None:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(os.open(folder, os.O_RDONLY | os.O_DIRECTORY), fcntl.LOCK_SH)
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a fork inherits what is to be done at exit
        remove(folder)


def remove(folder: Path) -> None:
    """Removes a folder with all that is in it, also what a student's code has locked, and however
    deep its folders lie. What cannot be removed stays; nothing is raised."""
    if folder.is_symlink():
        return
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        _remove_level_by_level(folder)


def _remove_level_by_level(folder: Path) -> None:
    """The same without a call, or an open folder, for each level: the folders that are found in
    another one are moved to the top first, so that no path grows. Links are not followed."""
    name, tops = uuid.uuid4().hex, itertools.count()  # that no student could foresee
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        with contextlib.suppress(OSError):
            os.chmod(place, 0o700)
            with os.scandir(place) as found:
                entries = list(found)
            for entry in entries:
                with contextlib.suppress(OSError):  # the others are to go all the same
                    if not entry.is_dir(follow_symlinks=False):
                        os.unlink(entry.path)
                        continue
                    os.chmod(entry.path, 0o700)  # to be moved, it must be writable itself
                    top = folder / f"{name}{next(tops)}"
                    os.rename(entry.path, top)
                    waiting.append(top)
        if place != folder:
            with contextlib.suppress(OSError):
                os.rmdir(place)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def sweep(base: Path) -> None:
    """Removes what dead processes of this user left in ``base``. Raises ``OSError``."""
    with os.scandir(base) as found:
        names = [entry.name for entry in found if _NAME.fullmatch(entry.name)]
    for name in names:
        with contextlib.suppress(OSError):  # not ours, in use, or swept by another one
            _sweep_one(base / name)


def _sweep_one(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        facts = os.fstat(number)
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if facts.st_uid == os.getuid() and not _may_be_new(folder.name, facts.st_ctime):
            remove(folder)
    finally:
        os.close(number)


def _may_be_new(name: str, changed: float) -> bool:
    """Whether the process of this number may be about to lock it: it was there when the folder
    was last changed. One that began later has the number by chance."""
    found = _NAME.fullmatch(name)
    assert found is not None
    try:
        process = psutil.Process(int(found[1]))
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and process.create_time() <= changed + 1  # rounded
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
