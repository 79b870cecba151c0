"""Hyper-parameters in a config at the top, which the class reads beside the notebook's globals."""

from nbformat.v4 import new_code_cell


def edit(nb):
    config = (
        "from types import SimpleNamespace\n"
        "cfg = SimpleNamespace(store_every=20, n_T=400)\nn_T = cfg.n_T\nDEVICE = 'cuda'\n"
        "betas = (1e-4, 0.02); prediction_type, schedule = 'epsilon', 'linear'"
    )
    at = next(i for i, c in enumerate(nb.cells) if "def beta_schedule" in c.source)
    nb.cells.insert(at, new_code_cell(config))
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    cell.source = cell.source.replace("i % 20 == 0", "i % cfg.store_every == 0").replace(
        "self.n_T)", "n_T)"
    )
