"""The cores are shared out between submissions, whatever one of them starts."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grader.sandbox import Limits, Sandbox
from grader.sandbox.kernel import CellRaisedError, Kernel, KernelGoneError

WORK = "sum(n * n for n in range(5_000_000))"
BURN = """
import os, time
for _ in range(250):
    if os.fork() == 0:
        {}
        while True:
            pass
time.sleep(60)
"""
HARMFUL, SLOWER = 3, 3.0


@contextmanager
def burning(sandbox: Sandbox, source: str) -> Iterator[list[str]]:
    """Kernels that want all cores for themselves; what became of each, once it is over."""
    ended: list[str] = []
    begun = threading.Barrier(HARMFUL + 1)

    def burn() -> None:
        kernel = Kernel(sandbox, Limits())
        try:
            kernel.start()
            begun.wait()
            kernel.run(source, 20)
        except (KernelGoneError, CellRaisedError) as error:
            ended.append(str(error))
        finally:
            kernel.close()

    threads = [threading.Thread(target=burn) for _ in range(HARMFUL)]
    for thread in threads:
        thread.start()
    begun.wait()
    yield ended
    for thread in threads:
        thread.join()


def seconds(kernel: Kernel) -> float:
    began = time.monotonic()
    kernel.run(WORK, 120)
    return time.monotonic() - began


def slowed(sandbox: Sandbox, source: str) -> tuple[float, list[str]]:
    """How many times longer honest work takes beside them, and what became of them."""
    kernel = Kernel(sandbox, Limits())
    kernel.start()
    try:
        alone = min(seconds(kernel) for _ in range(2))
        with burning(sandbox, source) as ended:
            beside = seconds(kernel)
    finally:
        kernel.close()
    return beside / alone, ended


@pytest.mark.slow  # a quiet machine is needed to compare times
@pytest.mark.parametrize("how", ["os.setsid()", "pass"])
def test_honest_work_beside_burning_children_takes_at_most_three_times_as_long(
    how: str, lean: Sandbox
) -> None:
    ratio, ended = slowed(lean, BURN.format(how))
    assert ratio < SLOWER
    assert len(ended) == HARMFUL


@pytest.mark.slow
def test_so_it_is_twenty_times_out_of_twenty(lean: Sandbox) -> None:
    ratios = [slowed(lean, BURN.format("os.setsid()"))[0] for _ in range(20)]
    assert max(ratios) < SLOWER, ratios
