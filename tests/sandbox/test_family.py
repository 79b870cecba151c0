"""The processes below one: all of them, and no others."""

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from grader.sandbox.family import LOOKS, Family

CHAIN = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    """A process with one child, which stays when it ends."""
    started = subprocess.Popen(
        [sys.executable, "-c", CHAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield started
    for process in psutil.Process(started.pid).children(recursive=True):
        process.kill()
    started.kill()
    started.communicate()


def pids(family: Family) -> set[int]:
    return {process.pid for process in family.look()}


def test_children_of_children_belong_to_it(parent: subprocess.Popen[str]) -> None:
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert pids(Family(parent.pid)) == {parent.pid, child}
    assert pids(Family(psutil.Process().pid)) >= {psutil.Process().pid, parent.pid, child}


def test_what_comes_later_is_seen_and_what_goes_is_not(parent: subprocess.Popen[str]) -> None:
    family = Family(psutil.Process().pid)
    before = pids(family)
    with subprocess.Popen(["sleep", "60"]) as later:
        assert pids(family) == before | {later.pid}
        later.kill()
    for _ in range(LOOKS + 1):  # whatever is read again and whatever is not
        assert later.pid not in pids(family)


def test_the_end_of_the_first_is_told() -> None:
    with subprocess.Popen(["sleep", "60"]) as first:
        family = Family(first.pid)
        first.kill()
    time.sleep(0.01)
    with pytest.raises(psutil.NoSuchProcess):
        family.look()


def test_where_there_is_no_table_of_processes_psutil_is_asked(
    parent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    monkeypatch.setattr("grader.sandbox.family.PROC", "/nowhere")
    assert pids(Family(parent.pid)) == {parent.pid, child}
