"""Who is waited for: a kernel that others keep from a core, or one that keeps silent by itself."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from grader.sandbox.waiting import CROWD, held_up, waited


@pytest.fixture
def burning() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that want all cores, and more."""
    count = 2 * (os.cpu_count() or 1)
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_what_others_take_is_seen(burning: list[subprocess.Popen[bytes]]) -> None:
    time.sleep(0.5)
    before, _ = waited(burning[0].pid)
    time.sleep(2)
    assert held_up(burning[0].pid, before, 2)


def test_who_sleeps_is_not_held_up() -> None:
    with subprocess.Popen(["sleep", "60"]) as asleep:
        before, _ = waited(asleep.pid)
        time.sleep(0.5)
        assert not held_up(asleep.pid, before, 0.5)
        asleep.kill()


def test_who_is_kept_waiting_by_a_crowd_of_its_own_is_not_held_up() -> None:
    text = "import os\nfor _ in range(12):\n    if os.fork() == 0:\n        while True: pass\nos.wait()"
    with subprocess.Popen([sys.executable, "-c", text], start_new_session=True) as crowd:
        try:
            time.sleep(2)
            _, wanting = waited(crowd.pid)
            assert wanting > CROWD
            assert not held_up(crowd.pid, 0.0, 1.0)
        finally:
            os.killpg(crowd.pid, 9)


def test_of_who_is_gone_nothing_is_told() -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    assert waited(gone.pid) == (0.0, 0)
