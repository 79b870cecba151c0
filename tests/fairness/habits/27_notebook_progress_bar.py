"""tqdm.notebook instead of tqdm, also in sample, and IPython's display."""


def edit(nb):
    cell = next(c for c in nb.cells if "import os" in c.source)
    cell.source = (
        cell.source.replace("from tqdm import tqdm", "from tqdm.notebook import tqdm")
        + "\nfrom IPython.display import clear_output, display, HTML"
    )
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    loop = "range(self.n_T - 1, -1, -1)"
    assert loop in cell.source
    cell.source = cell.source.replace(loop, f"tqdm({loop}, leave=False)")
