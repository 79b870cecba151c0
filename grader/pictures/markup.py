"""Pictures inside HTML, SVG and Markdown: the embedded ones, and the files that are linked.

Every expression here takes time in proportion to the text: none looks for the end of a tag beyond
the next one's beginning.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.parsers import expat

from grader.messages.message import say
from grader.pictures import plotly
from grader.pictures.shown import MOST_BYTES, Picture, Shown, Unread, from_base64

VIDEO, SCRIPT, DRAWING = say("form.video"), say("form.script"), say("form.svg")
LINK, WEB = say("form.link"), say("form.web")
MOST_LINKS = 1_000  # that a notebook's pictures may lead to; each is compared with all files
PIXELS = 28 * 28  # coloured cells, from which on a table may be a picture
LARGE_DRAWING = 20_000  # characters of an SVG inside HTML: a smaller one is an icon

_EMBEDDED = re.compile(
    r"data:image/([a-z0-9.+-]{1,20})(?:;[a-z0-9=-]{1,40}){0,3};base64,([A-Za-z0-9+/=\s\\]{40,})"
)
_FRAMES = re.compile(r"frames\[\d+\]\s*=\s*[\"']data:image/")
_IMG = re.compile(r"<img\b([^<>]*)")
_SRC = re.compile(r"\bsrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))")
_TAGS = (
    (re.compile(r"<video\b"), Unread(VIDEO, moving=True)),
    (re.compile(r"<(?:canvas|iframe|object|embed)\b"), Unread(SCRIPT)),
    (re.compile(r"\bBokeh\b|\bbk-root\b|\bvegaEmbed\b|\bmpld3\b"), Unread(SCRIPT)),
)
_COLOURED = re.compile(r"\bbackground(?:-color)?\s*:|\bbgcolor\s*=")
_LINKED = re.compile(r"!\[[^\[\]]*\]\(\s*<?((?:[^\s()<>]|\([^\s()<>]*\))*)")
_TRANSFORM = re.compile(r"([a-zA-Z]{1,12})\s*\(([^()]{0,200})\)")

Matrix = tuple[float, float, float, float]  # a, b, c, d of SVG, without the shift
UPRIGHT: Matrix = (1.0, 0.0, 0.0, 1.0)


class Files:
    """The submission's files, as a notebook may link to them."""

    def __init__(self, root: Path | None) -> None:
        self._by_name: dict[str, list[tuple[str, ...]]] | None = None
        self._root = root
        self._seen: set[Path] = set()
        self._links = 0

    def shown(self, link: str) -> Iterator[Shown]:
        """The picture that the link leads to, the first time that it is asked for."""
        if re.match(r"(?:https?:)?//", link):
            yield Unread(WEB)
            return
        self._links += 1
        path = self.find(link) if self._links <= MOST_LINKS else None
        if path is None:
            yield Unread(LINK, kept=False)
        elif path not in self._seen:
            self._seen.add(path)
            if path.stat().st_size <= MOST_BYTES:
                yield from in_file(path.read_bytes())
            else:
                yield Unread(say("form.too_large"))

    def find(self, link: str) -> Path | None:
        """The file of this name whose folders fit best: paths are those of another machine."""
        parts = [p for p in unquote(link).replace("\\", "/").split("/") if p not in ("", ".", "..")]
        if self._root is None or not parts:
            return None
        if self._by_name is None:
            self._by_name = {}
            for path in sorted(self._root.rglob("*")):
                if path.is_file():
                    names = path.relative_to(self._root).parts
                    self._by_name.setdefault(names[-1], []).append(names)
        found = self._by_name.get(parts[-1], [])
        best = max(found, key=lambda names: in_common(names, parts), default=None)
        return self._root.joinpath(*best) if best is not None else None


def in_common(names: tuple[str, ...], parts: list[str]) -> int:
    """How many names at the end are the same."""
    pairs = zip(reversed(names), reversed(parts), strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(names), len(parts)))


def in_file(data: bytes) -> Iterator[Shown]:
    """A file of pixels, or an SVG."""
    if data.lstrip()[:1] == b"<":
        yield from in_svg(data.decode("utf-8", "replace"))
    else:
        yield Picture(data)


def in_markdown(text: str, attachments: Mapping[str, Any], files: Files) -> Iterator[Shown]:
    """Pictures in a cell of text: attachments, embedded ones, linked files."""
    used: set[str] = set()
    for found in _LINKED.finditer(text):
        link = found.group(1)
        if link.startswith("attachment:"):
            name = unquote(link.removeprefix("attachment:"))
            if name not in used:
                used.add(name)
                yield attached(attachments.get(name))
        elif link and not link.startswith("data:"):
            yield from files.shown(link)
    yield from in_html(text, files)


