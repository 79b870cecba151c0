"""Where a submission's pictures of samples are: a notebook's outputs, and the result folders."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from grader.sandbox.text import one_line

MIMES = ("image/png", "image/jpeg", "image/gif")
MOST_BYTES = 48 * 2**20
FINAL_IMAGE, FINAL_GIF = "image_final.png", "gif_final.gif"

_EMBEDDED = re.compile(r"data:image/(?:png|jpe?g|gif);base64,([A-Za-z0-9+/=\s]+)")
_DEFINES_DDPM = re.compile(r"^\s*class\s+DDPM\b", re.MULTILINE)


@dataclass(frozen=True)
class Picture:
    """The bytes of a picture, not decoded yet. ``where`` names it to a person."""

    data: bytes
    where: str


def pictures_of_samples(notebook: NotebookNode) -> list[Picture]:
    """The pictures that may show samples, in the notebook's order.

    What stands before the class DDPM cannot come from it: a look at MNIST, or the forward process.
    """
    cells = list(enumerate(notebook.cells, 1))
    defining = [n for n, cell in cells if _is_code(cell) and _DEFINES_DDPM.search(cell.source)]
    first = defining[0] if defining else 1
    return [
        Picture(data, f"cell {number}")
        for number, cell in cells
        if number >= first and _is_code(cell)
        for output in cell.outputs
        for data in pictures_in(output)
    ]


def pictures_in(output: NotebookNode) -> Iterator[bytes]:
    """The picture of one output, in whatever form; of an animation in HTML the last one."""
    data = output.get("data", {})
    for mime in MIMES:
        if isinstance(data.get(mime), str):
            yield from _decoded(data[mime])
            return
    html = data.get("text/html")
    if isinstance(html, str):
        for text in _EMBEDDED.findall(html)[-1:]:
            yield from _decoded(text)


def final_pictures(root: Path, name: str) -> list[Picture]:
    """The files of this name in the submission's result folders."""
    found = sorted(p for p in root.rglob("*") if p.name.lower() == name and p.is_file())
    return [
        Picture(path.read_bytes(), one_line(str(path.relative_to(root))))
        for path in found
        if path.stat().st_size <= MOST_BYTES
    ]


def _decoded(text: str) -> Iterator[bytes]:
    if len(text) > MOST_BYTES * 4 // 3:
        return
    try:
        yield base64.b64decode(text)
    except (binascii.Error, ValueError):
        yield b""  # a picture that cannot be read, not none


def _is_code(cell: NotebookNode) -> bool:
    return bool(cell.cell_type == "code")
