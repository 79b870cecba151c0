"""The warm parent: imports once what notebooks import, then forks a walled-in kernel a request.

Sent as text (``python -c``) and run inside bubblewrap. Arguments: the number of the control
socket, and a request to try the namespaces with. Nothing of the grader is visible in here. The
parent computes nothing and starts no thread: a fork of it is as good as a new process.

Each request is one JSON message with a lifeline socket as ancillary data::

    {"argv": [...], "rlimits": {"NOFILE": 1024, ...}, "tmpfs": {path: bytes}, "work": path,
     "kept": [what stays visible below the tmpfs], "given": path, likewise, but to read only,
     "hidden": [folders that are to be empty],
     "links": {link: target}, "filter": a program for seccomp(2), in base64}

The fork takes its own user, mount, pid, ipc, uts and net namespaces (unshare(2)). Its first process
stays outside the student's reach: it holds the lifeline, reaps, and ends with the kernel.
"""

import array
import base64
import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import resource
import signal
import socket
import struct
import sys
from typing import Any, TypeAlias

Request: TypeAlias = dict[str, Any]
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE = {"fs": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000}
CLONE |= {"pid": 0x20000000, "net": 0x40000000}
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_RDONLY, MS_REMOUNT = 2, 4, 8, 1, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
FILES = 20_000  # in each of a submission's folders
SHOWN_OF_PROC = ("cpuinfo", "meminfo", "stat", "loadavg", "uptime", "version", "filesystems")
WARM = (
    *("torch", "torch.nn.functional", "torch.utils.data", "torchvision", "torchvision.transforms"),
    *("torchvision.datasets", "torchvision.utils", "numpy", "matplotlib", "matplotlib.pyplot"),
    *("matplotlib.animation", "PIL.Image", "tqdm", "tqdm.notebook"),
    *(
        *("ipykernel.debugger", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell"),
        *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect"),
        *("IPython.core.logger", "IPython.extensions.storemagic", "torch.utils._device"),
    ),
    *("matplotlib_inline.backend_inline", "matplotlib.backends.backend_agg", "PIL.PngImagePlugin"),
    *("tornado.platform.asyncio", "faulthandler", "sqlite3"),
)


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


# --- the fork's own walls -------------------------------------------------------------------------


def own_namespaces(user: int, group: int) -> None:
    """New namespaces of every kind; the user keeps the number that it has."""
    call(LIBC.unshare(sum(CLONE.values())), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


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
    locked = os.statvfs(given).f_flag & MS_NOEXEC  # what the disk has cannot be taken from it here
    mount(None, given, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | locked)
    for path in request["hidden"]:
        mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=0555")
    for link, target in request["links"].items():
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(target, link)
    os.chdir(request["work"])
    os.environ["PWD"] = request["work"]


def place(path: str, is_folder: bool) -> None:
    """An empty folder or file to mount over."""
    os.makedirs(path if is_folder else os.path.dirname(path), exist_ok=True)
    if not is_folder:
        with open(path, "w"):
            pass


def loopback_up() -> None:
    """The new network's own loopback device; there is no other."""
    up = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", up))  # SIOCSIFFLAGS


def hide_proc() -> None:
    """Of /proc, only this process and the machine's plain facts.

    The parent's /proc tells of other submissions; a new one may not be mounted everywhere.
    """
    staging = "/tmp/.proc"
    os.mkdir(staging)
    mount("tmpfs", staging, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=0555")
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
    """No capability, and none to be had by running a program."""
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)
    nothing = bytes(24)
    call(LIBC.capset(header, nothing), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)


class Filter(ctypes.Structure):
    """``struct sock_fprog``: the number of instructions, each of 8 bytes, and where they are."""

    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def filtered(request: Request) -> None:
    """The filter of system calls that stands round cold kernels, too."""
    program = base64.b64decode(request["filter"])
    answer = Filter(len(program) // 8, program)
    call(LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(answer), 0, 0), "seccomp")


def walled_in(request: Request) -> None:
    """The last walls round the process that becomes the kernel."""
    for name, value in request["rlimits"].items():
        which = int(getattr(resource, "RLIMIT_" + name))
        hard = resource.getrlimit(which)[1]
        bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (bounded, bounded))
    os.umask(0o077)
    os.nice(5)
    hide_proc()
    sys.argv = ["-c", *request["argv"]]
    no_privileges()
    filtered(request)


def first_process(request: Request, lifeline: socket.socket) -> None:
    """pid 1 of the submission: starts the kernel, reaps, and ends with it. Returns in the kernel's
    process only."""
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()  # kill(0) reaches all of a process group, whatever namespaces it is spread over
        own_files(request)
        loopback_up()
        child = os.fork()
    except OSError as error:
        lifeline.send(f"failed: {error}".encode()[:500])
        os._exit(1)
    if child == 0:
        lifeline.close()
        prctl(PR_SET_DUMPABLE, 1)
        try:
            return walled_in(request)
        except BaseException:
            os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # of what has no handler here, none reaches pid 1
    lifeline.send(b"started")
    while True:
        pid, _ = os.wait()
        if pid == child:
            os._exit(0)


def serve(request: Request, lifeline: socket.socket) -> None:
    """The fork between the parent and the submission: enters the namespaces. Returns in the
    kernel's process only."""
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_DUMPABLE, 1)  # its maps in /proc/self are its own to write
        user, group = os.getuid(), os.getgid()
        own_namespaces(user, group)
        pid = os.fork()
    except OSError as error:
        lifeline.send(f"failed: {error}".encode()[:500])
        os._exit(1)
    if pid == 0:
        prctl(PR_SET_DUMPABLE, 0)
        return first_process(request, lifeline)
    lifeline.close()
    os.waitpid(pid, 0)
    os._exit(0)


