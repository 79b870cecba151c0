"""Reading notebooks as they are found in the wild: decoded, mended where there is one way to do it,
and repaired in memory to valid nbformat 4.5."""

import codecs
import contextlib
import json
import mmap
import re
import tempfile
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.errors import GraderError, Rejected
from grader.intake.decoding import text_of
from grader.intake.mending import TOKENS, Unclear, first_side, mended
from grader.intake.paths import printable
from grader.intake.records import Notebook
from grader.intake.slimming import Slim, TooLarge, slim
from grader.messages.message import Message, Said, say

READ_AT_ONCE = 64 * 2**20
"""Bytes; of larger notebooks outputs are left out before they are parsed."""
CHUNK = 1 << 20
_MAX_DEPTH = 100
MOST_CELLS = 5_000
MOST_PARTS = 3_000_000  # texts, numbers, brackets, commas: some figures have many
_LONGEST_NUMBER = 300  # digits
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")
_OTHER_FORMS = (
    (re.compile(r"version https://git-lfs\.github\.com/spec/"), say("notebook.lfs")),
    (re.compile(r"bplist00"), say("notebook.placeholder")),
    (re.compile(r"<(!doctype|html|\?xml|head|meta|!--)", re.IGNORECASE), say("notebook.web_page")),
    (re.compile(r"%PDF-"), say("notebook.pdf")),
)


class _CannotRead(GraderError):
    """What it says is a part of a sentence."""


def read_notebook(path: Path) -> NotebookNode:
    """The notebook at ``path`` as valid nbformat 4.5; the file stays as it is.

    Missing cell ids and fields are filled in, the same way each time. Raises Rejected when the
    file cannot be read, FileNotFoundError when it is not there.
    """
    found = open_notebook(path)
    if found.content is None:
        raise Rejected(found.problem)
    return found.content


def open_notebook(path: Path) -> Notebook:
    """The same with what a person should know of it; whatever is wrong with it is said there.

    Raises FileNotFoundError when it is not there.
    """
    name = printable(path.name)
    try:
        return _Reading(name).notebook(path)
    except _CannotRead as reason:
        return Notebook(name, problem=cannot_read(name, reason.said))


def cannot_read(name: Said, reason: Said) -> Message:
    """Says so, and what would help."""
    return say("notebook.cannot_be_read", name=name, reason=reason)


