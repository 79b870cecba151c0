"""How long the evidence of four full-size settings takes: checkpoints of 26 MB, no pictures."""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
from rich.progress import track
from rich.table import Table
from torch import nn

from benchmarks.material import solved, submission
from benchmarks.show import Samples, spread
from benchmarks.speed import sandboxes, scratch, seconds
from grader.digits.decode import decoding_session
from grader.intake import plan_model
from grader.sandbox import Limits, Sandbox
from grader.settings import checkpoint
from grader.settings.checkpoint import real_digits
from grader.settings.evidence import SettingEvidence, look, try_checkpoints
from grader.settings.folders import FILES, SETTINGS
from reference.schedules import ddpm_schedules
from reference.unet import ContextUnet

N_FEAT, T, COPIES = 128, 400, 4
RIDGE = 1e-3  # of the mean square of a feature


def settings(rounds: int) -> Table:
    """Seconds from the submission's folder to what all four networks predict."""
    warm, cold = sandboxes()
    samples = Samples()
    with scratch() as folder, quickly_fitted_will_do():
        root = submission(folder / "2023-12345")
        size = sum(save(root, setting) for setting in SETTINGS)
        evidence(root, warm)  # the parent's own imports are paid once a run
        for _ in track(range(rounds), description="settings"):
            samples.add("warm", seconds(partial(evidence, root, warm)))
            samples.add("cold", seconds(partial(evidence, root, cold)))
    table = Table("kernels", "seconds", title="evidence of four settings, n_feat = 128")
    for name, values in samples.items():
        table.add_row(name, spread(values))
    table.caption = f"{size / 2**20:.0f} MiB of checkpoints, two kernels"
    return table


def quickly_fitted_will_do() -> AbstractContextManager[object]:
    """Trained networks explain so much of their target that one call does and no other range of
    the data is tried; of these, a context in which less is enough."""
    return mock.patch.multiple(checkpoint, CLEARLY=checkpoint.TRAINED, PLAIN=1.0)


def evidence(root: Path, sandbox: Sandbox) -> dict[str, SettingEvidence]:
    """Exits if a network is not seen to predict what it does: the time would mean nothing."""
    with decoding_session(sandbox, Limits()) as clean:
        seen = look(root, clean, look_inside=True)
    seen = try_checkpoints(seen, lambda: plan_model(solved()), sandbox, Limits(), 0)
    for setting in SETTINGS:
        behaviour = seen[setting].behaviour
        if behaviour is None or behaviour.predicts != setting.split("_", maxsplit=1)[0]:
            raise SystemExit(f"{setting} was not read rightly: {behaviour}")
    return seen


def save(root: Path, setting: str) -> int:
    """A checkpoint as the notebook leaves it; its size in bytes."""
    prediction, schedule = setting.split("_")
    entries = ddpm_schedules(1e-4, 0.02, T, schedule)
    network = quickly_fitted(prediction, entries, SETTINGS.index(setting))
    weights = {f"nn_model.{name}": value for name, value in network.state_dict().items()}
    path = root / f"results_{setting}" / FILES["checkpoint"]
    path.parent.mkdir()
    torch.save({**weights, **entries}, path)
    return path.stat().st_size


@torch.no_grad()
def quickly_fitted(prediction: str, entries: dict[str, torch.Tensor], seed: int) -> ContextUnet:
    """A random network whose last layer alone is fitted, by least squares: trained in seconds."""
    torch.manual_seed(seed)
    network = ContextUnet(1, N_FEAT).eval()
    pixels, labels = real_digits()
    x = torch.tensor(pixels / 255.0, dtype=torch.float32).reshape(-1, 1, 28, 28)
    x, c = x.repeat(COPIES, 1, 1, 1), torch.tensor(labels).repeat(COPIES)
    t, noise = torch.randint(0, T, (len(x),)), torch.randn_like(x)
    x_t = (
        entries["sqrtab"][t, None, None, None] * x + entries["sqrtmab"][t, None, None, None] * noise
    )
    features: list[torch.Tensor] = []
    last = network.head[-1]
    assert isinstance(last, nn.Conv2d)
    handle = last.register_forward_pre_hook(lambda _, args: features.append(args[0]))
    network(x_t, c, t / T)
    handle.remove()
    columns = F.unfold(features[0], 3, padding=1).transpose(1, 2).flatten(0, 1).double()
    columns = torch.cat([columns, torch.ones(len(columns), 1)], dim=1)
    target = (noise if prediction == "epsilon" else x).reshape(-1, 1).double()
    square = columns.T @ columns
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square))
    solution = torch.linalg.solve(square, columns.T @ target).float()
    last.weight.copy_(solution[:-1].reshape(last.weight.shape))
    assert last.bias is not None
    last.bias.copy_(solution[-1])
    return network
