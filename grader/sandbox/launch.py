"""What every kernel is started with, inside bubblewrap or not."""

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from grader.sandbox.limits import Limits
from grader.sandbox.packages import python_environment

try:
    import resource
except ImportError:  # Windows, where only students check their own work
    resource = None  # type: ignore[assignment]  # mypy takes the name for a module only

USER = "student"
TEMPORARY = Path("/tmp")
HOME = Path("/home") / USER
WORK = HOME / "work"
SHARED_MEMORY = Path("/dev/shm")
BOOT = Path(__file__).with_name("boot.py")
ADDRESS_SPACE_SLACK = 2**30
"""Writable memory that torch maps at import without ever touching it, and threads' stacks."""


@dataclass(frozen=True)
class Launch:
    """One process to start: its command, environment and folder on this machine."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    contained: bool = field(default=False)  # in a pid namespace that dies with its first process


class Walls(Protocol):
    """What a kernel's process is started with; ``base`` is the folder below which kernels' private
    ones lie, and ``provisioner`` is jupyter_client's that starts them. Where it ``forks``, kernels
    have a parent that lasts, so that any thread may start one before it is wanted."""

    @property
    def base(self) -> Path: ...
    @property
    def forks(self) -> bool: ...
    @property
    def provisioner(self) -> type: ...

    def launch(self, command: list[str], folder: Path, limits: Limits) -> Launch:
        """How to run ``command``.

        ``folder`` is private to this kernel; its sub-folder ``ipc`` is shared with it under the
        same name and holds the sockets.
        """
        ...


def scratch(limits: Limits) -> dict[str, int]:
    """The folders of a kernel's own behind walls, empty at first, and how many bytes each takes."""
    eighth, whole = limits.file_bytes // 8, limits.file_bytes
    places = {TEMPORARY: eighth, HOME: eighth, WORK: whole, SHARED_MEMORY: whole}
    return {str(place): size for place, size in places.items()}


def kernel_command(limits: Limits) -> list[str]:
    """The kernel's command; ``{connection_file}`` is jupyter_client's to fill in."""
    return [
        sys.executable,
        "-c",
        BOOT.read_text("utf-8"),
        json.dumps(resource_limits(limits)),
        "-f",
        "{connection_file}",
        "--HistoryManager.enabled=False",
        "--InteractiveShell.cache_size=0",
        "--InteractiveShell.colors=nocolor",
    ]


def resource_limits(limits: Limits) -> dict[str, int]:
    """The rlimits of every process, by their names in the ``resource`` module.

    They stand behind the watcher, which sees all processes together. ``AS`` is not among them:
    CUDA builds of torch map far more addresses than memory.
    """
    return {
        "CORE": 0,
        "FSIZE": limits.file_bytes,
        "NPROC": max(limits.processes, 512),  # counted for the user, not for the submission
        "NOFILE": open_files(),
        "DATA": limits.memory_bytes + ADDRESS_SPACE_SLACK,
    }


def open_files() -> int:
    """How many each process of a kernel may have open, which bounds those that are on their way
    through its sockets, too: the system adds the latter up for the whole user, and stops the grader
    when they are more than it may have open itself. So it keeps as many more for itself."""
    try:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    except AttributeError:  # Windows
        return 1024
    return 1024 if hard == resource.RLIM_INFINITY else min(1024, max(hard // 2, 64))


def open_as_many_as_allowed() -> None:
    """Lets this process open as many files as it may at most."""
    # Windows has no such limit, and macOS one that it does not tell
    with contextlib.suppress(AttributeError, ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


MALLOC = {"tcache_count": 0, "mxfast": 0, "mmap_threshold": 2**25, "trim_threshold": 2**26}
"""How glibc keeps what was freed: at once in one piece with what lies beside it, as the pieces that
torch cuts off aligned tensors would else keep each tensor's place from the next, and each step of a
sampler would take new pages; and for itself, up to the sizes that it comes to choose by itself."""


def environment(home: Path, temporary: Path) -> dict[str, str]:
    """The kernel's whole environment; nothing of the grader's own is passed on."""
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
    )
    return {
        "HOME": str(home),
        "USER": USER,
        "LOGNAME": USER,
        "TMPDIR": str(temporary),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(home / ".matplotlib"),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TZ": "UTC",
        "GLIBC_TUNABLES": ":".join(f"glibc.malloc.{name}={n}" for name, n in MALLOC.items()),
        # set by torch when parts of it are imported, which warm kernels have done
        "TORCHINDUCTOR_CACHE_DIR": str(temporary / f"torchinductor_{USER}"),
        **threads,
        **python_environment(),
    }
