"""Each definition has a cell of its own, and the class's methods are attached to it later."""

import textwrap

from nbformat.v4 import new_code_cell


def edit(nb):
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    head, tail = cell.source.split("def ddpm_schedules", 1)
    cell.source = head
    at = nb.cells.index(cell) + 1
    nb.cells[at:at] = [new_code_cell("def ddpm_schedules" + tail)]
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    head, rest = cell.source.split("    def forward", 1)
    forward, sample = rest.split("    def sample", 1)
    cell.source = head
    at = nb.cells.index(cell) + 1
    nb.cells[at:at] = [
        new_code_cell(textwrap.dedent("    def forward" + forward) + "\nDDPM.forward = forward"),
        new_code_cell(textwrap.dedent("    def sample" + sample) + "\nDDPM.sample = sample"),
    ]