# --- the parent -----------------------------------------------------------------------------------


def receive(control: socket.socket) -> tuple[Request, socket.socket] | None:
    """The next request and its lifeline; None at the end."""
    message, extra, _, _ = control.recvmsg(2**16, socket.CMSG_SPACE(4))
    if not message:
        return None
    descriptors = array.array("i")
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[:4])
    return json.loads(message), socket.socket(fileno=descriptors[0])


def trial(request: Request) -> str:
    """Why namespaces cannot be nested here; an empty text if they can."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            user, group = os.getuid(), os.getgid()
            own_namespaces(user, group)
            if os.fork() == 0:
                try:
                    own_files(request)
                    loopback_up()
                    hide_proc()
                    no_privileges()
                    filtered(request)
                    os.write(writing, b"nested")
                except Exception as error:
                    os.write(writing, f"{type(error).__name__}: {error}".encode()[:500])
                finally:
                    os._exit(0)
            os.wait()
        except OSError as error:
            os.write(writing, str(error).encode()[:500])
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    answer = os.read(reading, 1000).decode()
    os.close(reading)
    return "" if answer == "nested" else answer or "it ended"


def main() -> bool:
    """Serves requests to their end. True in the process that is to become a kernel: it does so
    from the module itself, as the stack below a student's code is to be as deep as that of a cold
    one."""
    control = socket.socket(fileno=int(sys.argv[1]))
    refused = trial(json.loads(sys.argv[2]))
    control.send(f"refused: {refused}".encode() if refused else b"nested")
    if refused:
        return False
    gc.disable()  # nothing of what modules make at import is garbage
    vars(sys)["modules"]["debugpy"] = None  # nobody will debug, and its import takes long
    for name in WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del sys.modules["debugpy"]
    gc.freeze()  # a fork's collections leave alone, and so share, what was there before it
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks are not waited for
    control.send(b"warm")
    while (received := receive(control)) is not None:
        request, lifeline = received
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            serve(request, lifeline)
            return True
        lifeline.close()
    return False


if main():
    from ipykernel.kernelapp import IPKernelApp

    try:
        IPKernelApp.launch_instance()
    finally:
        os._exit(0)
