"""from __future__ in the middle of the notebook, type hints and overloads, a script cell magic."""

from nbformat.v4 import new_code_cell


def edit(nb):
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    cell.source = "from __future__ import annotations\n" + cell.source.replace(
        "beta1, beta2, T, schedule='linear'",
        "beta1: float, beta2: float, T: int, schedule: Literal['linear', 'cosine'] = 'linear'",
    )
    nb.cells.insert(0, new_code_cell("%%bash\nls -la\nnvidia-smi | head"))
    nb.cells.insert(1, new_code_cell("%%html\n<h1>과제 2</h1>"))
