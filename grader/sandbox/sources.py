"""The text of the cells that a session sends: a student's in their place, the prelude, probes."""

import json
import marshal
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from grader.paths import PACKAGE
from grader.sandbox.limits import JSON

PROBES = PACKAGE / "probes"
PARTS = {
    "schedules": ("entries", "names", "schedules"),
    "surroundings": ("card", "accelerators", "gpu_calls", "folders", "absent", "surroundings"),
    "network": ("few", "network"),
    "prelude": ("seal", "guard", "prelude"),
    "diffusion": (
        *("entries", "names", "calls", "own_network", "stand_ins", "training", "told"),
        *("denoiser", "sampling", "conditions", "diffusion"),
    ),
}
"""Probes whose source is in several files."""

PRELUDE = "_grader_prelude"
QUESTION = "ddpm_grader.question"  # as in the prelude


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
def prelude_code() -> tuple[bytes, bytes]:
    """What surrounds the notebook's code, and the prelude, likewise."""
    return compiled("surroundings"), compiled("prelude")


def compiled(name: str) -> bytes:
    text = "\n".join((PROBES / f"{part}.py").read_text("utf-8") for part in PARTS[name])
    return marshal.dumps(compile(text, f"<{name}>", "exec"))


def prelude_file(known: Mapping[str, JSON]) -> bytes:
    """What the first cell reads: both modules, and what the prelude is to know."""
    return marshal.dumps((*prelude_code(), json.dumps(dict(known))))


def prelude_source(path: str) -> str:
    """The first cell of every kernel: runs the prelude, whose file lies at ``path``, as a module
    that nothing leads to; nothing is left in the user's namespace."""
    return (
        "(lambda load, file, module:"
        " (lambda surroundings, prelude, known:"
        " (exec(load(prelude), module),"
        " module['begin'](get_ipython(), load(surroundings), __import__('json').loads(known)))"
        ")(*load(file.read())) and file.close())"
        f"(__import__('marshal').loads, open({path!r}, 'rb'), {{'__name__': {PRELUDE!r}}})"
    )


def probe_cell(path: str) -> str:
    """The cell that asks the question that lies at ``path``. IPython reads a cell several times
    over, character by character, so that the question itself would take longer to read than many a
    probe to run."""
    return f"__import__('sys').audit({QUESTION!r}, {path!r})"
