"""Small changes of notebook 2-1, as students make them."""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.habits.draft import Draft

SCHEDULES, NETWORK, MODEL = "def beta_schedule", "class ContextUnet", "class DDPM"
SETTINGS = "device = 'cuda'"

# lines of the solved class
BUILD = "        super().__init__()\n        assert prediction_type in"
FORWARD = (
    "        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)  # one step an image\n"
)
NOISE = "        noise = torch.randn_like(x)\n"
ASK = "        prediction = self.nn_model(x_t, c, t / self.n_T)\n"
START = "        x_i = torch.randn(n_sample, *size).to(device)  # x_T\n"
STEP = "                z = torch.randn_like(x_i) if i > 0 else torch.zeros_like(x_i)\n"
STORE = "x_i_store.append(x_i.cpu().numpy())"


def cell_with(notebook: NotebookNode, text: str) -> NotebookNode:
    """The first code cell that holds ``text``."""
    return next(c for c in notebook.cells if c.cell_type == "code" and text in c.source)


def change(draft: Draft, *changes: tuple[str, str]) -> None:
    """Replaces texts, each of which must stand somewhere in the code."""
    notebook = draft.notebook()
    for old, new in changes:
        cell = cell_with(notebook, old)
        cell.source = cell.source.replace(old, new)
    draft.put(notebook)


def insert_before(draft: Draft, text: str, *sources: str) -> None:
    """New code cells before the one that holds ``text``."""
    notebook = draft.notebook()
    index = notebook.cells.index(cell_with(notebook, text))
    notebook.cells[index:index] = [new_code_cell(source) for source in sources]
    draft.put(notebook)


def insert_after(draft: Draft, text: str, *sources: str) -> None:
    notebook = draft.notebook()
    index = notebook.cells.index(cell_with(notebook, text)) + 1
    notebook.cells[index:index] = [new_code_cell(source) for source in sources]
    draft.put(notebook)


def rewrite(draft: Draft, text: str, *sources: str) -> None:
    """Code cells with these sources in place of the one that holds ``text``."""
    notebook = draft.notebook()
    index = notebook.cells.index(cell_with(notebook, text))
    notebook.cells[index : index + 1] = [new_code_cell(source) for source in sources]
    draft.put(notebook)


def source_of(draft: Draft, text: str) -> str:
    """The source of the code cell that holds ``text``."""
    return str(cell_with(draft.notebook(), text).source)


def built(*lines: str) -> tuple[str, str]:
    """More lines in the constructor, before the others."""
    head, tail = BUILD.split("\n")
    return BUILD, "\n".join([head, *(f"        {line}" for line in lines), tail])


def before(text: str, *lines: str) -> tuple[str, str]:
    """More lines before this one, indented as it is."""
    indent = " " * (len(text) - len(text.lstrip()))
    return text, "".join(f"{indent}{line}\n" for line in lines) + text