class _Reading:
    """Reads one file; ``notes`` and the rest are what ``Notebook`` has."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.notes: list[Said] = []
        self.lost: Said = ""
        self.lost_outputs: Said = ""
        self.doubt: Said = ""

    def notebook(self, path: Path) -> Notebook:
        content = self.content(path)
        node: NotebookNode = nbformat.from_dict(_repaired(content))
        for cell in node.cells:
            with contextlib.suppress(Unclear):
                if (first := first_side(cell.source)) is not None:
                    cell.source = first
                    self.doubt_merge()
        notes = tuple(dict.fromkeys(self.notes))
        return Notebook(self.name, node, "", notes, self.lost, self.lost_outputs, self.doubt)

    def content(self, path: Path) -> dict[str, Any]:
        """The JSON with its list of cells, its outputs not nested too deeply."""
        size = path.stat().st_size
        data = path.read_bytes() if size <= READ_AT_ONCE else self.slimmed(path)
        try:
            return self.with_cells(self.parsed(data))
        except RecursionError:
            try:
                return self.with_cells(self.parsed(self.less_deep(data)))
            except (RecursionError, TooLarge):
                raise _CannotRead(say("read.too_deep")) from None

    def slimmed(self, path: Path) -> bytes:
        with _mapped(path) as data:
            try:
                return self.keep(slim(data))
            except TooLarge:
                said = say("notebook.too_large", megabytes=len(data) / 2**20)
                raise _CannotRead(said) from None

    def less_deep(self, data: bytes) -> bytes:
        return self.keep(slim(text_of(data, self.name)[0].encode("utf-8", "surrogatepass")))

    def keep(self, found: Slim) -> bytes:
        if found.pictures:
            counted = {"count": found.pictures, "name": self.name}
            self.lost_outputs = say("notebook.large_outputs", **counted)
        if found.others:
            counted = {"count": found.others, "name": self.name}
            self.notes.append(say("notebook.other_outputs", **counted))
        return found.data

    def parsed(self, data: bytes) -> Any:
        text, note = text_of(data, self.name)
        if not text.strip():
            raise _CannotRead(say("notebook.holds_nothing") if data else say("notebook.empty"))
        if has_too_many_parts(text):
            raise _CannotRead(say("notebook.too_many_parts"))
        try:
            found = json.loads(text)
        except json.JSONDecodeError:
            found = self.parsed_mended(text)
        except ValueError:  # a number of thousands of digits
            found = json.loads(text, parse_int=_number)
        if note:
            self.notes.append(note)
        return found

    def parsed_mended(self, text: str) -> Any:
        for form, what in _OTHER_FORMS:
            if form.match(text.lstrip()):
                raise _CannotRead(what)
        try:
            side = first_side(text)
            made = mended(text if side is None else side)
            found = json.loads(made.text, strict=False, parse_int=_number)
        except (Unclear, ValueError):
            raise _CannotRead(say("notebook.no_json")) from None
        if side is not None:
            self.doubt_merge()
        if made.lost:
            self.lost = say("notebook.end_missing", name=self.name)
        said = made.notes or ([] if side else [say("notebook.control_characters")])
        self.notes += [say("notebook.damaged", name=self.name, note=note) for note in said]
        return found

    def doubt_merge(self) -> None:
        self.doubt = say("notebook.merge", name=self.name)

    def with_cells(self, found: Any) -> dict[str, Any]:
        if not isinstance(found, dict):
            raise _CannotRead(say("notebook.no_cells"))
        if "doc_id" in found or found.keys() == {"url"}:
            raise _CannotRead(say("notebook.shortcut"))
        for key in ("content", "notebook"):  # as a server of notebooks hands it out
            inner = found.get(key)
            if "cells" not in found and isinstance(inner, dict) and "cells" in inner:
                found = inner
        if _too_deep(found):
            raise RecursionError
        if "cells" not in found and isinstance(found.get("worksheets"), list):
            found = _upgraded(found)
        cells = found.get("cells")
        if isinstance(cells, dict) and all(isinstance(cell, dict) for cell in cells.values()):
            self.notes.append(say("notebook.cells_no_list", name=self.name))
            cells = [*cells.values()]
        if not isinstance(cells, list):
            raise _CannotRead(say("notebook.no_cells"))
        if len(cells) > MOST_CELLS:
            raise _CannotRead(say("notebook.too_many_cells", most=MOST_CELLS))
        return {**found, "cells": cells}


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    """A large file in UTF-8, or another superset of ASCII, mapped into memory."""
    with contextlib.ExitStack() as stack:
        file: Any = stack.enter_context(path.open("rb"))
        encoding = json.detect_encoding(file.read(4))
        if encoding.startswith(("utf-16", "utf-32")):
            file.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)("replace")
            copy = stack.enter_context(tempfile.TemporaryFile(dir=path.parent))
            while data := file.read(CHUNK):
                copy.write(decoder.decode(data).encode("utf-8", "replace"))
            copy.flush()
            file = copy
        yield stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def has_too_many_parts(text: str) -> bool:
    """Whether JSON would fill memory: each of its parts takes far more there than in the text."""
    if sum(map(text.count, "[{,:")) <= MOST_PARTS:
        return False  # those in texts counted in
    return next(islice(TOKENS.finditer(text), MOST_PARTS, None), None) is not None


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else 0


def _too_deep(content: Any) -> bool:
    level = [content]
    for _ in range(_MAX_DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(v for v in value.values() if isinstance(v, dict | list))
            elif isinstance(value, list):
                inner.extend(v for v in value if isinstance(v, dict | list))
        if not inner:
            return False
        level = inner
    return True


def _upgraded(content: dict[str, Any]) -> dict[str, Any]:
    """Notebook format 2 or 3 (worksheets) as format 4."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = {"metadata": {}, "nbformat_minor": 0, **content}
            for sheet in content["worksheets"]:
                for cell in sheet["cells"]:
                    cell.setdefault("metadata", {})
                    if cell.get("cell_type") == "code":
                        defaults = {"outputs": [], "input": "", "language": "python"}
                        cell.update({**defaults, "collapsed": False, **cell})
                    for key in ("input", "source"):
                        if key in cell:
                            cell[key] = _text(cell[key])
            upgraded: dict[str, Any] = nbformat.convert(
                nbformat.from_dict(content),
                4,
            )
    except Exception as error:  # whatever an old and broken file makes the converter do
        raise _CannotRead(say("notebook.old_format")) from error
    return upgraded


