"""Cells in between raise: a name that is not there, a failed assertion, a file that was elsewhere."""

from nbformat.v4 import new_code_cell


def edit(nb):
    at = next(i for i, c in enumerate(nb.cells) if "def beta_schedule" in c.source)
    nb.cells.insert(
        at, new_code_cell("beta_t = undefined_name + 1\nT = betas_of_yesterday.shape[0]")
    )
    nb.cells.insert(
        at + 2,
        new_code_cell(
            "out = ddpm_schedules(1e-4, 0.02, 1000)\nassert out['beta_t'].shape == (1001,)"
        ),
    )
    nb.cells.insert(at + 3, new_code_cell("ckpt = torch.load('/home/minsu/hw2/model.pth')"))
