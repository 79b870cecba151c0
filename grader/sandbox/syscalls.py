"""The filter of system calls round every kernel (seccomp(2), compiled by libseccomp)."""

import contextlib
import ctypes.util
import importlib
import tempfile
from functools import cache
from typing import Any

from grader.errors import SandboxUnavailable

REFUSED = (
    *("unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsmount"),
    *("move_mount", "open_tree", "mount_setattr", "ptrace", "process_vm_readv", "kexec_load"),
    *("process_vm_writev", "pidfd_getfd", "bpf", "perf_event_open", "userfaultfd", "keyctl"),
    *("add_key", "request_key", "init_module", "finit_module", "delete_module", "reboot"),
    *("swapon", "swapoff", "open_by_handle_at", "io_uring_setup", "personality"),
)
# What they hold is in no process' resident memory, so that no watch would see the machine run full.
UNCOUNTED = ("memfd_create", "memfd_secret", "shmget", "msgget", "semget")
# Of the kinds of sockets only these belong to a network namespace of one's own; by AF_VSOCK, say, a
# submission in a virtual machine talks to its host, and to another one.
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
TIOCSTI, CLONE_NEWUSER = 0x5412, 0x10000000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97


@cache
def program() -> bytes:
    """The filter as the kernel takes it: no calls that open namespaces, look into other processes,
    leave the own network, hide memory, type into terminals or load kernel code.

    Raises ``SandboxUnavailable`` if libseccomp is missing.
    """
    try:
        seccomp = library()
    except (ImportError, OSError, RuntimeError) as error:
        raise SandboxUnavailable(f"libseccomp cannot be used ({error}).") from None
    answer = seccomp.SyscallFilter(seccomp.ALLOW)
    refused = seccomp.ERRNO(EPERM)
    for name in REFUSED:
        with contextlib.suppress(RuntimeError, ValueError, OSError):  # a name this machine lacks
            answer.add_rule(refused, name)
    answer.add_rule(refused, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, TIOCSTI))
    own_users = seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER)
    answer.add_rule(refused, "clone", own_users)
    for name in ("clone3", *UNCOUNTED):  # libraries fall back to clone, or to files
        with contextlib.suppress(RuntimeError, ValueError, OSError):
            answer.add_rule(seccomp.ERRNO(ENOSYS), name)
    refuse_other_sockets(seccomp, answer)
    with tempfile.TemporaryFile() as file:
        answer.export_bpf(file)
        file.seek(0)
        return file.read()


def refuse_other_sockets(seccomp: Any, answer: Any) -> None:
    """As on a machine that does not know their family."""
    unknown = seccomp.ERRNO(EAFNOSUPPORT)
    for family in set(range(NETLINK)) - {UNIX, INET, INET6}:
        answer.add_rule(unknown, "socket", seccomp.Arg(0, seccomp.EQ, family))
    answer.add_rule(unknown, "socket", seccomp.Arg(0, seccomp.GT, NETLINK))


def library() -> Any:
    """pyseccomp, which looks for its library without running ldconfig."""
    names = {"c": "libc.so.6", "seccomp": "libseccomp.so.2"}
    find, vars(ctypes.util)["find_library"] = ctypes.util.find_library, names.get
    try:
        return importlib.import_module("pyseccomp")
    finally:
        vars(ctypes.util)["find_library"] = find
