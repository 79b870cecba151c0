"""Warm kernels: nothing of one submission reaches another, and nothing is left behind."""

import logging
import os
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from grader.sandbox import Limits, Sandbox, Status, warm
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.limits import InfraError
from grader.sandbox.warm import Nursery, WarmBubblewrap
from tests.sandbox.helpers import ask, returned, running

LOOK = """
    import os, threading, time, random, builtins
    import numpy, torch
    def evaluate(text):
        return eval(text)
    def execute(text):
        exec(text, globals())
"""
CHANGES = """
    torch.manual_seed(7); torch.set_default_dtype(torch.float64); torch.randn = None
    numpy.random.seed(7); random.seed(7); builtins.divmod = None
    os.environ["LEFT"] = "behind"; os.environ.pop("HOME")
    open("/tmp/left", "w").write("x"); open("left", "w").write("x")
    open("/dev/shm/left", "w").write("x"); open("/home/student/left", "w").write("x")
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
"""


@pytest.fixture
def sandbox(bubblewrap: Sandbox) -> WarmBubblewrap:
    if not isinstance(bubblewrap, WarmBubblewrap):
        pytest.skip("namespaces cannot be nested on this machine")
    return bubblewrap


@pytest.fixture
def nursery(sandbox: WarmBubblewrap) -> Iterator[Nursery]:
    """A warm parent of its own."""
    made = Nursery(sandbox.cold)
    yield made
    made.close()


def test_nothing_that_one_submission_changes_reaches_the_next(sandbox: WarmBubblewrap) -> None:
    looks = (
        "torch.initial_seed()",
        "str(torch.get_default_dtype())",
        "callable(torch.randn)",
        "callable(divmod)",
        "sorted(os.environ)",
        "os.listdir('/tmp') + os.listdir('.') + os.listdir('/dev/shm') + os.listdir('..')",
        "threading.active_count()",
        "float(numpy.random.rand()) + random.random()",
    )
    seen = []
    for change in (CHANGES, "pass"):
        with running(sandbox, Limits(), LOOK) as session:
            assert session.prepare() == {}
            seen.append([returned(session, "evaluate", look) for look in looks])
            returned(session, "execute", textwrap.dedent(change))
    assert seen[0] == seen[1]


def test_the_compiler_is_there_for_who_wants_it_and_costs_others_nothing(
    sandbox: WarmBubblewrap,
) -> None:
    source = """
        import sys
        import torch, torchvision

        def compiler():
            return "torch._dynamo" in sys.modules, "torch._dynamo.utils" in sys.modules

        def align():
            boxes = [torch.tensor([[0.0, 0.0, 2.0, 2.0]])]
            torchvision.ops.roi_align(torch.ones(1, 1, 4, 4), boxes, 2)
            support = torchvision.ops.roi_align.__globals__["is_compile_supported"]
            return support("cpu") == torch._dynamo.utils.is_compile_supported("cpu")

        def optimize():
            weight = torch.nn.Parameter(torch.ones(1))
            optimizer = torch.optim.SGD([weight], lr=1.0)
            weight.sum().backward()
            optimizer.step()
            return weight.item()
    """
    with running(sandbox, Limits(), source) as session:
        assert returned(session, "compiler") == [False, False]
        assert returned(session, "align") is True
        assert returned(session, "compiler") == [True, True]
        assert returned(session, "optimize") == 0
        assert session.noticed == set()


def test_two_at_once_see_nothing_of_each_other(sandbox: WarmBubblewrap) -> None:
    with running(sandbox, Limits(), LOOK) as one, running(sandbox, Limits(), LOOK) as two:
        for session in (one, two):
            assert session.prepare() == {}
        returned(one, "execute", textwrap.dedent(CHANGES))
        base = str(sandbox.nursery.base)
        own = [returned(session, "evaluate", f"os.listdir({base!r})") for session in (one, two)]
        assert [len(names) for names in own] == [1, 1]
        assert own[0] != own[1]
        assert returned(two, "evaluate", "os.path.exists('/tmp/left')") is False
        assert returned(two, "evaluate", "os.path.exists('/dev/shm/left')") is False
        for session in (one, two):
            names = "[p for p in os.listdir('/proc') if p.isdigit()]"
            assert returned(session, "evaluate", names) == ["2"]


