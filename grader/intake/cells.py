"""Which statements of a notebook run, and why the others do not."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import TypeGuard

from nbformat import NotebookNode

from grader.intake.names import effects, imported_modules
from grader.intake.newer import OURS
from grader.intake.reach import PROVIDED, Item, banned, reached, unneeded, with_calls
from grader.intake.runs import Runs
from grader.intake.source import FAILURES, CellText, read_cell

TARGETS = ("beta_schedule", "ddpm_schedules", "ContextUnet", "DDPM")
MODEL = frozenset({"ddpm", "nn_model"})
"""What of it the notebook makes itself where its trained weights are to be loaded."""
OVERRIDES = {"n_epoch": "1", "n_T": "20", "n_feat": "8", "batch_size": "64", "device": "'cpu'"}
_WRITES_MODULE = re.compile(r"%%(?:writefile|file)\s+(?:-a\s+)?(?:\./)?(\w+)\.py")
MAX_STATEMENTS = 5_000
MAX_SOURCE = 2**20


@dataclass(frozen=True)
class Statement:
    """A statement that runs: its cell and line (1-based), its text, the names it binds.

    ``repeatable``: an import, a plain constant or a plain definition, which may run together with
    its neighbours of this kind, and once more, without a difference.
    """

    cell: int
    line: int
    source: str
    binds: tuple[str, ...]
    repeatable: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A statement that does not run, with the reason in plain words and its first line."""

    cell: int
    line: int
    reason: str
    what: str


@dataclass(frozen=True)
class Gone:
    """A name whose definition cannot be read, and why; ``ours``: by this Python, not by any."""

    why: str
    cell: int
    ours: bool


@dataclass(frozen=True)
class Plan:
    """What runs and what does not; ``defined`` are the targets among what runs.

    ``gone``: names that stand in code which cannot be read. ``withheld``: names that what runs
    reads, and that something which does not run sets or fills, with the reason why it does not; an
    attribute that it sets stands with a dot before it.
    """

    statements: tuple[Statement, ...]
    left_out: tuple[LeftOut, ...]
    defined: frozenset[str]
    imports: frozenset[str]
    problems: tuple[str, ...]
    gone: Mapping[str, Gone] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)


def plan_definitions(nb: NotebookNode) -> Plan:
    """Keep, in order, the four targets and everything they need; name a reason for the rest."""
    return _plan_for(nb, TARGETS, PROVIDED)


def plan_model(nb: NotebookNode) -> Plan:
    """As ``plan_definitions``, and the notebook makes its model itself, though it trains none."""
    return _plan_for(nb, (*TARGETS, *sorted(MODEL)), PROVIDED - MODEL)


def _plan_for(nb: NotebookNode, targets: tuple[str, ...], provided: frozenset[str]) -> Plan:
    texts, problems = _texts(nb)
    left: list[LeftOut] = []
    items: list[Item] = []
    clean: set[str] = set()  # what cells without an error define; asked of only if one has
    if any(text.saved for text in texts.values()):
        clean = {name for text in texts.values() if not text.saved for name in _top_names(text)}
    imports = _imports(texts)
    modules = [
        Statement(cell, 1, text.text, ())
        for cell, text in texts.items()
        if _module_written(text) in imports
    ]
    for cell, text in texts.items():
        if text.magic and _module_written(text) not in imports:
            left.append(_leave(cell, 1, "a cell magic, not Python", text.magic))
        elif text.problem and not text.pieces:
            left.append(_leave(cell, 1, "the cell cannot be read", text.text.strip()))
        for piece in text.pieces:
            try:
                does = effects(piece)
            except FAILURES as error:
                problems.append(f"cell {cell} line {piece.line}: {type(error).__name__}")
                left.append(_leave(cell, piece.line, "it cannot be read", piece.source))
                continue
            if text.saved and does.binds & clean:
                reason = "its cell has a syntax error and another cell defines the same"
                left.append(_leave(cell, piece.line, reason, piece.source))
            else:
                items.append(Item(piece, does))
    reasons = {i: reason for i, item in enumerate(items) if (reason := banned(item, provided))}
    items = with_calls(items, reasons)
    kept = reached(items, reasons, targets, provided)
    unmade = {i: reasons.get(i) or unneeded(items[i]) for i in set(range(len(items))) - kept}
    for i, item in enumerate(items):
        if i not in kept:
            reason = unmade[i]
            left.append(_leave(item.piece.cell, item.piece.line, reason, item.piece.source))
    statements = [
        Statement(p.cell, p.line, p.source, tuple(sorted(items[i].does.binds)), _repeatable(p.node))
        for i in sorted(kept)
        for p in [items[i].piece]
    ]
    in_order = sorted([*modules, *statements], key=lambda statement: statement.cell)
    withheld = _withheld([items[i] for i in sorted(kept)], [(items[i], unmade[i]) for i in unmade])
    return replace(_plan(tuple(in_order), left, texts, problems), withheld=withheld)


def _withheld(run: Sequence[Item], left: Sequence[tuple[Item, str]]) -> dict[str, str]:
    """See ``Plan``. Modules are none: calling something of theirs changes nothing that is read."""
    imports = ast.Import | ast.ImportFrom
    modules = {n for item in run if isinstance(item.piece.node, imports) for n in item.does.binds}
    bound = {name for item in run for name in item.does.binds}
    reads = {name for item in run for name in item.does.reads} - modules - PROVIDED
    found: dict[str, str] = {}
    for item, reason in left:
        names = (item.does.binds - bound | item.does.fills) & reads
        attributes = {f".{n.attr}" for n in item.piece.outer_nodes if _is_set(n)}
        found |= dict.fromkeys([*names, *attributes], reason)
    return found


