"""What the outputs and the text of a notebook show, whatever form the pictures have."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from grader.messages.message import say
from grader.pictures import plotly
from grader.pictures.markup import SCRIPT, VIDEO, Files, in_html, in_markdown, in_svg
from grader.pictures.shown import Shown, Unread, from_base64, text_of

RASTERS = ("image/png", "image/jpeg", "image/gif", "image/webp")
SVG, VIEW = "image/svg+xml", "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PLOTLY = "application/vnd.plotly.v1+json"
NOT_SAVED = Unread(say("form.widget_not_saved"), kept=False)
NO_FIGURE = Unread(say("form.figure_not_saved"), kept=False)
CUT_OFF = say("form.cut_off")
TEXT_ART = Unread(say("form.letters"))
DEEPEST = 8  # outputs in widgets in outputs
WIDE, HIGH = 24, 24  # letters and lines, from which on signs may be a picture
MOST_LETTERS = 200_000  # of a text, the last ones, that are looked at for that

_FIGURE = re.compile(r"\s*<Figure size [^>]{0,40} with [1-9]\d* Axes>")
_DRAWN_BY_SCRIPT = re.compile(r"application/vnd\.(?:bokehjs_exec|holoviews_exec|vega)[\w.]*\+json")
_PICTURE_WIDGET = re.compile(
    r"\b(?:Image|Output|Video|Canvas|FigureWidget|Figure|interactive)\(", re.ASCII
)
_MODEL = "IPY_MODEL_"
_ESCAPE = re.compile(r"\x1b\[[0-9;]{0,40}[A-Za-z]")
_BACKGROUND = re.compile(r"\x1b\[[0-9;]{0,40}\b48;[25];")


class Outputs:
    """Reads the cells of one notebook. ``root``: the submission's files, to which it may link.

    A file, an attachment or a widget counts where it is shown first, however often it is shown:
    so the work is in proportion to the notebook's size.
    """

    def __init__(self, notebook: NotebookNode, root: Path | None = None) -> None:
        self._files = Files(root)
        self._models = models_of(notebook)
        self._opened: set[str] = set()

    def shown_by(self, cell: NotebookNode) -> list[Shown]:
        """The pictures of a cell in order: of code those in its outputs, of text those in it."""
        if cell.cell_type != "code":
            attachments = cell.get("attachments")
            attachments = attachments if isinstance(attachments, Mapping) else {}
            found = in_markdown(cell.source, attachments, self._files)
            return [replace(one, pasted=True) for one in found]
        shown = [one for output in cell.outputs for one in self.shown_in(output)]
        if any("animation.embed_limit" in text_of(o.get("text")) for o in cell.outputs):
            cut_off = Unread(CUT_OFF, kept=False, moving=True)
            shown = [cut_off if one.moving else one for one in shown]
        return shown

    def shown_in(self, output: Any, depth: int = 0) -> Iterator[Shown]:
        """The pictures of one output, in the form that is read best."""
        if not isinstance(output, Mapping):
            return
        data = output.get("data")
        if not isinstance(data, Mapping):
            if drawn_in_text(text_of(output.get("text"))):
                yield TEXT_ART
            return
        others = (kind for kind in data if kind.startswith("image/") and kind != SVG)
        raster = next((kind for kind in (*RASTERS, *others) if kind in data), None)
        if raster is not None:
            yield from_base64(data[raster])
        elif SVG in data:
            yield from in_svg(text_of(data[SVG]))
        elif PLOTLY in data:
            yield from plotly.in_figure(data[PLOTLY])
        elif VIEW in data:
            yield from self._shown_by_widget(data[VIEW], text_of(data.get("text/plain")), depth)
        else:
            yield from self._shown_by_text(data)

    def _shown_by_text(self, data: Mapping[str, Any]) -> Iterator[Shown]:
        found = list(in_html(text_of(data.get("text/html")), self._files))
        found += in_markdown(text_of(data.get("text/markdown")), {}, self._files)
        found += (unread for kind in data if (unread := other_form(kind)) is not None)
        plain = text_of(data.get("text/plain"))
        if not found and _FIGURE.match(plain):
            found = [NO_FIGURE]
        if not found and plain.startswith("Image(value="):
            found = [NOT_SAVED]
        if not found and drawn_in_text(plain):
            found = [TEXT_ART]
        yield from found

    def _shown_by_widget(self, view: Any, plain: str, depth: int) -> Iterator[Shown]:
        """Goes through the widget and those inside it, in order."""
        name = str(view.get("model_id")) if isinstance(view, Mapping) else ""
        if name not in self._models:
            if not plain or _PICTURE_WIDGET.search(plain):
                yield NOT_SAVED
            return
        waiting = [name]
        while waiting:
            name = waiting.pop()
            model = self._models.get(name)
            if name in self._opened or not isinstance(model, Mapping):
                continue
            self._opened.add(name)
            state = model.get("state")
            state = state if isinstance(state, Mapping) else {}
            yield from self._shown_by_model(model, state, depth)
            waiting += reversed(list(inner_models(state)))

    def _shown_by_model(
        self, model: Mapping[str, Any], state: Mapping[str, Any], depth: int
    ) -> Iterator[Shown]:
        kind = str(model.get("model_name", state.get("_model_name", "")))
        if kind == "ImageModel":
            yield image_of(model, state)
        elif kind == "OutputModel":
            outputs = state.get("outputs")
            for output in outputs if isinstance(outputs, list) and depth < DEEPEST else ():
                yield from self.shown_in(output, depth + 1)
        elif kind in ("HTMLModel", "HTMLMathModel"):
            yield from in_html(text_of(state.get("value")), self._files)
        elif kind == "VideoModel":
            yield Unread(VIDEO, moving=True)
        elif "_data" in state:
            yield from plotly.in_figure({"data": state["_data"], "layout": state.get("_layout")})
        else:
            urls = [v for v in state.values() if isinstance(v, str) and v.startswith("data:image/")]
            yield from map(from_base64, urls)
            if not urls and "Canvas" in kind:
                yield Unread(SCRIPT, kept=False)


def models_of(notebook: NotebookNode) -> Mapping[str, Any]:
    """The notebook's widgets by their ids; Colab leaves a level of the usual form out."""
    widgets = notebook.metadata.get("widgets")
    saved = widgets.get(STATE) if isinstance(widgets, Mapping) else None
    if not isinstance(saved, Mapping):
        return {}
    inner = saved.get("state")
    return inner if isinstance(inner, Mapping) and "model_name" not in inner else saved


