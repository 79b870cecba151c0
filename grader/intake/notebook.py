"""Reading notebooks as they are found in the wild, repaired in memory to valid nbformat 4.5."""

import json
import re
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.errors import Rejected

MAX_BYTES = 64 * 2**20
_MAX_DEPTH = 100
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")


def read_notebook(path: Path) -> NotebookNode:
    """The notebook at ``path`` as valid nbformat 4.5; the file stays as it is.

    Missing cell ids and fields are filled in, the same way each time. Raises Rejected when the
    file is too large or damaged, FileNotFoundError when it is not there.
    """
    name = path.name
    if path.stat().st_size > MAX_BYTES:
        raise Rejected(f"The notebook {name} is larger than {MAX_BYTES // 2**20} MB.")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Rejected(f"The notebook {name} is not text in UTF-8.") from error
    except RecursionError as error:
        raise Rejected(f"The notebook {name} is nested too deeply.") from error
    except ValueError as error:
        raise Rejected(f"The notebook {name} is damaged: it is not valid JSON.") from error
    if _too_deep(content):
        raise Rejected(f"The notebook {name} is nested too deeply.")
    if not isinstance(content, dict):
        raise Rejected(f"The notebook {name} is damaged: it holds no cells.")
    if "cells" not in content and isinstance(content.get("worksheets"), list):
        content = _upgraded(content, name)
    if not isinstance(content.get("cells"), list):
        raise Rejected(f"The notebook {name} is damaged: it holds no cells.")
    node: NotebookNode = nbformat.from_dict(_repaired(content))
    return node


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


def _upgraded(content: dict[str, Any], name: str) -> dict[str, Any]:
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
        raise Rejected(f"The notebook {name} is of an old format and damaged.") from error
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
    kind = cell.get("cell_type")
    if kind not in ("code", "markdown", "raw"):
        kind = "raw"
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
