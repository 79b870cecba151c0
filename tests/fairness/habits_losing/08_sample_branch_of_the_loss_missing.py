"""forward has no branch for sample prediction: loss stays None there."""

EXPECT = {"loss": "partial"}


def edit(nb):
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    branch = "loss = F.mse_loss(prediction, x)"
    assert branch in cell.source
    cell.source = cell.source.replace(branch, "pass")
