"""Fixtures of the sandbox tests."""

import re
from collections.abc import Iterator

import pytest

from grader.sandbox import Sandbox, choose_sandbox, warm
from grader.sandbox.bubblewrap import text_of
from grader.sandbox.warm import Nursery, WarmBubblewrap


@pytest.fixture(scope="session")
def bubblewrap() -> Sandbox:
    """The real thing; these tests need a machine that has it."""
    return choose_sandbox("bubblewrap")


@pytest.fixture(scope="module", params=["warm", "cold"])
def lean(request: pytest.FixtureRequest, bubblewrap: Sandbox) -> Iterator[Sandbox]:
    """Both ways to start a kernel, for tests that need no torch: the warm parent imports little."""
    if not isinstance(bubblewrap, WarmBubblewrap):
        pytest.skip("namespaces cannot be nested on this machine")
    if request.param == "cold":
        yield bubblewrap.cold
        return
    few = 'WARM = ("ipykernel.kernelapp",)\n'
    text = re.sub(r"WARM = \(.*?\n\)\n", few, text_of(warm.MEMORY, warm.NURSERY), flags=re.S)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "text_of", lambda *programs: text)
        nursery = Nursery(bubblewrap.cold)
        patch.setattr(WarmBubblewrap, "nursery", nursery)
        yield bubblewrap
        nursery.close()
