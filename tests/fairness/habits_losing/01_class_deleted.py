"""The cell of DDPM was deleted."""

EXPECT = {"loss": "missing", "sampling": "missing"}


def edit(nb):
    nb.cells = [c for c in nb.cells if "class DDPM" not in c.source]
