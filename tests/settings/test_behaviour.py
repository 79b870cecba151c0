"""What a checkpoint's network predicts, in whatever form the student's code keeps and asks it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grader.kit.guided import guided
from grader.messages.message import sentence
from grader.sandbox import KernelSession, Sandbox
from grader.settings import checkpoint as checkpoint_module
from grader.settings.checkpoint import (
    CALLS,
    RANGES,
    Behaviour,
    explained,
    observe,
    observe_in,
    observe_untrained,
    question,
    real_digits,
)
from reference.schedules import ddpm_schedules
from tests.fairness.variant import apply_variant
from tests.settings.conftest import SOLVED, state_of, with_model

T = 400
PREDICTIONS = ("epsilon", "sample")
CORRECT = Path(__file__).parents[1] / "fairness" / "correct"
BEST = '''
class ContextUnet(nn.Module):  # whole class
    """Knows the digits that it was made for: the best answer that there is, in any range."""
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.images = nn.Parameter(torch.zeros(8, 784))
        self.noise = nn.Parameter(torch.zeros(1))
        self.register_buffer("levels", torch.full((400,), 0.5))

    def forward(self, x, c, t, *others):
        T = len(self.levels)
        bar = self.levels[(t.reshape(-1) * T).round().long().clamp(max=T - 1)][:, None]
        flat = x.reshape(len(x), -1)
        distance = ((flat[:, None] - bar.sqrt()[:, None] * self.images) ** 2).sum(2)
        likely = torch.softmax(-distance / (2 * (1 - bar)), dim=1)
        image = likely @ self.images
        noise = (flat - bar.sqrt() * image) / (1 - bar).sqrt()
        return (self.noise * noise + (1 - self.noise) * image).reshape(x.shape)
'''
Ask = Callable[[str, str, float, float], Behaviour]


def best_state(prediction: str, scale: float, shift: float, network: str) -> dict[str, Any]:
    """What the network of ``BEST`` would have learned from data in that range."""
    entries = ddpm_schedules(1e-4, 0.02, T, "linear")
    pixels = torch.tensor(real_digits()[0] / 255.0, dtype=torch.float32)
    return {
        **entries,
        f"{network}.images": pixels * scale + shift,
        f"{network}.noise": torch.ones(1) * (prediction == "epsilon"),
        f"{network}.levels": entries["alphabar_t"],
    }


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Ask:
    """Asks the best network for data of a range, kept by the ``DDPM`` of a correct variant."""

    def run(variant: str, prediction: str, scale: float, shift: float) -> Behaviour:
        notebook = apply_variant(SOLVED, BEST)
        network = "nn_model"
        if variant:
            text = (CORRECT / f"{variant}.py").read_text("utf-8")
            start = text.index("class DDPM")
            notebook = apply_variant(SOLVED, BEST + "\n\n" + text[start:])
            network = "model" if "self.model" in text else "nn_model"
        path = tmp_path / "model_final.pth"
        torch.save(best_state(prediction, scale, shift, network), path)
        with with_model(notebook, sandbox) as session:
            assert session.prepare() == {}
            return observe(session, path, f"{prediction}_linear", {})

    return run


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize(
    ("variant", "scale", "shift"),
    [
        ("", 1.0, 0.0),
        ("", 2.0, -1.0),  # by transforms, when the data are read
        ("", 1.0, -0.5),
        ("l12_shifted_by_one_half", 1.0, -0.5),  # in forward
        ("l12_standardised", 1 / 0.3081, -0.1307 / 0.3081),
        ("v21_network_under_another_name", 1.0, 0.0),
        ("v19_classifier_free_mask_kept", 1.0, 0.0),
    ],
)
def test_what_is_predicted_is_seen_in_every_range_and_form(
    variant: str, scale: float, shift: float, prediction: str, ask: Ask
) -> None:
    found = ask(variant, prediction, scale, shift)
    assert found.problem == ""
    assert found.predicts == prediction
    assert found.explains[prediction] > 0.5


@pytest.mark.parametrize("T", [10, 200, 1000])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize(("scale", "shift"), [*RANGES, (3.0, 0.0)])
def test_half_trained_answers_are_told_apart(
    scale: float, shift: float, schedule: str, T: int
) -> None:
    rng = np.random.default_rng(0)
    pixels = np.tile(real_digits()[0] / 255.0, (3, 1))
    entries = ddpm_schedules(1e-4, 0.02, T, schedule)
    bar = entries["alphabar_t"].double().numpy()[rng.integers(0, T, len(pixels))][:, None]
    x_0, noise = pixels * scale + shift, rng.normal(size=pixels.shape)
    x_t = np.sqrt(bar) * x_0 + np.sqrt(1 - bar) * noise
    for name, target in (("epsilon", noise), ("sample", x_0)):
        poor = target + 0.7 * target.std() * rng.normal(size=target.shape)
        assert Behaviour(explained(pixels, x_t, poor)).predicts == name
    for nothing in (np.zeros_like(x_t), 0.1 * rng.normal(size=x_t.shape), 0.05 * x_t):
        assert Behaviour(explained(pixels, x_t, nothing)).predicts is None


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (2.0, -1.0)])
def test_an_image_that_forward_makes_by_a_sigmoid_or_tanh_is_predicted(
    scale: float, shift: float
) -> None:
    rng = np.random.default_rng(0)
    pixels = np.tile(real_digits()[0] / 255.0, (3, 1))
    x_t = 0.8 * (pixels * scale + shift) + 0.6 * rng.normal(size=pixels.shape)
    by_tanh = np.arctanh(np.clip(pixels * scale + shift, -0.99, 0.99))
    by_half_of_tanh = np.arctanh(np.clip(2 * pixels - 1, -0.99, 0.99))
    for answer in (by_tanh, 2 * by_tanh, by_half_of_tanh, 2 * by_half_of_tanh):
        poor = answer + 0.2 * rng.normal(size=answer.shape)
        assert Behaviour(explained(pixels, x_t, poor)).predicts == "sample"


@pytest.mark.parametrize("wrapper", ["nn_model.module.", "nn_model._orig_mod.", "module.nn_model."])
def test_names_of_wrapped_networks_are_understood(
    wrapper: str, own: KernelSession, tmp_path: Path
) -> None:
    path = tmp_path / "model_final.pth"
    state = {k.replace("nn_model.", wrapper, 1): v for k, v in state_of("epsilon_cosine").items()}
    torch.save(state, path)
    assert observe(own, path, "epsilon_cosine", {}).predicts == "epsilon"


def test_the_same_checkpoint_shows_the_same_again(
    own: KernelSession, sandbox: Sandbox, tmp_path: Path
) -> None:
    """In another kernel, too, where its file has another place."""
    path = tmp_path / "model_final.pth"
    torch.save(state_of("sample_linear"), path)
    with with_model(guided(SOLVED, 1.0), sandbox) as other:
        other.prepare()
        seen = [observe(session, path, "sample_linear", {}) for session in (own, other)]
    assert seen[0].explains
    assert seen[0] == seen[1]


RENAMED = """
class DDPM(nn.Module):  # whole class
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.net = nn_model
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.num_steps, self.target, self.kind = n_T, prediction_type, schedule

    def forward(self, x, c):
        t = torch.randint(0, self.num_steps, (len(x),))
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        return F.mse_loss(self.net(x_t, c, t / self.num_steps), noise)

    def sample(self, n_sample, size, device):
        assert (self.num_steps, self.target, self.kind) == (12, "sample", "cosine")
        return torch.zeros(n_sample, *size), []
