"""Real pictures for the habits: a hundred digits, and works, drawn in the ways of notebooks."""

import base64
import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

from tests.digits.conftest import RandomGrids
from tests.digits.renderings import Array, plain, shown
from tests.habits.draft import DIFFUSION, Draft

REAL_DIGITS = Path(__file__).resolve().parents[1] / "digits" / "real_digits.png"
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


@functools.cache
def hundred(seed: int = 1) -> Array:
    """(100, 28, 28): clear digits in their columns."""
    pixels = np.asarray(Image.open(REAL_DIGITS))
    digits = pixels.reshape(100, 28, 10, 28).transpose(0, 2, 1, 3) / np.float32(255)
    return RandomGrids(digits)(seed)


@functools.cache
def noise(count: int = 100) -> Array:
    return np.random.default_rng(0).random((count, 28, 28)).astype(np.float32)


def half_noise() -> Array:
    """The same digits, every second one lost in noise."""
    tiles = hundred().copy()
    tiles[::2] = noise()[::2]
    tiles[1::20] = noise()[1::20]
    return tiles


@functools.cache
def figure() -> Array:
    """The figure of the template, at the resolution of old Colab."""
    return shown(dpi=72)(hundred())


def encoded(picture: Array | Image.Image, form: str = "PNG", **options: Any) -> bytes:
    page = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    page.save(file, form, **options)
    return file.getvalue()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def output(content: Any, mime: str = "image/png", **also: str) -> NotebookNode:
    """An output that holds bytes as letters, or anything else as it is."""
    shown_as = text(content) if isinstance(content, bytes) else content
    return new_output("display_data", data={mime: shown_as, **also})


def png(tiles: Array, draw: Callable[[Array], Array] | None = None) -> NotebookNode:
    """A figure of these tiles, as the template draws it."""
    return output(encoded((draw or shown(dpi=72))(tiles)), **{"text/plain": "<Figure size 2x2>"})


def show(draft: Draft, *outputs: NotebookNode, name: str = DIFFUSION) -> None:
    """Puts the outputs below the last cell of code, in place of what it shows."""
    notebook = draft.notebook(name)
    last_code(notebook).outputs = list(outputs)
    draft.put(notebook, name)


def last_code(notebook: NotebookNode) -> NotebookNode:
    return [cell for cell in notebook.cells if cell.cell_type == "code"][-1]


def add_text(draft: Draft, source: str, **also: Any) -> None:
    """A cell of text at the end of notebook 2-1."""
    notebook = draft.notebook()
    notebook.cells.append(new_markdown_cell(source, **also))
    draft.put(notebook)


def add_code(draft: Draft, source: str, *outputs: NotebookNode) -> None:
    """A cell of code at the end of notebook 2-1."""
    notebook = draft.notebook()
    notebook.cells.append(new_code_cell(source, outputs=list(outputs)))
    draft.put(notebook)


def show_widgets(draft: Draft, models: dict[str, Any], name: str = DIFFUSION) -> None:
    """The last cell shows the first of these widgets, whose state the notebook holds."""
    first = next(iter(models))
    view = {"version_major": 2, "version_minor": 0, "model_id": first}
    show(draft, output(view, VIEW, **{"text/plain": "VBox(children=())"}), name=name)
    notebook = draft.notebook(name)
    notebook.metadata["widgets"] = {
        STATE: {"version_major": 2, "version_minor": 0, "state": models}
    }
    draft.put(notebook, name)


def image_widget(data: bytes) -> dict[str, Any]:
    buffer = {"encoding": "base64", "path": ["value"], "data": text(data)}
    return {"model_name": "ImageModel", "state": {"format": "png"}, "buffers": [buffer]}


def box_of(*names: str) -> dict[str, Any]:
    return {"model_name": "VBoxModel", "state": {"children": [f"IPY_MODEL_{n}" for n in names]}}


def grid_of_pixels(tiles: Array | None = None) -> Array:
    """The 302 x 302 pixels of ``make_grid``, as ``save_image`` has them."""
    return plain()(hundred() if tiles is None else tiles)