def attached(pictures: Any) -> Shown:
    if isinstance(pictures, Mapping):
        for value in pictures.values():
            return from_base64(value)
    return Unread(say("form.attachment_not_saved"), kept=False)


def in_html(text: str, files: Files) -> Iterator[Shown]:
    """Embedded pictures in order, of an animation the last one; then what is in no such form."""
    figures, text = plotly.taken_out(text)
    for figure in figures:
        yield from plotly.in_figure(figure)
    drawings, text = drawings_taken_out(text)
    embedded = _EMBEDDED.findall(text)
    moving = bool(_FRAMES.search(text))
    for kind, letters in embedded[-1:] if moving else embedded:
        yield from (replace(shown, moving=moving) for shown in of_kind(kind, letters))
    for drawing in drawings:
        found = list(in_svg(drawing))
        if len(drawing) >= LARGE_DRAWING or any(isinstance(s, Picture) for s in found):
            yield from found
    for tag in _IMG.finditer(text):
        source = _SRC.search(tag.group(1))
        link = unescape(next(filter(None, source.groups()), "")) if source else ""
        if link and not link.startswith(("data:", "attachment:")):
            yield from files.shown(link)
    yield from (unread for pattern, unread in _TAGS if pattern.search(text))
    if _COLOURED.search(text) and max(text.count("<td"), text.count("_col")) >= PIXELS:
        yield Unread(say("form.coloured_table"))


def of_kind(kind: str, letters: str) -> Iterator[Shown]:
    """An embedded picture, which may be a drawing itself."""
    found = from_base64(letters)
    if isinstance(found, Picture) and kind.startswith("svg"):
        yield from in_svg(found.data.decode("utf-8", "replace"), nested=True)
    else:
        yield found


def drawings_taken_out(text: str) -> tuple[list[str], str]:
    """The SVGs that stand in HTML, and the text without them."""
    drawings, rest, last = [], [], 0
    while (start := text.find("<svg", last)) >= 0:
        end = text.find("</svg>", start)
        if end < 0:
            break
        rest.append(text[last:start])
        last = end + len("</svg>")
        drawings.append(text[start:last])
    return drawings, "".join([*rest, text[last:]])


def in_svg(text: str, nested: bool = False) -> Iterator[Shown]:
    """The pictures that are embedded in a drawing; one without any is not read.

    ``nested``: the drawing is itself embedded, and what is embedded in it is not opened.
    """
    try:
        images = images_of(text)
    except (expat.ExpatError, ValueError, LookupError):
        yield Unread(DRAWING)
        return
    for link, (a, b, c, d) in images:
        embedded = _EMBEDDED.match(link)
        upright = abs(b) + abs(c) < 1e-3 * (abs(a) + abs(d)) and a > 0
        if embedded is None or not upright or (nested and embedded.group(1).startswith("svg")):
            yield Unread(DRAWING)
            continue
        shown = of_kind(*embedded.groups())
        yield from map(turned_over, shown) if d < 0 else shown
    if not images:
        yield Unread(DRAWING)


def turned_over(shown: Shown) -> Shown:
    if isinstance(shown, Picture):
        return replace(shown, upside_down=not shown.upside_down)
    return shown


def images_of(text: str) -> list[tuple[str, Matrix]]:
    """The link of every image of a drawing, with how it is turned. Declares no entity of its own.

    Raises ``ExpatError`` for what is no XML, ``ValueError`` for entities.
    """
    found: list[tuple[str, Matrix]] = []
    turns = [UPRIGHT]

    def start(name: str, attributes: dict[str, str]) -> None:
        turns.append(times(turns[-1], turn_of(attributes.get("transform", ""))))
        if name.rpartition(":")[2] == "image":
            link = attributes.get("xlink:href") or attributes.get("href") or ""
            found.append((link, turns[-1]))

    def end(name: str) -> None:
        turns.pop()

    def refuse(*declared: Any) -> None:
        raise ValueError("a drawing needs no entities of its own")

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = refuse
    parser.Parse(text.lstrip().encode(), True)
    return found


def turn_of(transform: str) -> Matrix:
    """What the last of a few transforms do, in their order. Raises ``ValueError`` if unknown."""
    whole = UPRIGHT
    for name, values in _TRANSFORM.findall(transform)[:20]:
        numbers = [float(n) for n in values.replace(",", " ").split()]
        match name, numbers:
            case "matrix", [a, b, c, d, _, _]:
                whole = times(whole, (a, b, c, d))
            case "scale", [x]:
                whole = times(whole, (x, 0.0, 0.0, x))
            case "scale", [x, y]:
                whole = times(whole, (x, 0.0, 0.0, y))
            case "translate", _:
                continue
            case _:
                return (0.0, 1.0, -1.0, 0.0)  # turned somehow
    return whole


def times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d = one
    e, f, g, h = other
    return a * e + c * f, b * e + d * f, a * g + c * h, b * g + d * h