"""


@pytest.fixture(scope="module")
def renamed(sandbox: Sandbox) -> Iterator[KernelSession]:
    """A model that was made for 400 steps of the linear schedule and the noise, in its own words."""
    with with_model(apply_variant(SOLVED, BEST + RENAMED), sandbox) as session:
        assert session.prepare() == {}
        yield session


def test_attributes_of_any_name_become_those_of_the_checkpoint(
    renamed: KernelSession, tmp_path: Path
) -> None:
    path = tmp_path / "model_final.pth"
    state = best_state("sample", 1.0, 0.0, "net") | ddpm_schedules(1e-4, 0.02, 12, "cosine")
    torch.save(state, path)
    inputs = question("sample_cosine", measure="samples", n_sample=10)
    outcome = renamed.probe("network", inputs, files={"path": (path, "w.pth")})
    assert outcome.message == ""
    assert outcome.arrays["images"].shape == (10, 784)


def test_a_model_that_cannot_be_made_is_no_fault_of_ours(sandbox: Sandbox, tmp_path: Path) -> None:
    """The cell that makes the model is not there, and the constructor wants more than is known."""
    notebook = apply_variant(SOLVED, BEST.replace("n_classes=10", "n_classes=10, *, depth"))
    notebook.cells = [c for c in notebook.cells if "ddpm = DDPM(" not in c.source]
    path = tmp_path / "model_final.pth"
    torch.save(best_state("epsilon", 1.0, 0.0, "nn_model"), path)
    with with_model(notebook, sandbox) as session:
        session.prepare()
        problem = sentence(observe(session, path, "epsilon_linear", {}).problem)
    assert problem.startswith("the notebook lacks a cell that makes its own ddpm")
    assert "depth" in problem


HANDS_ON = """
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(784))

    def forward(self, x, c, t):
        return x + self.weight.reshape(x.shape[1:])
