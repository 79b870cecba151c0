"""The warm parent: imports once what notebooks import, then forks a walled-in kernel a request.

Sent as text (``python -c``) with ``inside.py`` and ``grader/memory.py`` before it, and run inside
bubblewrap. Arguments: the number of the control socket, and a request to try the namespaces with.
Nothing of the grader is visible in here. The parent computes nothing and starts no thread: a fork
of it is as good as a new process.

Each request is one JSON message, as described in ``inside.py``, with the kernel's arguments as
``argv``, and with a lifeline socket as ancillary data.

The fork takes its own user, mount, pid, ipc, uts and net namespaces (unshare(2)). Its first process
stays outside the student's reach: it holds the lifeline, reaps, and ends with the kernel.
"""

import array
import contextlib
import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # all are one source when they are sent
    from grader.memory import collapse_pages
    from grader.sandbox.inside import (
        LIBC,
        Request,
        Seal,
        build_last_walls,
        call,
        hide_proc,
        install_filter,
        no_privileges,
        own_files,
        prctl,
        seal_when_told,
        sealed_application,
    )

CLONE = {"fs": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000}
CLONE |= {"pid": 0x20000000, "net": 0x40000000}
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
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
COMPILER = "torch._dynamo.utils"


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


def loopback_up() -> None:
    """The new network's own loopback device; there is no other."""
    up = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", up))  # SIOCSIFFLAGS


def first_process(request: "Request", lifeline: socket.socket) -> "Seal":
    """pid 1 of the submission: starts the kernel, reaps, and ends with it. Returns in the kernel's
    process only."""
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()  # kill(0) reaches all of a process group, whatever namespaces it is spread over
        own_files(request)
        loopback_up()
        kernels, ours = socket.socketpair()
        child = os.fork()
    except OSError as error:
        lifeline.send(f"failed: {error}".encode()[:500])
        os._exit(1)
    if child == 0:
        lifeline.close()
        ours.close()
        prctl(PR_SET_DUMPABLE, 1)
        try:
            sys.argv = ["-c", *request["argv"]]
            build_last_walls(request)
        except BaseException:
            os._exit(1)
        return Seal(kernels)
    kernels.close()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # of what has no handler here, none reaches pid 1
    lifeline.send(b"started")
    with contextlib.suppress(OSError):  # which the kernel notices, and ends
        seal_when_told(request, ours)
    while True:
        pid, _ = os.wait()
        if pid == child:
            os._exit(0)


def serve(request: "Request", lifeline: socket.socket) -> "Seal":
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


def receive(control: socket.socket) -> "tuple[Request, socket.socket] | None":
    """The next request and its lifeline; None at the end."""
    message, extra, _, _ = control.recvmsg(2**16, socket.CMSG_SPACE(4))
    if not message:
        return None
    descriptors = array.array("i")
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[:4])
    return json.loads(message), socket.socket(fileno=descriptors[0])


def trial(request: "Request") -> str:
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
                    install_filter(request)
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


def import_warm() -> None:
    """Imports what notebooks do. Leaves out what takes long and hardly one of them needs: the
    debugger, and torch's compiler, which torchvision imports for one function."""
    modules: dict[str, Any] = vars(sys)["modules"]
    stand_in = ModuleType(COMPILER)

    def real(name: str) -> Any:
        if name.startswith("__"):  # Python's own questions
            raise AttributeError(name)
        if modules.get(COMPILER) is stand_in:
            del modules[COMPILER]
        return getattr(importlib.import_module(COMPILER), name)

    def is_compile_supported(device_type: str) -> Any:
        return real("is_compile_supported")(device_type)

    vars(stand_in).update(__getattr__=real, is_compile_supported=is_compile_supported)
    modules |= {"debugpy": None, COMPILER: stand_in}
    for name in WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del modules["debugpy"]
    if modules.get(COMPILER) is stand_in:
        del modules[COMPILER]


def main() -> "Seal | None":
    """Serves requests to their end. Its seal in the process that is to become a kernel: it does so
    from the module itself, as the stack below a student's code is to be as deep as that of a cold
    one."""
    control = socket.socket(fileno=int(sys.argv[1]))
    refused = trial(json.loads(sys.argv[2]))
    control.send(f"refused: {refused}".encode() if refused else b"nested")
    if refused:
        return None
    gc.disable()  # nothing of what modules make at import is garbage
    import_warm()
    gc.freeze()  # a fork's collections leave alone, and so share, what was there before it
    collapse_pages()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks are not waited for
    control.send(b"warm")
    while (received := receive(control)) is not None:
        request, lifeline = received
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            return serve(request, lifeline)
        lifeline.close()
    return None


if seal := main():
    from ipykernel.kernelapp import IPKernelApp

    try:
        sealed_application(IPKernelApp, seal).launch_instance()
    finally:
        os._exit(0)
