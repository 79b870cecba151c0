"""Where a submission's pictures of samples are: a notebook's outputs, and the result folders."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode

from grader.messages.message import Said, say
from grader.pictures.outputs import Outputs
from grader.pictures.shown import MOST_BYTES, Picture, Shown
from grader.sandbox.text import one_line

FINAL_IMAGE, FINAL_GIF = "image_final", "gif_final"
ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"})

_USES_DDPM = re.compile(r"\bDDPM\s{0,9}\(")
_DEFINES_DDPM = re.compile(r"^[ \t]*class\s+DDPM\b", re.MULTILINE)
_CHOSEN = re.compile(
    r"^[ \t]*(prediction_type|schedule)[ \t]*=[ \t]*['\"](epsilon|sample|linear|cosine)['\"]",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Shows:
    """What one cell shows, in order; ``where`` names the cell to a person."""

    where: Said
    shown: tuple[Shown, ...]


def cells_with_samples(notebook: NotebookNode, root: Path | None) -> list[Shows]:
    """What the cells show that may show samples, in the notebook's order; ``root`` has the files.

    What stands before the class DDPM, or before its first use where it comes from a module, cannot
    come from it: a look at MNIST, or the forward process.
    """
    cells = list(enumerate(notebook.cells, 1))
    code = [(number, cell.source) for number, cell in cells if _is_code(cell)]
    defining = [number for number, source in code if _DEFINES_DDPM.search(source)]
    using = [number for number, source in code if _USES_DDPM.search(source)]
    first = next(iter(defining or using), 1)
    outputs = Outputs(notebook, root)
    return [
        Shows(where, tuple(replace(one, where=where) for one in outputs.shown_by(cell)))
        for number, cell in cells
        if number >= first
        for where in [say("picture.cell", number=number)]
    ]


def final_pictures(root: Path, name: str) -> Iterator[Picture]:
    """The files of this name in the submission's result folders, as PNG or in another form."""
    for path in sorted(p for p in root.rglob("*.*") if p.stem.lower() == name and p.is_file()):
        if path.suffix.lower() in ENDINGS and path.stat().st_size <= MOST_BYTES:
            yield Picture(path.read_bytes(), one_line(path.relative_to(root).as_posix()))


def setting_of(notebook: NotebookNode) -> tuple[str, ...]:
    """The prediction type and the schedule that the notebook sets last, as far as it says so."""
    chosen: dict[str, str] = {}
    for cell in notebook.cells:
        if _is_code(cell):
            chosen |= dict(_CHOSEN.findall(cell.source))
    return tuple(chosen.values())


def _is_code(cell: NotebookNode) -> bool:
    return bool(cell.cell_type == "code")