"""


def test_a_network_that_hands_on_its_input_was_not_trained_for_that(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "model_final.pth"
    weight = torch.randn(784) / 100
    torch.save({**ddpm_schedules(1e-4, 0.02, T, "linear"), "nn_model.weight": weight}, path)
    with with_model(apply_variant(SOLVED, HANDS_ON), sandbox) as session:
        assert session.prepare() == {}
        untrained = observe_untrained(session, path, "epsilon_linear")
        found = observe(session, path, "epsilon_linear", untrained)
    assert replace(found, untrained={}).predicts == "epsilon"  # x_t is mostly noise
    assert found.predicts is None


def test_training_shows_beside_an_untrained_copy(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "model_final.pth"
    for setting in ("epsilon_linear", "sample_cosine"):
        torch.save(state_of(setting), path)
        with with_model(guided(SOLVED, 1.0), sandbox) as session:
            session.prepare()
            untrained = observe_untrained(session, path, setting)
            found = observe(session, path, setting, untrained)
        assert max(untrained.values()) < 0.2
        assert found.predicts == setting.split("_")[0]


@pytest.mark.parametrize(("rest", "calls"), [(0.3, 1), (0.8, CALLS), (1.2, CALLS)])
def test_more_images_are_shown_only_where_few_leave_a_doubt(
    rest: float, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``rest``: standard deviation of what the answers differ from the noise by."""
    random = np.random.default_rng(0)
    seeds = []

    def asked(session: Any, path: Any, inputs: Any, scale: float, shift: float) -> Any:
        seeds.append(inputs["seed"])
        x = real_digits()[0] / 255.0
        noise = random.standard_normal(x.shape)
        answer = noise + rest * random.standard_normal(x.shape)
        return x, 0.6 * x + 0.8 * noise, answer

    monkeypatch.setattr(checkpoint_module, "ask_network", asked)
    found = observe_in(None, "w.pth", "epsilon_linear", 1.0, 0.0, {})  # type: ignore[arg-type]
    assert seeds == list(range(calls))
    assert found.explains["epsilon"] == pytest.approx(1 - rest**2, abs=0.05)
    assert found.predicts == ("epsilon" if rest < 1 else None)


def test_what_an_untrained_copy_explains_nearly_as_well_leaves_a_doubt() -> None:
    assert Behaviour({"epsilon": 0.9, "sample": -3.0}).plain
    assert not Behaviour({"epsilon": 0.4, "sample": -3.0}).plain
    assert not Behaviour({"epsilon": 0.9, "sample": -3.0}, untrained={"epsilon": 0.85}).plain
