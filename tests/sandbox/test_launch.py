"""What every kernel is started with."""

import resource
import subprocess
import sys

import pytest

from grader.sandbox import Limits, Sandbox, provisioner
from grader.sandbox.kernel import Kernel
from grader.sandbox.launch import kernel_command, open_files
from grader.sandbox.limits import InfraError
from grader.sandbox.warm import WarmBubblewrap

RAISED = """
import resource
from grader.sandbox import choose_sandbox
choose_sandbox("none")
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
assert soft == hard == 4096, (soft, hard)
"""


@pytest.mark.parametrize(
    ("hard", "expected"), [(1024, 512), (4096, 1024), (resource.RLIM_INFINITY, 1024), (100, 64)]
)
def test_a_kernel_may_open_half_as_many_files_as_the_grader(
    hard: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (64, hard))
    assert open_files() == expected


def test_the_grader_opens_as_many_files_as_it_may() -> None:
    limits = ["sh", "-c", 'ulimit -S -n 1024; ulimit -H -n 4096; exec "$@"', "sh"]
    subprocess.run([*limits, sys.executable, "-c", RAISED], check=True)


def test_why_a_cold_kernel_does_not_start_is_told(
    bubblewrap: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = [*kernel_command(Limits()), "--InteractiveShell.cache_size=many"]
    monkeypatch.setattr(provisioner, "kernel_command", lambda limits: wrong)
    cold = bubblewrap.cold if isinstance(bubblewrap, WarmBubblewrap) else bubblewrap
    with pytest.raises(InfraError) as raised:
        Kernel(cold, Limits()).start()
    assert "cache_size" in str(raised.value)
