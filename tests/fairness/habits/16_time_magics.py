"""%%time on the definitions' cells, %time before a call, %%capture on the imports."""


def edit(nb):
    for text, magic in (
        ("def beta_schedule", "%%time"),
        ("class DDPM", "%%time"),
        ("import os", "%%capture out"),
    ):
        cell = next(c for c in nb.cells if text in c.source)
        cell.source = f"{magic}\n{cell.source}"
    cell = next(c for c in nb.cells if "class ContextUnet" in c.source)
    cell.source += "\n\n%time net = ContextUnet(1, 8, 10)\n%timeit -n1 -r1 ContextUnet(1, 8, 10)"
