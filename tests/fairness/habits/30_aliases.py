"""The student's own names, bound to the template's afterwards."""


def edit(nb):
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    cell.source = (
        cell.source.replace("def beta_schedule", "def make_betas")
        + "\n\nbeta_schedule = make_betas"
    )
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    cell.source = cell.source.replace("class DDPM", "class Diffusion") + "\n\nDDPM = Diffusion"
