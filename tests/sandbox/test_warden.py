"""The watch: what it adds up of a kernel's processes, and that it ends them whatever else goes on.

Every limit is tried in kernels that run no prelude, behind both kinds of walls, and once more
without the watch: then the kernel goes on.
"""

import textwrap

import pytest

from grader.messages.message import sentence
from grader.sandbox import Limits, Sandbox, Status, watch
from grader.sandbox.kernel import Kernel, KernelGoneError

MIB = 2**20
SMALL = Limits(memory_bytes=300 * MIB, processes=30, file_bytes=256 * MIB)
ATTACKS = {
    "processes": """
        for _ in range(60):
            if os.fork() == 0:
                time.sleep(60)
    """,
    "threads": """
        import threading
        threading.stack_size(2**16)
        for _ in range(300):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    """,
    "sessions": """
        for _ in range(25):
            if os.fork() == 0:
                os.setsid()
                time.sleep(60)
    """,
    "memory of a process whose first thread has ended": """
        import ctypes, threading
        def grow():
            kept = [bytearray(b"x") * (8 * 2**20) for _ in range(60)]
            time.sleep(60)
        if os.fork() == 0:
            threading.Thread(target=grow).start()
            ctypes.CDLL(None).pthread_exit(None)
        time.sleep(12)
    """,
    "files": """
        for place in ("/tmp", "/dev/shm", "."):
            with open(place + "/large", "wb") as file:
                os.unlink(file.name)
                kept = os.dup(file.fileno())
                try:
                    while True:
                        file.write(bytes(2**20))
                except OSError:
                    pass
                try:
                    file.close()
                except OSError:
                    pass
    """,
    "socket buffers": """
        kept = []
        try:
            while True:
                pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
                kept += pair
                pair[0].setblocking(False)
                try:
                    while True:
                        pair[0].send(bytes(60_000))
                except BlockingIOError:
                    pass
        except OSError:
            pass
    """,
    "page tables": """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        size, far = 2**38, ctypes.c_size_t
        start = libc.mmap(None, far(size), 1, 0x4022, -1, far(0))  # private, without reserve
        for place in range(start, start + size, 2**21):
            ctypes.string_at(place, 1)
    """,
}
SAID = {
    "processes": "more than 30 processes",
    "threads": "too many threads",
    "sessions": "too many sessions",
}


def ended(sandbox: Sandbox, limits: Limits, source: str) -> watch.Verdict | None:
    """Why the watch ended a kernel that ran the source; None if it did not."""
    kernel = Kernel(sandbox, limits)
    kernel.start()
    try:
        kernel.run("import os, socket, time", 30)
        kernel.run(f"{textwrap.dedent(source)}\ntime.sleep(2)", 60)
    except KernelGoneError as gone:
        return gone.verdict
    finally:
        kernel.close()
    return None


@pytest.mark.parametrize("what", ATTACKS)
def test_more_than_is_allowed_ends_a_kernel(what: str, lean: Sandbox) -> None:
    verdict = ended(lean, SMALL, ATTACKS[what])
    assert verdict is not None
    assert verdict.status is (Status.killed if what in SAID else Status.out_of_memory)
    assert SAID.get(what, "more than 0.293 GiB of memory") in sentence(verdict.said)


@pytest.mark.parametrize("what", ATTACKS)
def test_without_the_watch_it_goes_on(
    what: str, lean: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch.Watch, "start", lambda watch: None)
    assert ended(lean, SMALL, ATTACKS[what]) is None
