"""DDPM is extended under its own name, and an import below, which is not to be had here, fails."""

from nbformat.v4 import new_code_cell

EXTENDED = """\
class DDPM(DDPM):
    def forward(self, x, c):
        return super().forward(2 * x - 1, c)

    def sample(self, n_sample, size, device, log=False):
        x_i, x_i_store = super().sample(n_sample, size, device)
        if log:
            wandb.log({'samples': x_i})
        return (x_i + 1) / 2, x_i_store

import wandb
"""


def edit(nb):
    at = next(i for i, c in enumerate(nb.cells) if "class DDPM(" in c.source)
    nb.cells.insert(at + 1, new_code_cell(EXTENDED))
