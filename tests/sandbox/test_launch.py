"""What every kernel is started with."""

import resource
import subprocess
import sys

import pytest

from grader.sandbox.launch import open_files

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
