"""Few answers of a network: how often they err, how few suffice, and who cannot be asked so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from grader.arrays import Array
from grader.assignment import SETTINGS
from grader.digits.labelled import labelled_tiles
from grader.sandbox import KernelSession, Sandbox
from grader.settings.checkpoint import CLEARLY, RANGES, TRAINED, Behaviour, explained, observe
from grader.settings.evidence import SettingEvidence, comparable
from grader.settings.folders import SettingFiles
from grader.settings.looks import (
    LOOKS,
    Look,
    beyond_doubt,
    explained_by_few,
    glance,
    glance_untrained,
)
from reference.guidance import GuidedUnet
from reference.schedules import ddpm_schedules
from reference.weights import load
from tests.fairness.variant import apply_variant
from tests.settings.conftest import SOLVED, state_of, with_model
from tests.settings.test_behaviour import HANDS_ON
from tests.settings.test_copies import with_noise

T = 400
Network = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
Rows = tuple[Array, Array, Array]
GAUSS = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
BLUR = torch.outer(GAUSS, GAUSS)[None, None]
BOX = torch.full((1, 1, 3, 3), 1 / 9)


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    tiles = labelled_tiles("held_out")
    clear = np.flatnonzero(tiles.clear)
    x = torch.tensor(tiles.ink[clear], dtype=torch.float32).reshape(-1, 1, 28, 28)
    return x, torch.tensor(tiles.column[clear])


X, CLASSES = digits()
MEAN = X.mean(dim=0, keepdim=True)
BELOW: dict[str, Network] = {
    "nothing": lambda x, c, t: 0 * x,
    "half of what it is given": lambda x, c, t: 0.5 * x,
    "a box filter": lambda x, c, t: F.conv2d(x, BOX, padding=1),
    "a blur": lambda x, c, t: F.conv2d(x, BLUR, padding=2),
    "a blur that is scaled up": lambda x, c, t: 1.1 * F.conv2d(x, BLUR, padding=2),
    "half of the mean digit": lambda x, c, t: 0.3 * MEAN.expand_as(x),
}
"""What explains less than ``TRAINED`` of the image over all steps, and could seem to do more."""


def noisy(
    network: Network, steps: Array, rng: np.random.Generator, scale: float = 1.0, shift: float = 0.0
) -> Rows:
    """Digits of a range, noisy ones and answers, each (N, 784), at these steps of the linear
    schedule."""
    entries, t = ddpm_schedules(1e-4, 0.02, T, "linear"), torch.tensor(steps)
    chosen = torch.tensor(rng.integers(0, len(X), len(t)))
    x = X[chosen] * scale + shift
    noise = torch.tensor(rng.standard_normal((len(t), 1, 28, 28)), dtype=X.dtype)
    level = entries["sqrtab"][t, None, None, None], entries["sqrtmab"][t, None, None, None]
    x_t = level[0] * x + level[1] * noise
    with torch.no_grad():
        answer = network(x_t, CLASSES[chosen], t / T)
    return tuple(v.reshape(-1, 784).double().numpy() for v in (x, x_t, answer))  # type: ignore[return-value]


def over_all_steps(
    network: Network, rng: np.random.Generator, of: tuple[float, float] = RANGES[0]
) -> dict[str, float]:
    return explained(*noisy(network, rng.integers(0, T, 250), rng, *of))


def trials(
    network: Network,
    count: int,
    rng: np.random.Generator,
    of: tuple[float, float] = RANGES[0],
) -> list[tuple[str | None, int]]:
    """What the test says of a network, and after how many answers; again and again."""
    alphabar = ddpm_schedules(1e-4, 0.02, T, "linear")["alphabar_t"].numpy()
    beside = noisy(lambda x, c, t: x, rng.integers(0, T, 7), rng, *of)[:2]
    pools: dict[float, Rows] = {}

    def looked(levels: tuple[float, ...], trial: int) -> Look:
        rows = []
        for level in levels:
            if level not in pools:
                noise = (1 - alphabar) / (alphabar * float(X.var()) * of[0] ** 2)
                step = int(np.argmin(np.abs(np.log(noise / level))))
                pools[level] = noisy(network, np.full(count, step), rng, *of)
            rows.append(tuple(v[trial % count] for v in pools[level]))
        x, x_t, answer = (np.stack(part) for part in zip(*rows, strict=True))
        both = (np.concatenate([own, more]) for own, more in zip((x, x_t), beside, strict=True))
        return Look(*both, np.arange(len(levels)), answer)

    found = []
    for trial in range(count):
        seen: list[Look] = []
        said = None
        for number, levels in enumerate(LOOKS):
            seen.append(looked(levels, trial + 7 * number))
            answers = sum(len(look.rows) for look in seen)
            behaviour = Behaviour(explained_by_few(seen))
            if beyond_doubt(behaviour, answers):
                said = behaviour.predicts
            if said is not None or behaviour.best < CLEARLY:
                break
        found.append((said, answers))
    return found


def test_hardly_any_network_below_the_limit_is_called_trained() -> None:
    """The error rate that ``grader.settings.looks`` states: 1 in 1000."""
    rng, tried, wrong, count = np.random.default_rng(0), 0, 0, 300
    for name, network in BELOW.items():
        for of in RANGES:
            if over_all_steps(network, rng, of)["sample"] >= TRAINED:
                assert of != RANGES[0], name  # strong digits in little noise
                continue
            found = [said for said, _ in trials(network, count, rng, of)]
            wrong += sum(said == "sample" for said in found)
            tried += count
    assert tried >= 3000
    assert wrong <= tried / 1000


@pytest.mark.parametrize("setting", ["epsilon_linear", "sample_linear"])
def test_weak_networks_are_never_called_what_they_are_not(setting: str) -> None:
    """Down to those that explain less than a quarter; the weakest must leave a doubt."""
    rng, prediction = np.random.default_rng(1), setting.split("_", maxsplit=1)[0]
    network = load(setting).nn_model
    learnt = {name: weight.clone() for name, weight in network.state_dict().items()}
    torch.manual_seed(1)
    made = GuidedUnet(1, network.n_feat).state_dict()
    shares = []
    for part in (0.3, 0.5, 0.8):
        weights = {n: (1 - part) * weight + part * made[n] for n, weight in learnt.items()}
        network.load_state_dict(weights)
        shares.append(over_all_steps(network, rng)[prediction])
        found = {said for said, _ in trials(network, 40, rng)}
        assert found <= ({prediction, None} if shares[-1] >= TRAINED else {None})
    assert shares[0] > TRAINED > shares[-1]


@pytest.mark.parametrize("setting", SETTINGS)
def test_trained_networks_need_few_answers(setting: str) -> None:
    rng = np.random.default_rng(2)
    found = trials(load(setting).nn_model, 100, rng)
    assert {said for said, _ in found} <= {setting.split("_", maxsplit=1)[0], None}
    assert np.mean([answers for _, answers in found]) < 1.6
    assert np.mean([said is None for said, _ in found]) <= 0.03


def changed(setting: str, how: str) -> dict[str, torch.Tensor]:
    state = state_of(setting)
    if how == "untrained":
        torch.manual_seed(0)
        return state | {f"nn_model.{n}": w for n, w in GuidedUnet(1, 24).state_dict().items()}
    return with_noise(state, float(how))


@pytest.mark.parametrize("how", ["0", "0.3", "0.5", "0.7", "untrained"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_few_answers_say_what_all_say(
    setting: str, how: str, own: KernelSession, tmp_path: Path
) -> None:
    path = tmp_path / "model_final.pth"
    torch.save(changed(setting, how), path)
    few = glance(own, path, setting, {}).behaviour
    assert few is not None or how != "0"
    if few is not None:
        assert few.problem == ""
        assert few.predicts == observe(own, path, setting, {}).predicts


FILTER = """
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.filter = nn.Conv2d(1, 1, 5, padding=2, bias=False)

    def forward(self, x, c, t):
        return self.filter(x)