def _is_set(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)


def _module_written(text: CellText) -> str:
    """The module that a cell writes as a file, for the notebook to import; empty if none."""
    written = _WRITES_MODULE.fullmatch(text.magic)
    return written[1] if written else ""


def _imports(texts: dict[int, CellText]) -> frozenset[str]:
    pieces = (piece for text in texts.values() for piece in text.pieces)
    return frozenset(name for piece in pieces for name in imported_modules(piece))


_PLAIN = ast.Constant | ast.Tuple | ast.UnaryOp | ast.unaryop | ast.expr_context
_NAMED = _PLAIN | ast.Name | ast.Attribute


def _repeatable(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(ast.Constant()):
            return True
        case ast.Assign(targets, value):
            return all(isinstance(t, ast.Name) for t in targets) and _made_of(_PLAIN, value)
        case ast.FunctionDef(name, args, decorator_list=[], returns=returns):
            plain = _made_of(_NAMED | ast.arguments | ast.arg, args, returns)
            return plain and not _named(name, args)
        case ast.ClassDef(name, bases, keywords=[], body=body, decorator_list=[]):
            plain = _made_of(_NAMED, *bases) and all(map(_repeatable, body))
            return plain and not _named(name, *bases)
    return False


def _made_of(kinds: UnionType, *nodes: ast.AST | None) -> bool:
    """Whether there is nothing else in these trees: no call above all."""
    return all(isinstance(part, kinds) for node in nodes if node for part in ast.walk(node))


def _named(name: str, *nodes: ast.AST) -> bool:
    """Whether these trees read it: what builds on what it replaces would do so twice."""
    return any(isinstance(p, ast.Name) and p.id == name for node in nodes for p in ast.walk(node))


def plan_everything(nb: NotebookNode) -> Plan:
    """Every code cell as one Statement, with the small hyper-parameters set after the student's."""
    texts, problems = _texts(nb)
    statements = []
    for cell, text in texts.items():
        names = tuple(sorted(_top_names(text)))
        raw = str(nb.cells[cell - 1].source)
        source = raw if text.problem or text.magic else _overridden(text)
        if source.strip():
            statements.append(Statement(cell, 1, source, names))
    return _plan(tuple(statements), [], texts, problems)


def _plan(
    statements: tuple[Statement, ...],
    left: list[LeftOut],
    texts: dict[int, CellText],
    problems: list[str],
) -> Plan:
    bound = {name for statement in statements for name in statement.binds}
    left.sort(key=lambda item: (item.cell, item.line))
    defined = frozenset(bound & {*TARGETS})
    gone = _gone(statements, texts)
    return Plan(statements, tuple(left), defined, _imports(texts), tuple(problems), gone)


def _gone(statements: Sequence[Statement], texts: dict[int, CellText]) -> dict[str, Gone]:
    """What a cell that cannot be read defines, if nothing that runs does; where another Python can
    read it, what stands below it counts alone."""
    found: dict[str, Gone] = {}
    for cell, text in texts.items():
        above = 0 if not text.newer else cell
        known = {name for s in statements if s.cell > above for name in s.binds}
        for name in set(text.lost) - known:
            found[name] = Gone(text.problem, cell, text.newer)
    return found


def _texts(nb: NotebookNode) -> tuple[dict[int, CellText], list[str]]:
    texts: dict[int, CellText] = {}
    problems: list[str] = []
    runs = Runs(nb)
    size = count = 0
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        size += len(cell.source)
        if size > MAX_SOURCE or count > MAX_STATEMENTS:
            problems.append(f"the notebook is too long: cell {number} and later are not read")
            break
        text = read_cell(number, cell.source)
        if text.saved and not text.newer and runs.only_elsewhere(number):
            problem = (
                f"cell {number} is written for Python {runs.python}, and here it is Python {OURS}"
            )
            text = replace(text, newer=True, problem=problem)
        texts[number] = text
        count += len(text.pieces)
        if text.problem:
            problems.append(text.problem)
    return texts, problems


def _top_names(text: CellText) -> set[str]:
    names: set[str] = set()
    for piece in text.pieces:
        try:
            names |= effects(piece).binds
        except FAILURES:
            continue
    return names


def _leave(cell: int, line: int, reason: str, source: str) -> LeftOut:
    first = source.strip().split("\n", 1)[0]
    return LeftOut(cell, line, reason, first if len(first) <= 60 else first[:57] + "...")


def _overridden(text: CellText) -> str:
    """The cell with an overriding assignment after each statement that sets such a name."""
    lines = [line.encode() for line in text.text.split("\n")]
    kinds = ast.Assign | ast.AnnAssign | ast.AugAssign
    compound = ast.For | ast.If | ast.With | ast.While | ast.Try
    for piece in reversed(text.pieces):
        node = piece.node
        if not isinstance(node, kinds | compound):
            continue
        names = sorted(effects(piece).binds & OVERRIDES.keys())
        new = "; ".join(f"{name} = {OVERRIDES[name]}" for name in names).encode()
        last, end = (node.end_lineno or 1) - 1, node.end_col_offset or 0
        if new and isinstance(node, compound):
            lines.insert(last + 1, new)
        elif new:  # on the same line, so that the student's line numbers stay
            lines[last] = lines[last][:end] + b"; " + new + lines[last][end:]
    return "\n" * text.offset + b"\n".join(lines).decode()
