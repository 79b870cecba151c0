"""The template: valid, empty where the student works, full once the reference fills it."""

import ast
import hashlib

import nbformat
import pytest
import torch
from nbformat import NotebookNode

from grader.errors import GraderError
from grader.kit.fill import DIFFUSION, REGIONS, TEXT_TO_IMAGE, read_template, solution, solve
from reference.schedules import ddpm_schedules
from reference.unet import ContextUnet

KEYS = [
    "beta_t",
    "sqrt_beta_t",
    "alpha_t",
    "alphabar_t",
    "sqrtab",
    "oneover_sqrta",
    "sqrtmab",
    "bt_over_sqrtmab",
]


@pytest.fixture
def template() -> NotebookNode:
    return read_template(DIFFUSION)


def definitions(notebook: NotebookNode) -> dict[str, object]:
    """The namespace after the cells of imports, schedules, network and DDPM."""
    namespace: dict[str, object] = {}
    for cell in notebook.cells:
        wanted = ("import torch\n", "def beta_schedule", "class ContextUnet", "class DDPM")
        if cell.cell_type == "code" and any(text in cell.source for text in wanted):
            exec(cell.source, namespace)
    return namespace


def code_of(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", [DIFFUSION, TEXT_TO_IMAGE])
def test_is_a_valid_notebook_without_outputs(name: str) -> None:
    notebook = read_template(name)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_cells_stand_in_the_order_that_students_know(template: NotebookNode) -> None:
    landmarks = [
        "!nvidia-smi",
        "!pip3 install torch torchvision",
        "import torch\n",
        "MNIST(",
        "def beta_schedule",
        "log10",
        "step_by_step",
        "class ContextUnet",
        "class DDPM",
        "save_dir =",
        "for epoch in range(n_epoch)",
        "num_samples = 100",
    ]
    sources = code_of(template)
    order = [next(i for i, s in enumerate(sources) if mark in s) for mark in landmarks]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def test_signatures_are_to_the_letter(template: NotebookNode) -> None:
    text = "\n".join(code_of(template))
    for line in (
        "def beta_schedule(beta1, beta2, T, schedule='linear'):",
        "def ddpm_schedules(beta1, beta2, T, schedule='linear'):",
        "def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):",
        "def forward(self, x, c):",
        "def sample(self, n_sample, size, device):",
        "save_dir = f'./results_{prediction_type}_{schedule}/'",
        "device = 'cuda'",
        "save_every = 5",
    ):
        assert line in text


def test_unsolved_functions_return_nothing(template: NotebookNode) -> None:
    namespace = definitions(template)
    for schedule in ("linear", "cosine"):
        assert namespace["beta_schedule"](1e-4, 0.02, 10, schedule) is None
    entries = namespace["ddpm_schedules"](1e-4, 0.02, 10)
    assert list(entries) == KEYS
    assert set(entries.values()) == {None}
    ddpm = namespace["DDPM"](torch.nn.Identity(), (1e-4, 0.02), 10, "epsilon", "linear", "cpu")
    assert ddpm(torch.zeros(2, 1, 28, 28), torch.zeros(2)) is None
    images, store = ddpm.sample(10, (1, 28, 28), "cpu")
    assert images.shape == (10, 1, 28, 28)
    assert len(store) == 0


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_solved_schedules_are_the_references(template: NotebookNode, schedule: str) -> None:
    namespace = definitions(solve(template))
    entries = namespace["ddpm_schedules"](0.01, 0.2, 17, schedule)
    for name, value in ddpm_schedules(0.01, 0.2, 17, schedule).items():
        assert torch.equal(entries[name], value)


def test_the_given_network_is_the_references(template: NotebookNode) -> None:
    given = definitions(template)["ContextUnet"](1, 8, 10)
    own = ContextUnet(1, 8, 10)
    given.load_state_dict(own.state_dict())
    x, c, t = torch.randn(3, 1, 28, 28), torch.tensor([0, 4, 9]), torch.rand(3)
    assert torch.equal(given(x, c, t), own(x, c, t))


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_one_region_can_be_solved_alone(template: NotebookNode, region: str) -> None:
    before, after = code_of(template), code_of(solve(template, only=[region]))
    body = [line.strip() for line in solution(region).splitlines() if line.strip()]
    changed = "\n".join(new for old, new in zip(before, after, strict=True) if old != new)
    assert all(line in changed for line in body)
    for other in set(REGIONS) - {region}:
        last = solution(other).strip().splitlines()[-1]
        assert last not in changed.replace(solution(region), "")


def test_every_solved_cell_is_python(template: NotebookNode) -> None:
    for source in code_of(solve(template)):
        ast.parse("\n".join(line for line in source.splitlines() if not line.startswith("!")))


def test_solving_leaves_the_template_alone(template: NotebookNode) -> None:
    before = hashlib.sha256(nbformat.writes(template).encode()).hexdigest()
    solve(template)
    assert hashlib.sha256(nbformat.writes(template).encode()).hexdigest() == before


def test_a_lost_region_is_named(template: NotebookNode) -> None:
    for cell in template.cells:
        cell.source = cell.source.replace("def sample(", "def draw(")
    with pytest.raises(GraderError, match=r"DDPM\.sample"):
        solve(template)
