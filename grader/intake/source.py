"""A cell's text, as top-level Python statements."""

import ast
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property

from IPython.core.inputtransformer2 import TransformerManager

from grader.intake.newer import OURS, newer_syntax, with_older_strings
from grader.messages.message import Said, say

MAX_CELL_BYTES = 512 * 2**10
MAX_FIELDS = 1_500  # of f-strings in one cell: before Python 3.12 each is sought from the start
_MAX_TRANSFORM = 2**20  # lines of magic x bytes: IPython starts over after each such line
_MAX_MAGIC = 500  # lines, after which IPython gives up
_RUNS = re.compile(
    r"%%(time|timeit|capture|prun|mprun|memit|snakeviz|scalene|wandb|notify|cython)\b"
)
_F_STRING = re.compile(r"\b(?:[fF][rR]?|[rR][fF])[\"']")
_ADDS = re.compile(r"%%add_to\s+(\w+)\s*$")
_WRITES = re.compile(r"%%(?:writefile|file)\s+(?:-a\s+|--append\s+)?(\S.*?)\s*$")
_MAGIC_LINE = re.compile(r"^[ \t]*[!%?]|\?[ \t]*$|=[ \t]*[!%]", re.MULTILINE)
_FIRST_WORD = ("def ", "class ", "@", "import ", "from ", "async def ")
_CONTINUES = re.compile(r"(else|elif|except|finally)\b|[)\]}#\s]")
_DEFINES = re.compile(
    r"^(?:(?:async )?def|class|type)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
FAILURES = (SyntaxError, ValueError, RecursionError, MemoryError, RuntimeError)


@dataclass(frozen=True)
class Piece:
    """One top-level statement: where it stands (1-based), its text and its tree."""

    cell: int
    line: int
    source: str
    node: ast.stmt

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the tree; kept, as walking it takes longer than all else."""
        return tuple(ast.walk(self.node))

    @cached_property
    def outer_nodes(self) -> tuple[ast.AST, ...]:
        """The nodes that run when the statement runs: not the bodies of functions."""
        found: list[ast.AST] = []
        stack: list[ast.AST] = [self.node]
        while stack:
            current = stack.pop()
            found.append(current)
            if isinstance(current, _FUNCTIONS):
                stack.extend(getattr(current, "decorator_list", []))
                stack.extend(current.args.defaults)
            else:
                stack.extend(ast.iter_child_nodes(current))
        return tuple(found)


@dataclass(frozen=True)
class CellText:
    """A cell after the magics: its pieces, and what was wrong with it.

    ``text`` is the transformed source, ``offset`` the lines before it; ``magic`` names a cell
    magic that makes the cell something other than Python. ``saved`` says that the pieces are the
    good part of a cell with a syntax error, ``newer`` that the error is none in another Python;
    ``lost`` are the names that the rest of such a cell defines. ``adds_to`` is the class that its
    functions become methods of.
    """

    pieces: tuple[Piece, ...]
    text: str = ""
    offset: int = 0
    magic: str = ""
    problem: Said = ""
    saved: bool = False
    newer: bool = False
    lost: tuple[str, ...] = ()
    adds_to: str = ""

    @property
    def writes(self) -> str:
        """The path of the file that the cell writes; empty if it writes none."""
        found = _WRITES.match(self.magic)
        return found[1].strip("\"'") if found else ""


_ONE_THREAD = threading.Lock()


@contextmanager
def alone_and_quiet() -> Iterator[None]:
    """No other thread reads a cell meanwhile, and no warning is shown.

    Python 3.11's parser counts its depth for all threads together and raises ``SystemError`` when
    two are at it; warnings' filters are shared by all threads, too.
    """
    with _ONE_THREAD, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parse(text: str) -> ast.Module:
    """``ast.parse`` without its warnings, from any thread."""
    with alone_and_quiet():
        return ast.parse(text)


def read_cell(number: int, source: str, ask_newer: bool = True) -> CellText:
    """Split cell ``number`` into statements; never raises for what a student can write.

    ``ask_newer``: whether a syntax error may be none in a newer Python, which takes a while to ask.
    """
    if len(source) > MAX_CELL_BYTES or _fields(source) > MAX_FIELDS:
        return CellText((), problem=say("code.cell_too_long", number=number))
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    offset = 0
    while offset < len(lines) and (not lines[offset].strip() or _RUNS.match(lines[offset])):
        offset += 1
    added = _ADDS.match(lines[offset]) if offset < len(lines) else None
    offset += added is not None
    adds_to = added[1] if added else ""
    text = "\n".join(lines[offset:])
    if text.startswith("%%"):
        return CellText((), text, offset, magic=text.split("\n", 1)[0].strip())
    try:
        text, tree = _python(text)
        pieces = split(number, text, offset, tree or parse(text))
    except SyntaxError as error:
        line = (error.lineno or 1) + offset
        return replace(_broken(number, text, offset, line, ask_newer), adds_to=adds_to)
    except FAILURES as error:
        problem = say("code.no_python", number=number, error=type(error).__name__)
        return CellText((), text, offset, problem=problem)
    return CellText(pieces, text, offset, adds_to=adds_to)


def _fields(source: str) -> int:
    """The most fields that an f-string in this text can have; 0 if it holds none."""
    return source.count("{") if _F_STRING.search(source) else 0


def _broken(number: int, text: str, offset: int, line: int, ask_newer: bool) -> CellText:
    """What can be had of a cell that is no Python, or none of this version."""
    problem = say("code.syntax_error", number=number, line=line)
    newer = newer_syntax(text) if ask_newer else ""
    if newer:
        older = with_older_strings(text)
        with suppress(*FAILURES):
            if older is not None:
                older, tree = _python(older)
                pieces = split(number, older, offset, tree or parse(older))
                return CellText(pieces, older, offset)
        problem = say("code.newer_python", number=number, python=newer, ours=OURS)
    pieces, lost = _rescued(number, text, offset, bool(newer))
    return CellText(
        pieces, text, offset, problem=problem, saved=True, newer=bool(newer), lost=tuple(lost)
    )


def _python(text: str) -> tuple[str, ast.Module | None]:
    """Plain Python and its tree; else ``text`` with IPython's own syntax turned into calls."""
    try:
        return text, parse(text)
    except SyntaxError:
        lines = len(_MAGIC_LINE.findall(text))
        if lines > _MAX_MAGIC or lines * len(text) > _MAX_TRANSFORM:
            raise ValueError("too many lines of magic") from None
        text = re.sub(r"^([ \t]*)%time[ \t]+(?=\S)", r"\1", text, flags=re.MULTILINE)
        with alone_and_quiet():
            manager = TransformerManager()
            return str(manager.transform_cell(text)), None


def split(cell: int, text: str, offset: int, tree: ast.Module) -> tuple[Piece, ...]:
    lines = [line.encode() for line in text.split("\n")]
    return tuple(_piece(cell, lines, offset, node) for node in tree.body)


def _piece(cell: int, lines: list[bytes], offset: int, node: ast.stmt) -> Piece:
    first, column = node.lineno - 1, node.col_offset
    decorators = getattr(node, "decorator_list", [])
    if decorators:
        first, column = decorators[0].lineno - 1, 0
        while first > 0 and not lines[first].lstrip().startswith(b"@"):
            first -= 1
    last, end = (node.end_lineno or node.lineno) - 1, node.end_col_offset
    part = lines[first : last + 1]
    part[-1] = part[-1][:end]
    part[0] = part[0][column:]
    return Piece(cell, first + 1 + offset, b"\n".join(part).decode(), node)


def _rescued(cell: int, text: str, offset: int, newer: bool) -> tuple[tuple[Piece, ...], list[str]]:
    """The statements of a broken cell that stand unharmed, as far as that is unambiguous, and what
    the others define. With ``newer`` syntax nothing is harmed."""
    blocks = _blocks(text)
    if ('"""' in text and text.count('"""') % 2) or ("'''" in text and text.count("'''") % 2):
        return (), [name for _, block in blocks for name in _defined_by(block)]
    pieces: list[Piece] = []
    lost: list[str] = []
    after_error = False
    for start, block in blocks:
        if after_error and not block.startswith(_FIRST_WORD):
            continue  # may be the inside of a bracket that was never closed
        try:
            tree = parse(block)
            pieces.extend(split(cell, block, offset + start, tree))
        except FAILURES:
            lost += _defined_by(block)
            if newer:
                continue
            after_error = True
            body = [line for line in block.split("\n")[1:] if line.strip()]
            header = block.startswith(("def ", "class ", "@", "for ", "if ", "while ", "with "))
            if body and body[0][:1].isspace() and not header and pieces:
                lost += _defined_by(pieces[-1].source)
                pieces.pop()  # a line out of place in the middle of the body before it
    return tuple(pieces), lost


def _defined_by(block: str) -> list[str]:
    """The names that a run of lines which cannot be read gives to something."""
    return [name for found in _DEFINES.finditer(block) for name in found.groups() if name]


def _blocks(text: str) -> list[tuple[int, str]]:
    """(first line, 0-based; text) of each run that begins at the left margin."""
    starts: list[int] = []
    lines = text.split("\n")
    decorated = False
    for number, line in enumerate(lines):
        if line and not _CONTINUES.match(line):
            if not decorated:
                starts.append(number)
            decorated = line.startswith("@")
    ends = [*starts[1:], len(lines)]
    return [(a, "\n".join(lines[a:b])) for a, b in zip(starts, ends, strict=False)]
