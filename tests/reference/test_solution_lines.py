"""The marked lines are whole answers: they work in the notebook's functions, with its imports."""

import inspect
import textwrap

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reference import ddpm, schedules

TEMPLATE_NAMES = {"torch": torch, "nn": nn, "F": F, "np": np}

FUNCTIONS = """
def beta_schedule(beta1, beta2, T, schedule='linear'):
{beta_schedule}
    return betas

def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
{ddpm_schedules}
    names = locals()
    return {{name: names[name] for name in NAMES}}

class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T = n_T
        self.prediction_type = prediction_type

    def forward(self, x, c):
        loss = None
{forward}
        return loss

    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
{sample}
        return x_i, np.array(x_i_store)
"""


def marked(function, indent):
    lines = inspect.getsource(function).splitlines()
    marks = [line.strip() for line in lines]
    start, end = marks.index("# [solution]"), marks.index("# [/solution]")
    assert marks.count("# [solution]") == marks.count("# [/solution]") == 1
    return textwrap.indent(textwrap.dedent("\n".join(lines[start + 1 : end])), " " * indent)


@pytest.fixture(scope="module")
def notebook():
    """Names that a notebook has after its cells were filled in and run."""
    source = FUNCTIONS.format(
        beta_schedule=marked(schedules.beta_schedule, 4),
        ddpm_schedules=marked(schedules.ddpm_schedules, 4),
        forward=marked(ddpm.DDPM.forward, 8),
        sample=marked(ddpm.DDPM.sample, 8),
    )
    names = {**TEMPLATE_NAMES, "NAMES": list(schedules.ddpm_schedules(0.1, 0.2, 2))}
    exec(compile(source, "notebook", "exec"), names)
    return names


class Echo(nn.Module):
    def forward(self, x, c, t):
        return 0.5 * x + (c + t)[:, None, None, None] / 10


@pytest.mark.parametrize("prediction_type", ["epsilon", "sample"])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_pasted_answers_behave_like_the_reference(notebook, schedule, prediction_type):
    arguments = (Echo(), (1e-4, 0.02), 30, prediction_type, schedule, "cpu")
    theirs, ours = notebook["DDPM"](*arguments), ddpm.DDPM(*arguments)
    assert theirs.state_dict().keys() == ours.state_dict().keys()
    for key, value in ours.state_dict().items():
        assert torch.equal(theirs.state_dict()[key], value)

    x, c = torch.rand(12, 1, 4, 4), torch.arange(12) % 10
    results = []
    for model in (theirs, ours):
        torch.manual_seed(0)
        results.append((model(x, c), *model.sample(10, (1, 4, 4), "cpu")))
    (loss, images, frames), (our_loss, our_images, our_frames) = results
    assert torch.equal(loss, our_loss)
    assert torch.equal(images, our_images)
    np.testing.assert_array_equal(frames, our_frames)
