"""Part of the prelude: folders that a student's machine has, or that cells made which do not run.

A file can be written where its folder is missing: in the student's own folders that is made; what
lies elsewhere (``/content/drive/MyDrive/...``) is kept below ``ELSEWHERE`` and found again there.
A module that a cell writes can be imported, wherever it lies.
"""

import builtins
import errno
import importlib
import io
import os
import shlex
import sys
import tempfile
from typing import Any

import torch

MAKE, LOOK, OPEN_FILE = os.mkdir, os.lstat, io.open  # before others stand in their place
WORK = os.getcwd()
HOME = os.path.expanduser("~") if WORK.startswith(os.path.expanduser("~")) else WORK
ELSEWHERE = os.path.join(WORK, ".elsewhere")
MOTHERS = ("/", "/home", "/root", "/mnt", "/media", "/opt", "/srv", "/data", "/work", "/workspace")
UNREACHABLE = (errno.ENOENT, errno.EROFS, errno.EACCES, errno.EPERM)
DEEPEST = 8


def path_of(path: Any) -> Any:
    """As an absolute path; empty if it is none, or one in bytes or by number."""
    path = os.fspath(path) if isinstance(path, os.PathLike) else path
    return os.path.abspath(path) if isinstance(path, str) and path else ""


def exists(path: Any) -> Any:
    try:
        LOOK(path)
    except (OSError, ValueError):
        return False
    return True


def is_own(path: Any) -> Any:
    """Whether it lies in the folders that a student's code may write to."""
    own = (HOME, WORK, tempfile.gettempdir())
    return any(path.startswith(os.path.join(folder, "")) for folder in own)


def elsewhere(path: Any) -> Any:
    """Where a path is kept that leads to a folder of another machine; empty if it does not."""
    found = path_of(path)
    above = os.path.dirname(found)
    if not found or is_own(found) or exists(found) or (exists(above) and above not in MOTHERS):
        return ""
    return ELSEWHERE + found


def made(path: Any) -> Any:
    """Where to write what is to lie at ``path``, with the folder for it; empty if nowhere."""
    where = elsewhere(path)
    if not where and is_own(path_of(path)):
        where = path_of(path)
    try:
        if where:
            make_all(os.path.dirname(where))
    except OSError:
        return ""
    return where


def make_all(folder: Any) -> Any:
    missing = []
    while not exists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for folder in reversed(missing):
        MAKE(folder)


def open_anywhere(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:
    """``open``, which makes the folder of what is written where that is missing."""
    writes = isinstance(mode, str) and any(letter in mode for letter in "wax")
    try:
        opened = OPEN_FILE(file, mode, *args, **kwargs)
    except FileNotFoundError:
        file = made(file) if writes else elsewhere(file)
        if not file:
            raise
        opened = OPEN_FILE(file, mode, *args, **kwargs)
    if writes and path_of(file).endswith(".py"):
        importable(path_of(file))
    return opened


def importable(module: Any) -> Any:
    """Puts the folders above a module's file on Python's path."""
    folder = os.path.dirname(module)
    for _ in range(DEEPEST):
        if folder in ("/", HOME, ELSEWHERE):
            break
        if folder not in sys.path:
            sys.path.append(folder)
        folder = os.path.dirname(folder)
    importlib.invalidate_caches()


def also_elsewhere(original: Any) -> Any:
    """A function of a path, which is looked for elsewhere, too."""

    def function(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
        try:
            return original(path, *args, **kwargs)
        except OSError as error:
            where = elsewhere(path) if error.errno in UNREACHABLE else ""
            if not where or not exists(where):
                raise
        return instead(original, where, path, *args, **kwargs)

    return function


def instead(original: Any, where: Any, path: Any, *args: Any, **kwargs: Any) -> Any:
    """Calls it for another path; of errors, the student sees the own one."""
    try:
        return original(where, *args, **kwargs)
    except OSError as error:
        error.filename = path
        raise


def make_folder(path: Any, *args: Any, **kwargs: Any) -> Any:
    """``os.mkdir``, which makes the folders above, too."""
    try:
        return MAKE(path, *args, **kwargs)
    except OSError as error:
        where = made(path) if error.errno in UNREACHABLE else ""
        if not where:
            raise
    return instead(MAKE, where, path, *args, **kwargs)


def of_save(original: Any) -> Any:
    """``torch.save`` opens its files by itself."""

    def save(obj: Any, f: Any, *args: Any, **kwargs: Any) -> Any:
        path = path_of(f)
        if path and not exists(os.path.dirname(path)):
            f = made(f) or f
        return original(obj, f, *args, **kwargs)

    return save


def of_system(original: Any, expand: Any = str) -> Any:
    """Lines of the shell: ``mkdir`` needs no program, of which there are none in here."""

    def system(command: Any) -> Any:
        command = expand(command)
        try:
            words = shlex.split(command)
        except (ValueError, TypeError, AttributeError):
            words = []
        if words[:1] != ["mkdir"]:
            return original(command)
        for word in words[1:]:
            if not word.startswith("-"):
                os.makedirs(word, exist_ok=True)
        return None

    return system


def open_folders(shell: Any) -> Any:
    """Everything that opens files or makes folders, and IPython's ``shell``."""
    builtins.open = io.open = open_anywhere
    vars(sys.modules["IPython.core.interactiveshell"])["io_open"] = open_anywhere
    os.mkdir = make_folder
    for name in ("stat", "lstat", "listdir", "scandir", "remove", "unlink", "rmdir", "open"):
        setattr(os, name, also_elsewhere(getattr(os, name)))
    torch.save = of_save(torch.save)
    os.system = of_system(os.system)
    shell.system = of_system(shell.system, lambda line: shell.var_expand(line, depth=2))
