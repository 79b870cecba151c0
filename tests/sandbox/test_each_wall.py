"""What a submission sees, writes, signals and connects to, against a list of what it may; and each
wall, taken away on purpose, shows up in that comparison."""

import json
import os
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox import Limits, Sandbox, warm
from grader.sandbox.bubblewrap import HOME, WORK, text_of
from grader.sandbox.kernel import CellRaisedError, Kernel
from grader.sandbox.warm import Nursery, WarmBubblewrap

LOOK_ROUND = """
    import ctypes, json, os, resource, socket

    def works(action, *arguments):
        try:
            action(*arguments)
            return True
        except OSError:
            return False

    def writable(folder):
        path = os.path.join(folder, "trial-" + str(os.getpid()))
        if works(open, path, "w"):
            os.remove(path)
            return True
        return False

    def listen(name):
        global listening
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(name)
        listening.listen()

    def connect(name):
        with socket.socket(socket.AF_UNIX) as trial:
            trial.connect(name)

    status = open("/proc/self/status").read().splitlines()
    status = dict(line.split(":\\t", 1) for line in status if ":\\t" in line)
    own = []  # its threads, by their numbers in its own namespace
    for thread in os.listdir("/proc/self/task"):
        lines = open(f"/proc/self/task/{thread}/status").read().splitlines()
        own += [int(line.split()[-1]) for line in lines if line.startswith("NSpid")]
    top = ["/" + name for name in os.listdir("/") if os.path.isdir("/" + name)]
    folders = ["/", *top, "/dev/shm", "/proc/self", "/home/student", os.getcwd()]
    folders += [os.path.join(BASE, name, "ipc") for name in os.listdir(BASE)]
    seen = {
        "capabilities": int(status["CapEff"], 16),
        "may gain privileges": status["NoNewPrivs"] != "1",
        "system calls unfiltered": status["Seccomp"] != "2",
        "may open namespaces": ctypes.CDLL(None).unshare(0x10000000) == 0,
        "processes": sorted(name for name in os.listdir("/proc") if name.isdigit()),
        "group of others": os.getpgrp() == 0,  # led by a process that cannot be seen from here
        "may signal": [pid for pid in range(1, 200) if pid not in own and works(os.kill, pid, 0)],
        "devices": sorted(name for _, name in socket.if_nameindex()),
        "reaches a network": works(socket.create_connection, ("1.1.1.1", 53), 0.3),
        "writes in": sorted({os.path.realpath(f) for f in folders if writable(f)}),
        "kernels' folders": len(os.listdir(BASE)),
        "left by another": [p for p in ("/tmp/left", "/dev/shm/left") if os.path.exists(p)],
        "reaches another's socket": works(connect, "\\0wall"),
        "files": os.statvfs("/tmp").f_files,
        "open files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "environment": sorted(os.environ),
        "namespaces": {
            name: os.readlink("/proc/self/ns/" + name)
            for name in ("ipc", "mnt", "net", "pid", "user", "uts")
        },
    }
    for path in ("/tmp/left", "/dev/shm/left"):
        open(path, "w").close()
    seen["listens"] = works(listen, "\\0wall")
    raise ValueError(json.dumps(seen))
"""
MAY = {
    "capabilities": 0,
    "may gain privileges": False,
    "system calls unfiltered": False,
    "may open namespaces": False,
    "processes": ["2"],
    "group of others": False,
    "may signal": [1],  # the first process of its own namespace
    "devices": ["lo"],
    "reaches a network": False,
    "writes in": sorted(["/dev/shm", "/tmp", str(HOME), str(WORK)]),
    "kernels' folders": 1,
    "left by another": [],
    "reaches another's socket": False,
    "open files": 1024,
    "files": 20_000,
    "listens": True,
}
WALLS = {
    "own network": [
        ('"net": 0x40000000', '"net": 0'),
        ("        fcntl.ioctl(any_socket", "        0 and (any_socket"),  # it is up already
    ],
    "own processes": [('"pid": 0x20000000', '"pid": 0')],
    "own session": [("        os.setsid()", "        pass")],
    "own shared memory": [('"ipc": 0x8000000', '"ipc": 0')],
    "own host name": [('"uts": 0x4000000', '"uts": 0')],
    "own scratch folders": [
        ('size in request["tmpfs"].items()', "size in ()"),
        ("    if not is_folder:\n        with", "    if not os.path.exists(path):\n        with"),
        ("        os.symlink(target, link)\n    os.chdir", "        pass\n    os.chdir"),
    ],
    "own view of processes": [("    hide_proc()\n    no_priv", "    no_priv")],
    "no capabilities": [("    no_privileges()\n    install", "    install")],
    "filter of system calls": [
        ("    no_privileges()\n    install_filter(request)", "    no_privileges()")
    ],
    "few files": [(",nr_inodes={FILES}", "")],
    "sockets closed for writing": [('close_for_writing(request["sockets"])', "pass")],
    "limits": [("resource.setrlimit(which, (bounded, bounded))", "pass")],
}
SHOWS = {
    "own network": "net",
    "own processes": "may signal",
    "own session": "group of others",
    "own shared memory": "ipc",
    "own host name": "uts",
    "own scratch folders": "left by another",
    "own view of processes": "processes",
    "no capabilities": "capabilities",
    "filter of system calls": "system calls unfiltered",
    "few files": "files",
    "sockets closed for writing": "writes in",
    "limits": "open files",
}


