"""The schedules' cell writes a module that the next one imports; sample is set on each object."""

from nbformat.v4 import new_code_cell

MADE = """\
made = DDPM.__init__

def make(self, *args, **kwargs):
    made(self, *args, **kwargs)
    self.sample = self.draw

DDPM.__init__ = make
"""


def edit(nb):
    at = next(i for i, c in enumerate(nb.cells) if "def beta_schedule" in c.source)
    imports = "%%writefile my_schedules.py\nimport numpy as np\nimport torch\n\n"
    nb.cells[at].source = imports + nb.cells[at].source
    nb.cells.insert(at + 1, new_code_cell("from my_schedules import beta_schedule, ddpm_schedules"))
    at = next(i for i, c in enumerate(nb.cells) if "class DDPM(" in c.source)
    nb.cells[at].source = nb.cells[at].source.replace("def sample(", "def draw(")
    nb.cells.insert(at + 1, new_code_cell(MADE))