def inner_models(state: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the widgets that this one holds."""
    for value in state.values():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, str) and one.startswith(_MODEL):
                yield one.removeprefix(_MODEL)


def image_of(model: Mapping[str, Any], state: Mapping[str, Any]) -> Shown:
    """The value of an image widget, which is saved beside its state."""
    buffers = model.get("buffers")
    for buffer in buffers if isinstance(buffers, list) else ():
        if isinstance(buffer, Mapping) and buffer.get("path") == ["value"]:
            return from_base64(buffer.get("data"))
    value = state.get("value")
    return from_base64(value) if isinstance(value, str) and value else NOT_SAVED


def other_form(kind: str) -> Unread | None:
    """A form of output that holds a picture and is not read."""
    if kind in ("application/pdf", "application/postscript"):
        return Unread(say("form.pdf") if kind.endswith("pdf") else say("form.postscript"))
    if kind.startswith("video/"):
        return Unread(VIDEO, moving=True)
    if _DRAWN_BY_SCRIPT.fullmatch(kind):
        return Unread(SCRIPT)
    return None


def drawn_in_text(text: str) -> bool:
    """Whether many lines, one below the other, hold signs as a picture would, and hardly words; or
    many letters have a colour behind them."""
    text, lines = text[-MOST_LETTERS:], list[str]()
    if "\x1b[" in text and len(_BACKGROUND.findall(text)) >= WIDE * HIGH:
        return True
    for line in _ESCAPE.sub("", text).split("\n"):
        signs = sum(not c.isalnum() for c in line)
        if len(line) >= WIDE and signs >= 0.9 * len(line):
            lines.append(line)
            if len(lines) >= HIGH and len(set(lines)) >= HIGH // 3:
                return True
        else:
            lines.clear()
    return False
