"""Fixtures of the sandbox tests."""

import pytest

from grader.sandbox import Sandbox, choose_sandbox


@pytest.fixture(scope="session")
def bubblewrap() -> Sandbox:
    """The real thing; these tests need a machine that has it."""
    return choose_sandbox("bubblewrap")