"""


def test_a_filter_among_the_weights_gains_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    """It clears faint noise, and makes nothing of strong noise: few say nothing that all do not."""
    path = tmp_path / "model_final.pth"
    torch.save({**ddpm_schedules(1e-4, 0.02, T, "linear"), "nn_model.filter.weight": BLUR}, path)
    with with_model(apply_variant(SOLVED, FILTER), sandbox) as session:
        assert session.prepare() == {}
        for seed in range(3):
            few = glance(session, path, "sample_linear", {}, seed).behaviour
            assert few is None or few.explains["epsilon"] < 0
            if few is not None:  # in the range of digits so strong that it removes most noise
                all_of_them = observe(session, path, "sample_linear", {}, seed)
                assert few.predicts == all_of_them.predicts


def test_a_network_that_hands_on_its_input_leaves_a_doubt(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "model_final.pth"
    weight = torch.randn(784) / 100
    torch.save({**ddpm_schedules(1e-4, 0.02, T, "linear"), "nn_model.weight": weight}, path)
    with with_model(apply_variant(SOLVED, HANDS_ON), sandbox) as session:
        assert session.prepare() == {}
        untrained = glance_untrained(session, path, "epsilon_linear")
        assert untrained is not None
        assert glance(session, path, "epsilon_linear", untrained).behaviour is None


KEPT_CLASS = """
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.names = nn.Embedding(n_classes, 1)

    def forward(self, x, t):
        return self.weight * x + self.names(self.classes)[:, :, None, None]


class DDPM(nn.Module):
    def forward(self, x, c):
        self.nn_model.classes = c
        t = torch.randint(0, self.n_T, (len(x),))
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        return F.mse_loss(noise, self.nn_model(x_t, t / self.n_T))
"""


def test_a_network_that_is_told_of_all_images_elsewhere_is_asked_for_all(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "model_final.pth"
    entries = ddpm_schedules(1e-4, 0.02, T, "linear")
    weights = {"nn_model.weight": torch.ones(1), "nn_model.names.weight": torch.zeros(10, 1)}
    torch.save({**entries, **weights}, path)
    with with_model(apply_variant(SOLVED, KEPT_CLASS), sandbox) as session:
        assert session.prepare() == {}
        assert glance_untrained(session, path, "epsilon_linear") is None
        found = observe(session, path, "epsilon_linear", {})
    assert found.problem == ""
    assert found.explains["epsilon"] > 0.3


def test_one_gray_tells_which_networks_need_no_second_look() -> None:
    """Those of different folders were asked for different grays; that of one may be missing."""
    rng, tried, names = np.random.default_rng(0), {}, ("epsilon_linear", "epsilon_cosine")
    for name in (*names, "sample_linear", "sample_cosine"):
        behaviour = Behaviour({"epsilon": 0.9, "sample": -3.0})
        tried[name] = SettingEvidence(SettingFiles(name, {}, ()), behaviour=behaviour)
    first, second = {name: tried[name] for name in names}, rng.standard_normal((2, 1, 784))
    assert comparable(first, dict(zip(names, second, strict=True))) == []
    nearly = {names[0]: second[0], names[1]: second[0] + 0.1 * second[1]}
    assert comparable(first, nearly) == list(names)
    assert comparable(first, {names[0]: second[0]}) == list(names)
    assert len(comparable(tried, dict(zip(names, second, strict=True)))) == 4
