"""Code that brings its kernel down, or tries to, costs what could not be judged and no more."""

import os
import time
from collections.abc import Iterator

import psutil
import pytest

from grader.sandbox import (
    InfraError,
    KernelSession,
    Limits,
    Sandbox,
    Status,
    choose_sandbox,
    connection,
)
from grader.sandbox.provisioner import MARK
from grader.scratch import scratch
from tests.sandbox.helpers import ask, returned, running

GOOD = """
    import os, time
    def good():
        return "good"
    def loop():
        while True:
            pass
    def swallow():
        while True:
            try:
                time.sleep(1)
            except BaseException:
                pass
    def leave():
        os._exit(1)
    def shout():
        from IPython.display import display
        display({"text/plain": "x" * 150 * 2**20}, raw=True)
    def keep_shouting():
        import threading
        from IPython.display import display
        def shouting():
            while True:
                display({"text/plain": "x" * 10**7}, raw=True)
        threading.Thread(target=shouting, daemon=True).start()
    def later(function, *arguments):
        import threading
        threading.Timer(0.2, function, arguments).start()
    def die_later():
        later(os._exit, 1)
    def hang_up_later():
        later(os.closerange, 3, 200)
"""
ENDLESS = "while True: pass"
EXIT = "import os; os._exit(1)"
CRASH = "import ctypes; ctypes.string_at(0)"
BOMB = """
    import os, time
    while True:
        os.fork()
"""
CHILDREN = """
    import os, time
    for _ in range(80):
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
    time.sleep(30)
"""
GROW = """
    import time
    kept = []
    while True:
        kept.append(bytearray(b"x") * (128 * 2**20))
        time.sleep(0.005)
"""
ORPHANS_CODE = f"import time; time.sleep({600 + os.getpid()})"
ORPHAN = f"""
    import os, subprocess, sys
    subprocess.Popen([sys.executable, "-c", {ORPHANS_CODE!r}], start_new_session=True)
"""
LIMITS = Limits(
    cell_seconds=8, probe_seconds=2, submission_seconds=120, memory_bytes=2**30, processes=40
)


def marked() -> list[psutil.Process]:
    """Processes of kernels, as seen from outside (bubblewrap's own carry the mark)."""
    found = []
    for process in psutil.process_iter():
        try:
            if MARK in process.environ() and process.ppid() == os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No kernel's process or folder outlives its session."""
    before = set(scratch().iterdir())
    yield
    assert marked() == []
    assert set(scratch().iterdir()) <= before


def test_lethal_statements_are_left_out_and_the_rest_is_judged(bubblewrap: Sandbox) -> None:
    sources = [ENDLESS, EXIT, CRASH, BOMB, GROW, ORPHAN, GOOD]
    with running(bubblewrap, LIMITS, *sources) as session:
        failed = session.prepare()
        assert [failed[i].status for i in range(5)] == [
            Status.timeout,
            Status.killed,
            Status.killed,
            Status.killed,
            Status.out_of_memory,
        ]
        assert set(failed) == set(range(5))
        assert "longer than 8 seconds" in failed[0].message
        assert "more than 40 processes" in failed[3].message
        assert "more than 1 GiB" in failed[4].message
        assert returned(session, "good") == "good"
        assert session.starts == 6
        _probes_that_bring_it_down(session)


def _probes_that_bring_it_down(session: KernelSession) -> None:
    outcome = ask(session, "loop")
    assert outcome.status is Status.timeout
    assert outcome.seconds < 10
    assert returned(session, "good") == "good"
    assert ask(session, "leave").status is Status.killed
    assert returned(session, "good") == "good"
    assert session.starts == 8


def test_without_walls_the_same_limits_hold() -> None:
    sources = [ENDLESS, CHILDREN, GROW, ORPHAN, GOOD]
    with running(choose_sandbox("none"), LIMITS, *sources) as session:
        failed = session.prepare()
        states = {index: outcome.status for index, outcome in failed.items()}
        assert states == {0: Status.timeout, 1: Status.killed, 2: Status.out_of_memory}
        assert returned(session, "good") == "good"
    commands = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert not [c for c in commands if ORPHANS_CODE in c]


def test_the_submissions_time_ends_all(bubblewrap: Sandbox) -> None:
    limits = Limits(cell_seconds=30, submission_seconds=2)
    with running(bubblewrap, limits, GOOD, ENDLESS, "never = 1") as session:
        began = time.monotonic()
        failed = session.prepare()
        states = {index: outcome.status for index, outcome in failed.items()}
        assert states == {1: Status.timeout, 2: Status.timeout}
        assert "whole submission" in failed[1].message
        outcome = ask(session, "good")
        assert outcome.status is Status.timeout
        assert "whole submission" in outcome.message
        assert session.starts == 1
        assert time.monotonic() - began < 30


def test_messages_that_are_too_large_or_too_many_fill_no_memory(bubblewrap: Sandbox) -> None:
    with running(bubblewrap, Limits(), GOOD) as session:
        assert ask(session, "shout").status is Status.killed
        assert returned(session, "good") == "good"
        before = psutil.Process().memory_info().rss
        ask(session, "keep_shouting")
        time.sleep(2)
        assert psutil.Process().memory_info().rss - before < 2**30
        ask(session, "good")
        assert session.starts <= 3


@pytest.mark.parametrize(
    ("function", "said"),
    [("die_later", "The Python process ended."), ("hang_up_later", "closed its connections")],
)
def test_a_kernel_that_is_gone_between_two_questions_is_replaced(
    function: str, said: str, bubblewrap: Sandbox
) -> None:
    limits = Limits(probe_seconds=60)
    with running(bubblewrap, limits, GOOD) as session:
        assert session.prepare() == {}
        returned(session, function)
        time.sleep(1)
        gone = ask(session, "good")
        assert gone.status is Status.killed
        assert said in gone.message
        assert returned(session, "good") == "good"
        assert session.starts == 2


def test_code_that_swallows_interrupts_is_ended_all_the_same(bubblewrap: Sandbox) -> None:
    with running(bubblewrap, LIMITS, GOOD) as session:
        assert ask(session, "swallow").status is Status.timeout


def test_a_kernel_that_cannot_start_is_not_the_students_fault(
    bubblewrap: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "START_SECONDS", 0)
    monkeypatch.setattr(connection.Connection, "_listening", lambda self: False)
    with running(bubblewrap, LIMITS, GOOD) as session:
        with pytest.raises(InfraError, match="not ready within 0 seconds"):
            session.prepare()
        assert ask(session, "good").status is Status.infra_error
