"""Checkpoints as students leave them, and a session that holds a solved notebook."""

from collections.abc import Iterator

import pytest
import torch
from nbformat import NotebookNode

from grader.intake import plan_model
from grader.kit.fill import DIFFUSION, read_template, solve
from grader.kit.guided import guided
from grader.pictures.decode import decoding_session
from grader.sandbox import KernelSession, Limits, Sandbox, choose_sandbox
from reference.schedules import ddpm_schedules
from reference.weights import load
from tests.digits.conftest import random_grids, real_digits

__all__ = ["random_grids", "real_digits"]

SOLVED = solve(read_template(DIFFUSION))


def with_model(notebook: NotebookNode, sandbox: Sandbox) -> KernelSession:
    """A kernel in which the notebook makes its model."""
    statements = plan_model(notebook).statements
    return KernelSession(statements, sandbox=sandbox, limits=Limits(), seed=0)


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    return choose_sandbox("bubblewrap")


@pytest.fixture(scope="module")
def clean(sandbox: Sandbox) -> Iterator[KernelSession]:
    """A kernel in which no student's code ran."""
    with decoding_session(sandbox, Limits()) as session:
        yield session


@pytest.fixture(scope="module")
def own(sandbox: Sandbox) -> Iterator[KernelSession]:
    """A kernel with the solved notebook's own model, whose network has guidance."""
    with with_model(guided(SOLVED, 1.0), sandbox) as session:
        assert session.prepare() == {}
        yield session


@pytest.fixture(scope="module")
def plain(sandbox: Sandbox) -> Iterator[KernelSession]:
    """The same with the network that is given out."""
    with with_model(SOLVED, sandbox) as session:
        assert session.prepare() == {}
        yield session


def entries(schedule: str, T: int, one_more: bool) -> dict[str, torch.Tensor]:
    """The eight entries, T of each, or T + 1 of which the first is not used."""
    made: dict[str, torch.Tensor] = ddpm_schedules(1e-4, 0.02, T, schedule)
    if not one_more:
        return made
    beta = torch.cat([torch.zeros(1), made["beta_t"]])
    if schedule == "linear":
        beta = 1e-4 + (0.02 - 1e-4) * torch.arange(T + 1) / T
    alphabar = torch.cumprod(1 - beta, 0)
    return {
        "beta_t": beta,
        "sqrt_beta_t": beta.sqrt(),
        "alpha_t": 1 - beta,
        "alphabar_t": alphabar,
        "sqrtab": alphabar.sqrt(),
        "oneover_sqrta": 1 / (1 - beta).sqrt(),
        "sqrtmab": (1 - alphabar).sqrt(),
        "bt_over_sqrtmab": beta / (1 - alphabar).sqrt().clamp(min=1e-8),
    }


def state_of(
    setting: str, T: int = 400, one_more: bool = False, schedule: str | None = None
) -> dict[str, torch.Tensor]:
    """A trained network with buffers of any length, for it is told t / T and knows no more."""
    network = load(setting).nn_model.state_dict()
    schedule = schedule or setting.split("_")[1]
    return {
        **{f"nn_model.{name}": weight for name, weight in network.items()},
        **entries(schedule, T, one_more),
    }
