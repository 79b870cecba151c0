"""Which statements of a notebook run, and why the others do not."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from nbformat import NotebookNode

from grader.assignment import TARGETS
from grader.intake.counts import superseded
from grader.intake.expand import Expander
from grader.intake.names import effects, imported_modules, written_by_magic
from grader.intake.newer import OURS
from grader.intake.plans import Gone, LeftOut, Plan, Statement
from grader.intake.prune import pruned
from grader.intake.reach import PROVIDED, Item, banned, reached, unneeded, with_calls
from grader.intake.repeatable import repeatable
from grader.intake.runs import Runs
from grader.intake.source import FAILURES, CellText, Piece, read_cell
from grader.intake.unread import unread_definitions
from grader.messages.message import Said, say

MODEL = frozenset({"ddpm", "nn_model"})
"""What of it the notebook makes itself where its trained weights are to be loaded."""
OVERRIDES = {"n_epoch": "1", "n_T": "20", "n_feat": "8", "batch_size": "64", "device": "'cpu'"}
MAX_STATEMENTS = 5_000
MOST_BROKEN = 40  # cells with a syntax error of which it is asked whether it is one
MAX_SOURCE = 2**20


def plan_definitions(nb: NotebookNode) -> Plan:
    """Keep, in order, the four targets and everything they need; name a reason for the rest."""
    return _plan_for(nb, TARGETS, PROVIDED)


def plan_model(nb: NotebookNode) -> Plan:
    """As ``plan_definitions``, and the notebook makes its model itself, though it trains none."""
    return _plan_for(nb, (*TARGETS, *sorted(MODEL)), PROVIDED - MODEL)


def _plan_for(nb: NotebookNode, targets: tuple[str, ...], provided: frozenset[str]) -> Plan:
    texts, problems = _texts(nb)
    left: list[tuple[Piece, Said]] = []
    items = _items(texts, left, problems)
    items = [_without_training(item, provided) for item in items]
    reasons = superseded(nb, items, targets)
    for i, item in enumerate(items):
        if i not in reasons and (reason := banned(item, provided)):
            reasons[i] = reason
    items = with_calls(items, reasons)
    kept = reached(items, reasons, targets, provided)
    unmade = {i: reasons.get(i) or unneeded(items[i]) for i in range(len(items)) if i not in kept}
    left += [(items[i].piece, reason) for i, reason in unmade.items()]
    statements = tuple(_statement(items[i]) for i in sorted(kept))
    bound = {name for statement in statements for name in statement.binds}
    replaced = _replaced([items[i].piece for i in sorted(kept)])
    unread = unread_definitions(nb, texts, left, bound, replaced)
    plan = _plan(statements, left, frozenset(_imports(i.piece for i in items)), problems, texts)
    withheld = _withheld(
        [items[i] for i in sorted(kept)], [(items[i], reason) for i, reason in unmade.items()]
    )
    return replace(plan, unread=unread, withheld=withheld)


def _withheld(run: Sequence[Item], left: Sequence[tuple[Item, Said]]) -> dict[str, Said]:
    """See ``Plan``. Modules are none: calling something of theirs changes nothing that is read."""
    imports = ast.Import | ast.ImportFrom
    modules = {n for item in run if isinstance(item.piece.node, imports) for n in item.does.binds}
    bound = {name for item in run for name in item.does.binds}
    reads = {name for item in run for name in item.does.reads} - modules - PROVIDED
    found: dict[str, Said] = {}
    for item, reason in left:
        names = (item.does.binds - bound | item.does.fills) & reads
        attributes = {f".{n.attr}" for n in item.piece.outer_nodes if _is_set(n)}
        found |= dict.fromkeys([*names, *attributes], reason)
    return found


def _is_set(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)


def _items(
    texts: dict[int, CellText], left: list[tuple[Piece, Said]], problems: list[Said]
) -> list[Item]:
    """All statements that can be read; what cannot goes to ``left``."""
    expander, items = Expander(), list[Item]()
    clean: set[str] = set()  # what cells without an error define; asked of only if one has
    if any(text.saved for text in texts.values()):
        clean = {name for text in texts.values() if not text.saved for name in _top_names(text)}
    for cell, text in texts.items():
        pieces = expander.pieces_of(cell, text)
        whole = Piece(cell, 1, text.text, ast.Pass())
        if text.writes:
            body = text.text.partition("\n")[2]
            items.append(Item(whole, written_by_magic(text.writes, body)))
        elif text.magic:
            left.append((whole, say("code.magic")))
        elif text.problem and not text.pieces:
            left.append((whole, say("code.cell_not_read")))
        for piece in pieces:
            try:
                does = effects(piece)
            except FAILURES as error:
                where = {"cell": cell, "line": piece.line}
                problems.append(say("code.not_understood", **where, error=type(error).__name__))
                left.append((piece, say("code.not_read")))
                continue
            if text.saved and does.binds & clean:
                left.append((piece, say("code.defined_again")))
            else:
                items.append(Item(piece, does))
    return items


def _without_training(item: Item, provided: frozenset[str]) -> Item:
    """The same without what may not run inside a block that defines something."""

    def unwanted(piece: Piece) -> bool:
        try:
            return bool(banned(Item(piece, effects(piece)), provided))
        except FAILURES:
            return True

    if not item.does.binds or not banned(item, provided):
        return item
    rest = pruned(item.piece, unwanted)
    return Item(rest, effects(rest)) if rest else item


def _statement(item: Item) -> Statement:
    piece, names = item.piece, sorted(filter(str.isidentifier, item.does.binds))
    again = not piece.source.startswith("%%") and repeatable(piece.node)
    return Statement(piece.cell, piece.line, piece.source, tuple(names), again)


def _replaced(pieces: Iterable[Piece]) -> dict[str, tuple[int, int]]:
    """Targets that several cells define: the number of one before the last, and the last's."""
    cells: dict[str, list[int]] = {name: [] for name in TARGETS}
    for piece in pieces:
        name = getattr(piece.node, "name", "")
        if name in cells and piece.cell not in cells[name][-1:]:
            cells[name].append(piece.cell)
    return {name: (found[-2], found[-1]) for name, found in cells.items() if len(found) > 1}


