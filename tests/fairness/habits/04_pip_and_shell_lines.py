"""Installs and shell lines in every form, also within cells of Python."""

from nbformat.v4 import new_code_cell


def edit(nb):
    nb.cells.insert(
        0, new_code_cell("!pip install -q einops wandb\n%pip install tqdm\n!pip3 list | grep torch")
    )
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    cell.source = "!echo schedules\nfiles = !ls\n" + cell.source + "\n!ls -la ./data"
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    cell.source += "\n\nif True:\n    !mkdir -p results\n    print('ok')"
