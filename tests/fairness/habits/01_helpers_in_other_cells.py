"""Helper functions stand in cells of their own, some of them after the cell that uses them."""

from nbformat.v4 import new_code_cell


def edit(nb):
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    _, tail = cell.source.split("def ddpm_schedules", 1)
    cell.source = (
        "def beta_schedule(beta1, beta2, T, schedule='linear'):\n"
        "    return make_linear(beta1, beta2, T) if schedule == 'linear' else make_cosine(T)\n\n\n"
        "def ddpm_schedules" + tail
    )
    linear = "def make_linear(beta1, beta2, T):\n    return torch.linspace(beta1, beta2, T)"
    cosine = (
        "OFFSET = 0.008\n\n"
        "def make_cosine(T):\n"
        "    f = curve(torch.arange(T + 1, dtype=torch.float64) / T)\n"
        "    return (1 - f[1:] / f[:-1]).clamp(max=0.999).float()\n\n"
        "curve = lambda u: torch.cos((u + OFFSET) / (1 + OFFSET) * torch.pi / 2) ** 2"
    )
    nb.cells.insert(nb.cells.index(cell), new_code_cell(linear))
    nb.cells.append(new_code_cell(cosine))
