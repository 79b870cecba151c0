"""The text of the cells that a session sends: a student's in their place, the prelude, probes."""

import marshal
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from grader.paths import PACKAGE
from grader.sandbox.client import ANSWER

PROBES = PACKAGE / "probes"
PARTS = {
    "schedules": ("entries", "names", "schedules"),
    "diffusion": (
        *("entries", "names", "calls", "own_network", "stand_ins", "training", "denoiser"),
        *("sampling", "conditions", "diffusion"),
    ),
    "prelude": ("card", "accelerators", "gpu_calls", "folders", "absent", "prelude"),
}
"""Probes whose source is in several files."""

PRELUDE = "_grader_prelude"


class Placed(Protocol):
    """A statement and its line in the student's cell."""

    @property
    def line(self) -> int: ...
    @property
    def source(self) -> str: ...


def placed(source: str, line: int) -> str:
    """``source`` with comment lines before it, so that tracebacks count as the student's cell does.

    IPython drops empty lines at the start of a cell, removes the first line's indentation from all
    lines, and wants a cell magic to come first.
    """
    code = source.lstrip("\n")
    text = code.lstrip(" \t")
    if text.startswith("%%"):
        return source
    indent = code[: len(code) - len(text)]
    return f"{indent}#\n" * (line - 1 + len(source) - len(code)) + code


def placed_together(statements: Sequence[Placed]) -> str | None:
    """Statements of one cell, each in its line; None if two of them share one."""
    text = placed(statements[0].source, statements[0].line)
    for statement in statements[1:]:
        missing = statement.line - 1 - (text.count("\n") + 1)
        if missing < 0:
            return None
        text += "\n" * (missing + 1) + statement.source
    return text


@cache
def probe_code(name: str, folder: Path = PROBES) -> bytes:
    """A probe as compiled here, as kernels run the same Python; its parts are one source.

    Raises ``ValueError`` for names that are not a probe's.
    """
    files = [folder / f"{part}.py" for part in PARTS.get(name, (name,))]
    if not name.isidentifier() or not all(file.is_file() for file in files):
        raise ValueError(f"there is no probe {name!r}")
    text = "\n".join(file.read_text("utf-8") for file in files)
    return marshal.dumps(compile(text, f"<probe {name}>", "exec"))


@cache
def prelude_code() -> bytes:
    """The prelude, likewise."""
    text = "\n".join((PROBES / f"{part}.py").read_text("utf-8") for part in PARTS["prelude"])
    return marshal.dumps(compile(text, "<prelude>", "exec"))


def prelude_source(path: str, seed: int, output_bytes: int) -> str:
    """The first cell of every kernel: the prelude, which lies at ``path``, as a private module;
    nothing is left in the user's namespace."""
    code = f"__import__('marshal').loads(open({path!r}, 'rb').read())"
    return (
        f"(lambda module: (__import__('sys').modules.__setitem__({PRELUDE!r}, module),"
        f" exec({code}, module.__dict__),"
        f" module.begin(get_ipython(), {seed}, {output_bytes}, {ANSWER!r})) and None)"
        f"(__import__('types').ModuleType({PRELUDE!r}))"
    )


def probe_cell(path: str) -> str:
    """The cell that runs the probe whose request lies at ``path``. IPython reads a cell several
    times over, character by character, so that the request itself would take longer to read than
    many a probe to run."""
    return f"__import__('sys').modules[{PRELUDE!r}].answer({path!r})"
