"""The templates of the pages, and how a page is written."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import jinja2

from grader.report.titles import check_title, full_title, item_title, item_titles, short_title
from grader.sandbox.text import clean


def templates_of(room: str) -> jinja2.Environment:
    """Everything that is put into a page is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(room),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = number
    return environment


@cache
def templates() -> jinja2.Environment:
    """Those of the pages for students and of the class."""
    environment = templates_of("grader.report")
    environment.filters |= {
        "details": details,
        "item_title": item_title,
        "item_titles": item_titles,
        "short_title": short_title,
        "check_title": check_title,
        "full_title": full_title,
    }
    return environment


def number(value: float | None) -> str:
    """Points with as many digits as they need."""
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def details(value: Mapping[str, Any]) -> str:
    """A check's numbers as text, short lists on one line; nothing in it turns text round."""
    lines = []
    for name, entry in value.items():
        text = entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
        lines.append(f"{name}: {text if len(text) < 4000 else text[:4000] + ' …'}")
    return clean("\n".join(lines))


def write(path: Path, content: str | bytes) -> None:
    """All of it or nothing: whoever reads meanwhile sees the old file or the new one."""
    # a half of a character, which no UTF-8 can hold, becomes \\ud800: legal JSON, and readable
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Takes the path's place once the block has written all of it."""
    number, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
