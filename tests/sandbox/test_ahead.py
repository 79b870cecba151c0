"""Kernels started ahead of need are those that would be started then, and none is left behind."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psutil
import pytest

from grader.sandbox import Ahead, KernelSession, Limits, Sandbox
from grader.sandbox.plain import Plain
from grader.sandbox.warm import WarmBubblewrap
from grader.sandbox.watch import Watch
from tests.sandbox.helpers import cells, returned, running

REMEMBERS = """
    before = "left" in globals()
    left = True
    def found():
        return before
"""


@pytest.fixture
def ahead(bubblewrap: Sandbox) -> Ahead:
    if not isinstance(bubblewrap, WarmBubblewrap):
        pytest.skip("namespaces cannot be nested on this machine")
    return Ahead(bubblewrap, Limits(), seed=1)


def forks(ahead: Ahead) -> set[int]:
    """The processes that the warm parent has forked."""
    sandbox = ahead.sandbox
    assert isinstance(sandbox, WarmBubblewrap)
    (init,) = psutil.Process(sandbox.nursery._process.pid).children()  # bubblewrap, twice
    (parent,) = init.children()
    return {child.pid for child in parent.children(recursive=True)}


def left(ahead: Ahead, before: set[int]) -> set[int]:
    """What came since and is still there when what was ended has had time to go. Kernels of before
    may be other tests'."""
    deadline = time.monotonic() + 10
    while forks(ahead) - before and time.monotonic() < deadline:
        time.sleep(0.02)
    return forks(ahead) - before


def test_every_submission_has_a_kernel_of_its_own(ahead: Ahead) -> None:
    with ahead:
        for _ in range(3):
            with running(ahead, Limits(), REMEMBERS) as session:
                assert returned(session, "found") is False


def test_a_kernel_is_watched_from_the_first_code_that_is_not_ours(
    bubblewrap: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Watch, "start", lambda watch: told.append("start"))
    kernel = bubblewrap.start_kernel(Limits(), seed=1)
    try:
        assert told == []
        kernel.run("a = 1", 10)
        assert told == ["start"]
    finally:
        kernel.close()


def test_many_threads_never_share_one(ahead: Ahead) -> None:
    def failed(_: int) -> int:
        statements = cells("assert 'left' not in globals(); left = True")
        with KernelSession(statements, sandbox=ahead, limits=Limits(), seed=1) as session:
            return len(session.prepare())

    with ahead, ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(failed, range(6))) == 0


def test_nothing_is_left_at_the_end(ahead: Ahead) -> None:
    before = forks(ahead)
    with ahead, running(ahead, Limits(), REMEMBERS) as session:
        assert returned(session, "found") is False
        assert len(forks(ahead) - before) >= 2
    assert left(ahead, before) == set()


def test_other_limits_get_another_kernel(ahead: Ahead) -> None:
    small = replace(Limits(), file_bytes=2**20)
    writes = "open('big', 'wb').write(b'x' * 2**22)"
    with ahead, running(ahead, small, writes) as session:
        assert "OSError" in session.prepare()[0].message


def test_a_kernel_that_ended_in_reserve_is_replaced(ahead: Ahead) -> None:
    with ahead:
        ahead._reserve[0].result()._provisioner.kill_tree()
        with running(ahead, Limits(), REMEMBERS) as session:
            assert returned(session, "found") is False
            assert session.starts == 1


def test_what_starts_cold_is_not_started_ahead() -> None:
    with Ahead(Plain(), Limits(), seed=0) as cold:
        assert not cold._reserve
        assert cold.name == "none"
