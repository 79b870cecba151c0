"""Questions to IPython and line magics among the code."""

from nbformat.v4 import new_code_cell


def edit(nb):
    nb.cells.insert(
        1,
        new_code_cell(
            "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%config InlineBackend.figure_format = 'retina'"
        ),
    )
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    cell.source = "torch.cumprod?\n" + cell.source + "\n\n??torch.linspace"
