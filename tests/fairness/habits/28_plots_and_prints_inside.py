"""The functions print and plot when they are called; debugging was left in."""


def edit(nb):
    cell = next(c for c in nb.cells if "def ddpm_schedules" in c.source)
    cell.source = cell.source.replace(
        "    beta_t = beta_schedule(beta1, beta2, T, schedule)\n",
        "    beta_t = beta_schedule(beta1, beta2, T, schedule)\n"
        "    print(f'{schedule=}: {beta_t.min():.2e} .. {beta_t.max():.2e}')\n"
        "    plt.plot(beta_t); plt.title(schedule); plt.show(); plt.close()\n",
    )
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    cell.source = cell.source.replace(
        "        loss = None\n", "        loss = None\n        print(x.shape, c[:5])\n"
    )
