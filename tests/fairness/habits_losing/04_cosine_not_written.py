"""beta_schedule returns None for the cosine."""

EXPECT = {"beta_schedule": "partial"}


def edit(nb):
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    rest = cell.source[cell.source.index("def ddpm_schedules") :]
    cell.source = (
        "def beta_schedule(beta1, beta2, T, schedule='linear'):\n"
        "    if schedule == 'linear':\n        betas = torch.linspace(beta1, beta2, T)\n"
        "    elif schedule == 'cosine':\n        s = 0.008\n        betas = None\n    return betas\n\n\n"
    ) + rest
