"""forward raises a NameError: a variable was renamed in one place only."""

EXPECT = {"loss": "error"}


def edit(nb):
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    cell.source = cell.source.replace("noise = torch.randn_like(x)", "eps = torch.randn_like(x)")
