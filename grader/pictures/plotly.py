"""Pictures in Plotly's figures, which are JSON: embedded images, and matrices as heat maps."""

import base64
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from grader.arrays import Array
from grader.messages.message import say
from grader.pictures.shown import Picture, Shown, Unread, from_base64

DRAWING = say("form.plotly")
CALL = "Plotly.newPlot("
MOST_VALUES = 6_000_000  # of a matrix
MOST_FIGURES = 50  # of a page
NUMBERS = frozenset({"i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"})
LINES = frozenset({"scatter", "scattergl", "bar", "histogram", "box", "violin", "pie", "table"})
"""Kinds of traces that show no picture."""


def in_figure(figure: Any) -> Iterator[Shown]:
    """The pictures of a figure, in its order; of an animation those of the last frame."""
    layout, traces = part(figure, "layout"), entries(figure, "data")
    frames = entries(figure, "frames")
    moving = bool(frames)
    if moving:
        traces = entries(frames[-1], "data") or traces
    for trace in traces:
        yield from (replace(shown, moving=moving) for shown in in_trace(trace, layout))
    for image in entries(layout, "images"):
        source = image.get("source")
        if isinstance(source, str) and source.startswith("data:image/"):
            yield from_base64(source)


def in_trace(trace: Mapping[str, Any], layout: Mapping[str, Any]) -> Iterator[Shown]:
    source = trace.get("source")
    kind = trace.get("type", "image" if isinstance(source, str) else "scatter")
    if kind == "image" and isinstance(source, str):
        yield from_base64(source)
    elif kind == "image":
        yield drawn(trace.get("z"), upside_down=False)
    elif kind in ("heatmap", "heatmapgl"):
        yield drawn(trace.get("z"), upside_down=not reversed_axis(trace, layout))
    elif kind not in LINES:
        yield Unread(DRAWING)


def reversed_axis(trace: Mapping[str, Any], layout: Mapping[str, Any]) -> bool:
    """Whether the first row is drawn at the top; by itself Plotly draws it at the bottom."""
    axis = axis_of(str(trace.get("yaxis", "y")), layout)
    matched = axis.get("matches")
    if isinstance(matched, str) and not {"autorange", "range"} & set(axis):
        axis = axis_of(matched, layout)
    match axis.get("autorange"), axis.get("range"):
        case (("reversed" | "min reversed" | "max reversed"), _):
            return True
        case _, [int() | float() as first, int() | float() as last]:
            return first > last
    return False


def axis_of(name: str, layout: Mapping[str, Any]) -> Mapping[str, Any]:
    """``y2`` is the layout's ``yaxis2``."""
    return part(layout, f"yaxis{name[1:]}")


def drawn(z: Any, upside_down: bool) -> Shown:
    """The matrix as a PNG in gray, or in its own colours."""
    values = matrix(z)
    if values is None:
        return Unread(DRAWING)
    if values.ndim == 2:
        low, high = float(values.min()), float(values.max())
        values = (values - low) * (255 / max(high - low, 1e-12))
    page = Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=1)
    return Picture(file.getvalue(), upside_down=upside_down)


def matrix(z: Any) -> Array | None:
    """(H, W) numbers or (H, W, 3) bytes, from nested lists or Plotly's packed form."""
    try:
        if isinstance(z, Mapping):
            values = unpacked(z)
        else:
            rows = z if isinstance(z, list) else []
            if sum(len(row) for row in rows) > MOST_VALUES:
                return None
            values = np.array([[numbers(v) for v in row] for row in rows], dtype=np.float64)
    except (TypeError, ValueError, KeyError):
        return None
    if values.ndim == 3 and values.shape[2] == 4:
        values = values[..., :3]
    shaped = values.ndim == 2 or (values.ndim == 3 and values.shape[2] == 3)
    if not shaped or not 0 < values.size <= MOST_VALUES:
        return None
    return np.nan_to_num(np.asarray(values, dtype=np.float64), posinf=0.0, neginf=0.0)


def numbers(value: Any) -> Any:
    """A number, or three of them; what is missing is 0."""
    if isinstance(value, list):
        return [numbers(one) for one in value[:4] if not isinstance(one, list)]
    return value if isinstance(value, int | float) and math.isfinite(value) else 0.0


def unpacked(z: Mapping[str, Any]) -> Array:
    """``{"dtype": "f8", "bdata": base64, "shape": "28, 28"}``."""
    if z["dtype"] not in NUMBERS:
        raise ValueError("no numbers")
    shape = [int(n) for n in str(z["shape"]).split(",")[:3]]
    raw = np.frombuffer(base64.b64decode(z["bdata"], validate=True), np.dtype("<" + z["dtype"]))
    return raw.reshape(shape)


def taken_out(text: str) -> tuple[list[Any], str]:
    """The figures that a page draws by ``Plotly.newPlot``, and its text without their data."""
    figures: list[Any] = []
    rest: list[str] = []
    last = 0
    decoder = json.JSONDecoder()
    for _ in range(MOST_FIGURES):
        start = text.find(CALL, last)
        if start < 0:
            break
        values: list[Any] = []
        place = start + len(CALL)
        try:
            while len(values) < 3:
                place = skipped(text, place)
                value, place = decoder.raw_decode(text, place)
                values.append(value)
        except (ValueError, RecursionError):
            pass
        rest.append(text[last:start])
        last = place
        if len(values) > 1:
            figures.append({"data": values[1], "layout": values[2] if len(values) > 2 else {}})
    return figures, "".join([*rest, text[last:]])


def skipped(text: str, place: int) -> int:
    """Past blanks and commas."""
    while place < len(text) and text[place] in " \t\r\n,":
        place += 1
    return place


def part(whole: Any, name: str) -> Mapping[str, Any]:
    found = whole.get(name) if isinstance(whole, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def entries(whole: Any, name: str) -> list[Mapping[str, Any]]:
    found = whole.get(name) if isinstance(whole, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