def _imports(pieces: Iterable[Piece]) -> set[str]:
    return {name for piece in pieces for name in imported_modules(piece)}


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
    pieces = (piece for text in texts.values() for piece in text.pieces)
    return _plan(tuple(statements), [], frozenset(_imports(pieces)), problems, texts)


def _plan(
    statements: tuple[Statement, ...],
    left: list[tuple[Piece, Said]],
    imports: frozenset[str],
    problems: list[Said],
    texts: Mapping[int, CellText],
) -> Plan:
    bound = {name for statement in statements for name in statement.binds}
    left_out = [_leave(piece, reason) for piece, reason in left]
    left_out.sort(key=lambda item: (item.cell, item.line))
    defined = frozenset(bound & {*TARGETS})
    gone = _gone(statements, texts)
    return Plan(statements, tuple(left_out), defined, imports, tuple(problems), gone=gone)


def _gone(statements: Sequence[Statement], texts: Mapping[int, CellText]) -> dict[str, Gone]:
    """What a cell that cannot be read defines, if nothing that runs does; where another Python can
    read it, what stands below it counts alone."""
    found: dict[str, Gone] = {}
    for cell, text in texts.items():
        above = 0 if not text.newer else cell
        known = {name for s in statements if s.cell > above for name in s.binds}
        for name in set(text.lost) - known:
            found[name] = Gone(text.problem, cell, text.newer)
    return found


def _texts(nb: NotebookNode) -> tuple[dict[int, CellText], list[Said]]:
    texts: dict[int, CellText] = {}
    problems: list[Said] = []
    runs = Runs(nb)
    size = count = broken = 0
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        size += len(cell.source)
        if size > MAX_SOURCE or count > MAX_STATEMENTS:
            problems.append(say("code.notebook_too_long", number=number))
            break
        text = read_cell(number, cell.source, ask_newer=broken < MOST_BROKEN)
        broken += text.saved
        if text.saved and not text.newer and runs.only_elsewhere(number):
            versions = {"python": runs.python, "ours": OURS}
            problem = say("code.other_python", number=number, **versions)
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


def _leave(piece: Piece, reason: Said) -> LeftOut:
    first = piece.source.strip().split("\n", 1)[0]
    return LeftOut(
        piece.cell, piece.line, reason, first if len(first) <= 60 else first[:57] + "..."
    )


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
