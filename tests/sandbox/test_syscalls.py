"""The filter of system calls: what it refuses, and machines on which it cannot be made."""

import inspect
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.errors import SandboxUnavailable
from grader.sandbox import Limits, bubblewrap, syscalls, warm
from tests.sandbox.helpers import returned, running


def mode() -> str:
    status = Path("/proc/self/status").read_text()
    return status.split("Seccomp:")[1].split()[0]


SECCOMP = f"from pathlib import Path\n\n{inspect.getsource(mode)}"


@pytest.fixture
def without_libseccomp(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def missing() -> None:
        raise RuntimeError("Unable to find libseccomp")

    monkeypatch.setattr(syscalls, "library", missing)
    monkeypatch.setattr(warm, "_NURSERIES", {})  # an earlier test's parent had its filter
    syscalls.program.cache_clear()
    warm.find.cache_clear()
    yield
    syscalls.program.cache_clear()
    warm.find.cache_clear()


def test_the_filter_is_a_whole_number_of_instructions() -> None:
    assert len(syscalls.program()) > 8 * len(syscalls.REFUSED)
    assert len(syscalls.program()) % 8 == 0


def test_calls_that_this_machine_does_not_know_leave_the_others_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = syscalls.program()
    monkeypatch.setattr(syscalls, "REFUSED", ("no_such_call", *syscalls.REFUSED))
    assert syscalls.program.__wrapped__() == expected


def test_without_libseccomp_kernels_start_cold_and_are_not_filtered(
    without_libseccomp: None, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with pytest.raises(SandboxUnavailable, match="libseccomp cannot be used"):
        syscalls.program()
    cold = bubblewrap.find()
    with caplog.at_level(logging.WARNING):
        assert warm.find(cold) is None
    assert "start cold" in caplog.text
    assert "libseccomp" in caplog.text
    with running(cold, Limits(), SECCOMP) as session:
        assert session.prepare() == {}
        assert returned(session, "mode") == mode()  # a container may have a filter round itself
