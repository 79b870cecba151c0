"""The walls that a kernel's process builds round itself before it runs anything of a student's.

Sent as text before ``boot.py`` (cold kernels) and ``nursery.py`` (warm ones): nothing of the grader
is visible inside bubblewrap. The walls are described by one request::

    {"rlimits": {"NOFILE": 1024, ...}, "tmpfs": {path: bytes}, "work": path,
     "kept": [what stays visible below the tmpfs], "given": path, likewise, but to read only,
     "hidden": [folders that are to be empty],
     "sockets": the one of those kept that is closed for writing once the sockets are there,
     "links": {link: target}, "filter": a program for seccomp(2), in base64}
"""

import base64
import ctypes
import logging
import os
import resource
import socket
import struct
import sys
from types import ModuleType
from typing import Any, TypeAlias

Request: TypeAlias = dict[str, Any]
LIBC = ctypes.CDLL(None, use_errno=True)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_RDONLY, MS_REMOUNT = 2, 4, 8, 1, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
FILES = 20_000  # in each of a submission's folders
SHOWN_OF_PROC = ("cpuinfo", "meminfo", "stat", "loadavg", "uptime", "version", "filesystems")


def call(result: int, what: str) -> None:
    """Raises ``OSError`` if a C function failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    call(LIBC.mount(*texts, flags, data.encode()), f"mount {target}")


def prctl(option: int, value: int) -> None:
    call(LIBC.prctl(option, value, 0, 0, 0), f"prctl {option}")


def own_files(request: Request) -> None:
    """Fresh scratch folders; of the shared folder's tree only this submission's part."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    given = request["given"]
    kept = {path: os.open(path, os.O_PATH) for path in (*request["kept"], given)}
    for path, size in request["tmpfs"].items():
        os.makedirs(path, exist_ok=True)
        data = f"size={size},nr_inodes={FILES},mode=0755"  # an empty file takes memory, too
        mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, data)
    for path, descriptor in kept.items():
        place(path, os.path.isdir(f"/proc/self/fd/{descriptor}"))
        mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND | MS_REC)
        os.close(descriptor)
    close_for_writing(given)
    for path in request["hidden"]:
        mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=0555")
    for link, target in request["links"].items():
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(target, link)
    os.chdir(request["work"])
    os.environ["PWD"] = request["work"]


def close_for_writing(path: str) -> None:
    """What is mounted there can be read, and no more."""
    locked = os.statvfs(path).f_flag & MS_NOEXEC  # what the disk has cannot be taken from it here
    mount(None, path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | locked)


def place(path: str, is_folder: bool) -> None:
    """An empty folder or file to mount over."""
    os.makedirs(path if is_folder else os.path.dirname(path), exist_ok=True)
    if not is_folder:
        with open(path, "w"):
            pass


def hide_proc() -> None:
    """Of /proc, only this process and the machine's plain facts.

    The one round it tells of other processes; a new one may not be mounted everywhere.
    """
    staging = "/tmp/.proc"
    os.mkdir(staging)
    mount("tmpfs", staging, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=0755")
    for name, source in {"self": "self", str(os.getpid()): "self"}.items():
        os.mkdir(f"{staging}/{name}")
        mount(os.path.realpath(f"/proc/{source}"), f"{staging}/{name}", None, MS_BIND)
    for name in SHOWN_OF_PROC:
        with open(f"{staging}/{name}", "w"):
            pass
        mount(f"/proc/{name}", f"{staging}/{name}", None, MS_BIND)
    for name in ("mounts", "net"):
        os.symlink(f"self/{name}", f"{staging}/{name}")
    mount(staging, "/proc", None, MS_BIND | MS_REC)
    call(LIBC.umount2(staging.encode(), 2), "umount")
    os.rmdir(staging)
    mount(None, "/proc", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)


def no_privileges() -> None:
    """Drops all capabilities, and keeps programs from gaining any."""
    LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)
    nothing = bytes(24)
    call(LIBC.capset(header, nothing), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)


class Filter(ctypes.Structure):
    """``struct sock_fprog``: the number of instructions, each of 8 bytes, and where they are."""

    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install_filter(request: Request) -> None:
    """The filter of system calls."""
    program = base64.b64decode(request["filter"])
    answer = Filter(len(program) // 8, program)
    call(LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(answer), 0, 0), "seccomp")


def set_limits(rlimits: dict[str, int]) -> None:
    """The limits of each process; what started this one may have set lower ones."""
    for name, value in rlimits.items():
        which = int(getattr(resource, "RLIMIT_" + name))
        hard = resource.getrlimit(which)[1]
        bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (bounded, bounded))
    os.umask(0o077)
    os.nice(5)  # so that the watch gets its turn however many processes there are


class Seal:
    """Closes the folder of the kernel's sockets for writing, once they are there.

    By a process that keeps the privilege to do so, at the other end of ``link``. ``child`` is its
    number if it is a child of this one, and ends with that. What a student could write into that
    folder would fill the machine's own disk.
    """

    def __init__(self, link: socket.socket, child: int | None = None) -> None:
        self._link, self._child = link, child

    def close(self) -> None:
        """Ends this process where it cannot be done."""
        self._link.send(b"c")
        done = self._link.recv(1)
        self._link.close()
        if self._child is not None:
            os.waitpid(self._child, 0)
        if not done:
            os._exit(1)


def seal_when_told(request: Request, link: socket.socket) -> None:
    """The other end of a ``Seal``, until it is closed or its process has ended."""
    try:
        if link.recv(1):
            close_for_writing(request["sockets"])
            link.send(b"s")
    finally:
        link.close()


def build_last_walls(request: Request) -> None:
    """The last walls round the process that becomes the kernel."""
    set_limits(request["rlimits"])
    hide_proc()
    no_privileges()
    install_filter(request)


def sealed_application(application: Any, seal: Seal) -> Any:
    """ipykernel's application, which runs no cell before the seal is closed.

    It leaves out what nobody needs here and each start would pay for: a parser of all that could be
    set, what sets up any log at all, and a list of each module's file for a debugger. The last two
    touch so many objects that a fork has to copy much of its parent's memory.
    """
    from ipykernel import ipkernel
    from traitlets.config.loader import Config, DeferredConfigString

    names: dict[str, Any] = vars(ipkernel)
    ipython_kernel: Any = ipkernel.IPythonKernel

    class Kernel(ipython_kernel):  # type: ignore[misc]
        def __init__(self, **kwargs: Any) -> None:
            real, names["sys"] = names["sys"], ModuleType("sys")
            vars(names["sys"]).update({**vars(real), "modules": {}})
            try:
                super().__init__(**kwargs)
            finally:
                names["sys"] = real

    class SealedKernel(application):  # type: ignore[misc]
        kernel_class = Kernel

        def parse_command_line(self, argv: Any = None) -> None:
            config = Config()
            words = iter(sys.argv[1:] if argv is None else argv)
            for word in words:
                name, _, value = word.removeprefix("--").partition("=")
                if word == "-f":
                    name, value = "IPKernelApp.connection_file", next(words)
                section, trait = name.split(".")
                config[section][trait] = DeferredConfigString(value)
            self.update_config(config)

        def _configure_logging(self) -> None:
            log = logging.getLogger(type(self).__name__)
            log.setLevel(self.log_level)
            if not log.handlers:  # else it would speak where students' cells do
                log.addHandler(logging.StreamHandler())

        def initialize(self, argv: Any = None) -> None:
            super().initialize(argv)
            seal.close()

    return SealedKernel