def _repaired(content: dict[str, Any]) -> dict[str, Any]:
    metadata = dict(_mapping(content.get("metadata")))
    kernel = metadata.get("kernelspec")
    if not (_has_text(kernel, "name") and _has_text(kernel, "display_name")):
        metadata.pop("kernelspec", None)
    if not _has_text(metadata.get("language_info"), "name"):
        metadata.pop("language_info", None)
    for key in ("title", "authors", "orig_nbformat"):
        metadata.pop(key, None)
    seen: set[str] = set()
    cells = [
        _cell(cell, number, seen)
        for number, cell in enumerate(content["cells"], 1)
        if isinstance(cell, dict)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def _cell(cell: dict[str, Any], number: int, seen: set[str]) -> dict[str, Any]:
    kind = str(cell.get("cell_type")).lower()
    if kind not in ("code", "markdown", "raw"):
        kind = "code" if "outputs" in cell or "execution_count" in cell else "raw"
    metadata = dict(_mapping(cell.get("metadata")))
    for key in ("tags", "name", "collapsed", "scrolled", "deletable", "format", "jupyter"):
        metadata.pop(key, None)  # of no use here, and often of the wrong type
    metadata.pop("execution", None)
    identity = cell.get("id", metadata.get("id"))
    if not isinstance(identity, str) or not _CELL_ID.match(identity) or identity in seen:
        identity = f"cell-{number}"
        while identity in seen:
            identity += "-x"
    seen.add(identity)
    source = _text(cell.get("source", cell.get("input")))
    result: dict[str, Any] = {
        "cell_type": kind,
        "id": identity,
        "metadata": metadata,
        "source": source,
    }
    if kind == "markdown" and isinstance(cell.get("attachments"), dict):
        result["attachments"] = cell["attachments"]
    if kind == "code":
        count = cell.get("execution_count")
        valid = isinstance(count, int) and not isinstance(count, bool) and count >= 0
        result["execution_count"] = count if valid else None
        outputs = cell.get("outputs")
        found = (_output(out) for out in outputs) if isinstance(outputs, list) else ()
        result["outputs"] = [out for out in found if out is not None]
    return result


def _output(output: Any) -> dict[str, Any] | None:
    kind = _mapping(output).get("output_type")
    if kind == "stream":
        name = output.get("name")
        name = name if name in ("stdout", "stderr") else "stdout"
        return {"output_type": kind, "name": name, "text": _text(output.get("text"))}
    if kind in ("display_data", "execute_result"):
        data = {
            str(mime): value if "json" in str(mime) else _text(value)
            for mime, value in _mapping(output.get("data")).items()
        }
        metadata = _mapping(output.get("metadata"))
        result = {"output_type": kind, "data": data, "metadata": metadata}
        if kind == "execute_result":
            result["execution_count"] = None
        return result
    if kind == "error":
        lines = output.get("traceback")
        lines = [_text(line) for line in lines] if isinstance(lines, list) else []
        ename, evalue = _text(output.get("ename")), _text(output.get("evalue"))
        return {"output_type": kind, "ename": ename, "evalue": evalue, "traceback": lines}
    return None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _has_text(value: Any, key: str) -> bool:
    return isinstance(_mapping(value).get(key), str)


def _text(value: Any) -> str:
    """A source or text field, which may be a string or a list of strings."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    # lone surrogates are legal in JSON, and cannot be written anywhere afterwards
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
