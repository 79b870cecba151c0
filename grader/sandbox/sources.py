"""The text of the cells that a session sends: a student's in their place, the prelude, probes."""

from pathlib import Path

from grader.paths import PACKAGE
from grader.sandbox.client import ANSWER

PROBES = PACKAGE / "probes"
PRELUDE = "_grader_prelude"


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


def probe_path(name: str) -> Path:
    """The file of a probe; raises ``ValueError`` for names that are not one."""
    path = PROBES / f"{name}.py"
    if not name.isidentifier() or not path.is_file():
        raise ValueError(f"there is no probe {name!r}")
    return path


def prelude_source(seed: int, output_bytes: int) -> str:
    """The first cell of every kernel: the prelude as a private module, nothing left in the user's
    namespace."""
    text = (PROBES / "prelude.py").read_text("utf-8")
    return (
        f"(lambda module: (__import__('sys').modules.__setitem__({PRELUDE!r}, module),"
        f" exec(compile({text!r}, '<prelude>', 'exec'), module.__dict__),"
        f" module.begin(get_ipython(), {seed}, {output_bytes}, {ANSWER!r})) and None)"
        f"(__import__('types').ModuleType({PRELUDE!r}))"
    )
