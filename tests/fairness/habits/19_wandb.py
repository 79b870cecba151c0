"""wandb, which the grader does not have, imported with the rest and logged to in the training."""

from nbformat.v4 import new_code_cell


def edit(nb):
    cell = next(c for c in nb.cells if "import os" in c.source)
    cell.source = (
        "import wandb\n"
        + cell.source
        + "\nimport pytorch_lightning as pl\nfrom einops import rearrange"
    )
    nb.cells.insert(
        -2,
        new_code_cell(
            "wandb.login()\nrun = wandb.init(project='ddpm', config=dict(lr=1e-4))\nwandb.watch(ddpm)"
        ),
    )
