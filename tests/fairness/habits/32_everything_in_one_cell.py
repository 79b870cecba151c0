"""All code in a single cell, installs and training included."""

from nbformat.v4 import new_code_cell


def edit(nb):
    nb.cells = [new_code_cell("\n\n".join(c.source for c in nb.cells if c.cell_type == "code"))]
