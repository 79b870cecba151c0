"""beta_schedule calls a module of the student's that is not among the files: a person must look."""

EXPECT = {"beta_schedule": "needs_review"}


def edit(nb):
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    rest = cell.source[cell.source.index("def ddpm_schedules") :]
    cell.source = (
        "from my_schedules import linear, cosine\n\n"
        "def beta_schedule(beta1, beta2, T, schedule='linear'):\n"
        "    return linear(beta1, beta2, T) if schedule == 'linear' else cosine(T)\n\n\n"
    ) + rest