@contextmanager
def parent_without(wall: str | None, cold: Any) -> Iterator[WarmBubblewrap]:
    """A warm parent, which imports little, with one wall taken away."""
    text = text_of(warm.MEMORY, warm.NURSERY)
    text, changed = re.subn(
        r"WARM = \(.*?\n\)\n", 'WARM = ("ipykernel.kernelapp",)\n', text, flags=re.S
    )
    assert changed == 1
    if wall is not None:
        for there, instead in WALLS[wall]:
            assert text.count(there) == 1, wall
            text = text.replace(there, instead)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "text_of", lambda *programs: text)
        nursery = Nursery(cold)
        patch.setitem(warm._NURSERIES, os.getpid(), nursery)
        try:
            yield WarmBubblewrap(cold)
        finally:
            nursery.close()


def seen_from_inside(kernel: Kernel, base: Path) -> dict[str, Any]:
    source = f"BASE = {str(base)!r}\n{textwrap.dedent(LOOK_ROUND)}"
    with pytest.raises(CellRaisedError) as raised:
        kernel.run(source, 30)
    found: dict[str, Any] = json.loads(raised.value.value)
    return found


def beyond_what_it_may(sandbox: WarmBubblewrap) -> list[str]:
    """Of the second of two submissions at once, all that it should not see or be able to do."""
    kernels = [Kernel(sandbox, Limits()) for _ in range(2)]
    try:
        for kernel in kernels:
            kernel.start()
        base = sandbox.nursery.base
        one, two = (seen_from_inside(kernel, base) for kernel in kernels)
    finally:
        for kernel in kernels:
            kernel.close()
    shared = [name for name, own in two["namespaces"].items() if one["namespaces"][name] == own]
    assert {"HOME", "PATH"} <= set(two["environment"])
    assert not [name for name in two["environment"] if "DDPM" in name or "TOKEN" in name]
    return [*shared, *(f"{name}: {two[name]}" for name in MAY if two[name] != MAY[name])]


@pytest.fixture
def cold(bubblewrap: Sandbox) -> Any:
    if not isinstance(bubblewrap, WarmBubblewrap):
        pytest.skip("namespaces cannot be nested on this machine")
    return bubblewrap.cold


def test_a_submission_may_no_more_than_the_list_says(cold: Any) -> None:
    with parent_without(None, cold) as sandbox:
        assert beyond_what_it_may(sandbox) == []


@pytest.mark.parametrize("wall", WALLS)
def test_a_wall_that_is_missing_shows(wall: str, cold: Any) -> None:
    with parent_without(wall, cold) as sandbox:
        found = beyond_what_it_may(sandbox)
    assert SHOWS[wall] in {text.split(":")[0] for text in found}, found
