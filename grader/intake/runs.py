"""What the saved outputs of a notebook tell of the kernel that it ran in."""

import re

from nbformat import NotebookNode

from grader.sandbox.text import one_line

NEWEST, OLDEST = (3, 15), (3, 7)
"""Between these, what is wrong in every Python that is known here was wrong for the student."""

_USES = re.compile(r"\.(?:sample|backward)\(")


class Runs:
    """Which cells ran, and what they raised. A cell that has its number or an output, and no error
    among its outputs, ran to its end when it was run last.

    ``python`` is the version that the notebook names, empty if it names none.
    """

    def __init__(self, notebook: NotebookNode) -> None:
        known = notebook.metadata.get("language_info", {}).get("version")
        found = re.match(r"(\d{1,3})\.(\d{1,3})", known) if isinstance(known, str) else None
        self.python = found[0] if found else ""
        self._version = (int(found[1]), int(found[2])) if found else None
        self._ran: set[int] = set()
        self._raised: set[str] = set()
        self.shows_use = False
        """Whether the model was trained or sampled: the definitions were at work there."""
        for number, cell in enumerate(notebook.cells, 1):
            if cell.cell_type != "code":
                continue
            errors = [output for output in cell.outputs if output.output_type == "error"]
            self._raised |= {said(f"{error.ename}: {error.evalue}") for error in errors}
            if not errors and (cell.execution_count is not None or cell.outputs):
                self._ran.add(number)
                self.shows_use |= bool(_USES.search(cell.source))

    def only_elsewhere(self, number: int) -> bool:
        """Whether a cell that no known Python can read ran in one that is not known here."""
        version = self._version
        return number in self._ran and version is not None and not OLDEST <= version <= NEWEST

    def raised(self, message: str) -> bool:
        """Whether the notebook shows that the student got this same error."""
        return said(message) in self._raised


def said(message: str) -> str:
    """The first line, as outcomes have it."""
    return one_line(message.strip().split("\n", 1)[0])
