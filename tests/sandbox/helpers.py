"""Statements for sessions, and a session that can be asked for a function's value."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from grader.sandbox import JSON, KernelSession, Limits, Outcome, Sandbox, Status
from grader.sandbox.sources import probe_code

PROBES = Path(__file__).with_name("probes")


@dataclass(frozen=True)
class Cell:
    """As much of an intake statement as the session needs."""

    source: str
    cell: int = 1
    line: int = 1
    repeatable: bool = False


def cells(*sources: str) -> list[Cell]:
    """One cell for each source."""
    return [Cell(textwrap.dedent(source), number) for number, source in enumerate(sources, 1)]


def returned(session: KernelSession, function: str, *arguments: JSON) -> JSON:
    """What a function of the notebook returns."""
    outcome = ask(session, function, *arguments)
    assert outcome.status is Status.ok, outcome
    return outcome.facts["value"]


def ask(session: KernelSession, function: str, *arguments: JSON, arrays: bool = False) -> Outcome:
    """The outcome of calling a function of the notebook."""
    return session.probe("ask", {"call": function, "arguments": arguments, "arrays": arrays})


@contextmanager
def running(sandbox: Sandbox, limits: Limits, *sources: str) -> Iterator[KernelSession]:
    """A session whose probes are those of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grader.sandbox.session.probe_code", partial(probe_code, folder=PROBES))
        statements = cells(*sources)
        with KernelSession(statements, sandbox=sandbox, limits=limits, seed=1) as session:
            yield session
