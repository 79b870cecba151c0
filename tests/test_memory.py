"""Memory in huge pages."""

import os
import subprocess
import sys
import textwrap

import pytest

from grader import memory

GROWN = """
    import re, sys
    from grader.memory import collapse_pages
    held = bytearray(bytes(range(256)) * 2**18)  # 64 MiB
    collapse_pages()
    maps = open("/proc/self/smaps_rollup").read()
    assert held == bytes(range(256)) * 2**18
    print(re.search(r"AnonHugePages: +([0-9]+) kB", maps)[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these pages")
def test_what_a_process_holds_is_in_huge_pages_afterwards_and_the_same() -> None:
    if tuple(int(part) for part in os.uname().release.split(".")[:2]) < (6, 1):
        pytest.skip("Linux can do this from 6.1 on")
    command = [sys.executable, "-c", textwrap.dedent(GROWN)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(said) >= 60 * 1024


def test_nothing_happens_on_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(memory.ctypes, "CDLL", None)  # which would be called
    memory.collapse_pages()
    memory.keep_freed_memory()
