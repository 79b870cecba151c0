"""Memory in huge pages."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from grader import memory

GROWN = """
    import ctypes, re, sys
    from grader.memory import collapse_pages
    assert ctypes.CDLL(None).prctl(41, int(sys.argv[1]), 0, 0, 0) == 0  # PR_SET_THP_DISABLE
    held = bytearray(bytes(range(256)) * 2**18)  # 64 MiB
    collapse_pages()
    maps = open("/proc/self/smaps_rollup").read()
    assert held == bytes(range(256)) * 2**18
    print(re.search(r"AnonHugePages: +([0-9]+) kB", maps)[1])
"""


def huge_kibibytes(*, refused: bool) -> int:
    """What is in huge pages of a process that has filled 64 MiB and asked for them."""
    command = [sys.executable, "-c", textwrap.dedent(GROWN), str(int(refused))]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these pages")
def test_what_a_process_holds_is_in_huge_pages_afterwards_and_the_same() -> None:
    if tuple(int(part) for part in os.uname().release.split(".")[:2]) < (6, 1):
        pytest.skip("Linux can do this from 6.1 on")
    if not Path("/sys/kernel/mm/transparent_hugepage").is_dir():
        pytest.skip("this Linux is built without huge pages")
    assert huge_kibibytes(refused=False) >= 60 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these pages")
def test_a_system_that_refuses_them_costs_nothing_but_the_pages() -> None:
    assert huge_kibibytes(refused=True) == 0


def test_nothing_happens_on_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(memory.ctypes, "CDLL", None)  # which would be called
    memory.collapse_pages()
    memory.keep_freed_memory()