@pytest.mark.parametrize(
    "disk",
    ["/dev/shm", pytest.param("/var/tmp", marks=pytest.mark.slow)],  # the first often noexec
)
def test_folders_elsewhere_than_in_tmp_are_not_seen_either(
    disk: str, sandbox: WarmBubblewrap
) -> None:
    with (
        tempfile.TemporaryDirectory(dir=disk) as scratch,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(warm, "scratch_for_sockets", lambda: Path(scratch))
        elsewhere = Nursery(sandbox.cold)
        patch.setitem(warm._NURSERIES, os.getpid(), elsewhere)
        try:
            with running(sandbox, Limits(), LOOK) as one, running(sandbox, Limits(), LOOK) as two:
                assert one.prepare() == two.prepare() == {}
                seen: object = returned(two, "evaluate", f"os.listdir({str(elsewhere.base)!r})")
                assert isinstance(seen, list)
                assert len(seen) == 1
        finally:
            elsewhere.close()


def test_a_signal_to_the_whole_group_ends_nothing_of_others(nursery: Nursery) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(warm._NURSERIES, os.getpid(), nursery)
        sandbox = WarmBubblewrap(nursery.wrap)
        with running(sandbox, Limits(), LOOK) as one, running(sandbox, Limits(), LOOK) as two:
            assert one.prepare() == two.prepare() == {}
            assert ask(one, "execute", "os.kill(0, 9)").status is Status.killed
            assert returned(two, "evaluate", "1 + 1") == 2
            assert two.starts == 1
            assert nursery.alive


def test_a_kernel_that_ends_with_its_parent_is_not_the_students_fault(nursery: Nursery) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(warm._NURSERIES, os.getpid(), nursery)
        with running(WarmBubblewrap(nursery.wrap), Limits(), LOOK) as session:
            assert session.prepare() == {}
            inside = psutil.Process(nursery._process.pid).children(recursive=True)
            nursery._process.kill()
            psutil.wait_procs(inside, timeout=10)  # it may answer a last question until then
            assert ask(session, "evaluate", "1 + 1").status is Status.infra_error
            assert returned(session, "evaluate", "1 + 1") == 2  # by a new one
            warm._NURSERIES[os.getpid()].close()


def test_the_first_process_of_a_submission_cannot_be_interrupted(sandbox: WarmBubblewrap) -> None:
    with running(sandbox, Limits(), LOOK) as session:
        assert session.prepare() == {}
        returned(session, "execute", "import signal; os.kill(1, signal.SIGINT); time.sleep(0.3)")
        assert returned(session, "evaluate", "1 + 1") == 2
        assert session.starts == 1


def test_a_system_call_for_looking_into_others_is_refused(sandbox: WarmBubblewrap) -> None:
    with running(sandbox, Limits(), LOOK) as session:
        assert session.prepare() == {}
        status = str(returned(session, "evaluate", "open('/proc/self/status').read()"))
        assert "Seccomp:\t2" in status
        returned(session, "execute", "import ctypes; libc = ctypes.CDLL(None, use_errno=True)")
        for call in ("ptrace(0, 0, 0, 0)", "unshare(0x10000000)", "syscall(310, 1, 0, 0, 0, 0, 0)"):
            answer = returned(session, "evaluate", f"[libc.{call}, ctypes.get_errno()]")
            assert answer == [-1, 1], call


def test_empty_files_do_not_fill_the_machine(sandbox: WarmBubblewrap) -> None:
    with running(sandbox, Limits(), LOOK) as session:
        assert session.prepare() == {}
        for folder in ("/tmp", "/dev/shm", "/home/student", "."):
            free = returned(session, "evaluate", f"os.statvfs({folder!r}).f_favail")
            assert 0 < int(str(free)) <= 20_000


def test_nothing_is_left_behind(nursery: Nursery) -> None:
    folder = nursery.base / "k1"
    (folder / "ipc").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(warm._NURSERIES, os.getpid(), nursery)
        with running(WarmBubblewrap(nursery.wrap), Limits(), LOOK) as session:
            assert session.prepare() == {}
            parent = psutil.Process(nursery._process.pid)
            inside = parent.children(recursive=True)
            assert len(inside) >= 4  # bubblewrap's first process, the parent, and the fork's
        _, left = psutil.wait_procs(inside[2:], timeout=10)
        assert left == []
    nursery.close()
    psutil.wait_procs(inside, timeout=10)
    assert not any(process.is_running() for process in inside)
    assert not nursery.base.exists()


def test_a_fork_that_cannot_be_walled_in_is_refused(nursery: Nursery) -> None:
    folder = nursery.base / "k2"  # its ipc folder is not there, so that the kernel cannot start
    with pytest.raises(InfraError):
        nursery.fork(folder, ["-f", str(folder / "kernel.json")], replace_files(Limits()))


def replace_files(limits: Limits) -> Limits:
    """A size of its scratch folders that no tmpfs takes."""
    return replace(limits, file_bytes=-(2**40))


def test_where_namespaces_cannot_be_nested_kernels_start_cold(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    with caplog.at_level(logging.WARNING), pytest.MonkeyPatch.context() as patch:
        patch.delitem(warm._NURSERIES, os.getpid(), raising=False)
        assert warm.find(Bubblewrap(program)) is None
    assert "start cold" in caplog.text
