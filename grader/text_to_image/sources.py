"""Where the pictures of notebook 2-2 are: in its outputs, in its text, and in files beside it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nbformat import NotebookNode

from grader.digits.pictures import ENDINGS, FINAL_GIF, FINAL_IMAGE
from grader.messages.message import say
from grader.pictures.outputs import Outputs
from grader.pictures.shown import MOST_BYTES, Picture, Unread
from grader.sandbox.text import one_line
from grader.text_to_image.calls import in_order
from grader.text_to_image.shots import Place, Source

MOST_PICTURES = 40
MOST_FILES = 8
_FIGURE = re.compile(r"<Figure size ")


def order_of(notebook: NotebookNode) -> list[int]:
    """The numbers of all cells: those of code as they were run, each with the text below it."""
    below: dict[int, list[int]] = {0: []}  # each cell of code, and 0 for the top
    last = 0
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code":
            last = number
        below.setdefault(last, []).append(number)
    return [*below[0], *(number for code, _ in in_order(notebook) for number in below[code])]


def sources_in(
    notebook: NotebookNode, root: Path | None, cells: Sequence[int]
) -> tuple[list[Source], list[Unread]]:
    """The pictures of these cells, the last ones if there are many; and what is not read."""
    outputs = Outputs(notebook, root)
    found: list[Source] = []
    others: list[Unread] = []
    for number in cells:
        cell = notebook.cells[number - 1]
        where = say("picture.cell", number=number)
        figure = cell.cell_type == "code" and any(map(draws_figure, cell.outputs))
        for shown in outputs.shown_by(cell):
            if isinstance(shown, Picture):
                place: Place = "text" if shown.pasted else "output"
                source = Source(number, where, shown.data, figure, shown.upside_down, place)
                found.append(source)
            else:
                others.append(Unread(shown.form, where, shown.kept, shown.moving, shown.pasted))
    return found[-MOST_PICTURES:], others[-MOST_PICTURES:]


def draws_figure(output: Mapping[str, object]) -> bool:
    """Whether matplotlib drew this output."""
    data = output.get("data")
    return isinstance(data, Mapping) and bool(_FIGURE.match(str(data.get("text/plain", ""))))


def files_beside(root: Path) -> Iterator[Source]:
    """Pictures that were handed in as files, but for those of the result folders of 2-1."""
    found = 0
    for path in sorted(p for p in root.rglob("*.*") if p.suffix.lower() in ENDINGS and p.is_file()):
        inside = path.relative_to(root)
        of_results = path.stem.lower() in (FINAL_IMAGE, FINAL_GIF) or any(
            part.lower().startswith("result") for part in inside.parts[:-1]
        )
        if not of_results and found < MOST_FILES and path.stat().st_size <= MOST_BYTES:
            found += 1
            yield Source(0, one_line(inside.as_posix()), path.read_bytes(), place="file")
