"""The cell of DDPM ends in the middle of a statement."""

EXPECT = {"loss": "missing", "sampling": "missing"}


def edit(nb):
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    cell.source = (
        cell.source.split("def forward")[0]
        + "def forward(self, x, c):\n        x_t = self.sqrtab[t"
    )
