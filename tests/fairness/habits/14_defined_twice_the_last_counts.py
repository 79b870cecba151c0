"""A wrong first attempt at every definition stands above; the last one counts."""

from nbformat.v4 import new_code_cell


def edit(nb):
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    wrong = (
        "def beta_schedule(beta1, beta2, T, schedule='linear'):\n    return torch.ones(T) * beta2\n\n"
        "def ddpm_schedules(beta1, beta2, T, schedule='linear'):\n    return {}\n\n"
        "class DDPM(nn.Module):\n    def forward(self, x, c):\n        pass"
    )
    nb.cells.insert(nb.cells.index(cell), new_code_cell(wrong))
