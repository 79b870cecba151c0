"""Runs student code behind walls and hands back plain arrays and JSON."""

from typing import Literal

from grader.errors import SandboxUnavailable
from grader.sandbox import bubblewrap, warm
from grader.sandbox.ahead import Ahead
from grader.sandbox.launch import open_as_many_as_allowed
from grader.sandbox.limits import JSON, InfraError, Limits, Outcome, Status
from grader.sandbox.plain import Plain
from grader.sandbox.seeds import derived
from grader.sandbox.session import KernelSession
from grader.sandbox.starting import Sandbox, Starter

__all__ = [
    "JSON",
    "Ahead",
    "InfraError",
    "KernelSession",
    "Limits",
    "Outcome",
    "Sandbox",
    "SandboxUnavailable",
    "Status",
    "choose_sandbox",
    "derived",
]


def choose_sandbox(name: Literal["auto", "bubblewrap", "none"]) -> Starter:
    """The sandbox of that name; ``auto`` is bubblewrap, never silently none.

    Raises ``SandboxUnavailable`` with the reason why bubblewrap cannot run here.
    """
    open_as_many_as_allowed()
    if name == "none":
        return Plain()
    try:
        cold = bubblewrap.find()
    except SandboxUnavailable as error:
        raise SandboxUnavailable(
            f"No sandbox on this machine: {error} (--sandbox none runs without one)"
        ) from None
    return warm.find(cold) or cold
