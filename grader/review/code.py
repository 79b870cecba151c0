"""Code as HTML: line by line, with numbers and colours, every letter of it escaped."""

import ast
import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer

from grader.batch.code import judged
from grader.paths import PACKAGE
from grader.sandbox.text import clean

LONGEST_LINE = 400  # letters of a line that are shown
MOST_LINES = 1500  # of one statement
MOST_COLOURED = 30_000  # letters of a statement; more is shown without colours
_WHERE = re.compile(r"[Cc]ell (\d+),? line (\d+)")


@dataclass(frozen=True)
class Line:
    """``number``: in its cell; ``html``: safe; ``looked_at``: part of what the item judges;
    ``wrong``: an error was raised here."""

    number: int
    html: str
    looked_at: bool = False
    wrong: bool = False


@dataclass(frozen=True)
class Statement:
    """One statement of a cell; ``main``: it defines what the item judges."""

    cell: int
    line: int
    main: bool
    lines: Sequence[Line]

    @property
    def head(self) -> str:
        """Its first line, for a summary."""
        return self.lines[0].html if self.lines else ""


def statements_for(item: str, code: Mapping[str, Any], messages: Sequence[str]) -> list[Statement]:
    """What ran for an item, what it judges first. ``code`` is as evidence keeps it; ``messages``
    may name lines on which an error was raised."""
    wrong = {(int(cell), int(line)) for text in messages for cell, line in _WHERE.findall(text)}
    looked_at = {place: range(*own) for place, *own in code.get("looked_at", {}).get(item, ())}
    found = []
    for place in code.get("of", {}).get(item, ()):
        cell, line, source = code["statements"][place]
        own = looked_at.get(place, range(0))
        lines = list(_lines(source, line, own, {n for where, n in wrong if where == cell}))
        found.append(Statement(cell, line, place in looked_at, lines))
    return sorted(found, key=lambda statement: not statement.main)


def _lines(source: str, first: int, own: range, wrong: Collection[int]) -> Iterator[Line]:
    for n, text in enumerate(coloured(source)):
        yield Line(first + n, text, n in own, first + n in wrong)


@lru_cache(64)  # items share statements, and pages are shown again
def coloured(source: str) -> Sequence[str]:
    """Each line as HTML; of very long lines the beginning, of very many the first.

    What colours looks from each line as far as blanks go, so that it takes lines x letters.
    """
    lines = clean(source).split("\n")
    more = [f"… ({len(lines) - MOST_LINES} more lines)"] if len(lines) > MOST_LINES else []
    source = "\n".join([*map(_cut, lines[:MOST_LINES]), *more])
    if len(source) > MOST_COLOURED:
        return [html.escape(line) for line in source.split("\n")]
    return highlight(source, _lexer(), _formatter()).rstrip("\n").split("\n")


def _cut(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    return f"{line[:LONGEST_LINE]} … ({len(line) - LONGEST_LINE} more letters)"


@cache
def _lexer() -> PythonLexer:
    return PythonLexer(stripnl=False, ensurenl=True)


@cache
def _formatter() -> "HtmlFormatter[str]":
    return HtmlFormatter(nowrap=True)


@cache
def reference_for(item: str) -> Sequence[str]:
    """The reference's own code for this item, coloured; empty where there is none."""
    target, method = judged().get(item, ("", ""))
    function = method or target
    source = (_reference() / ("ddpm.py" if method else "schedules.py")).read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            lines = source.split("\n")[node.lineno - 1 : node.end_lineno]
            indent = len(lines[0]) - len(lines[0].lstrip())
            return coloured("\n".join(line[indent:] for line in lines))
    return []


def _reference() -> Path:
    return PACKAGE.parent / "reference"
